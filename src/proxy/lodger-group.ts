import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { SharedHandle } from '../shared/node-state.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Member } from './member.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts'
import { SnapshotBytes } from './snapshot-bytes.ts'

/** A worker that it lodges with, and its number there for counters and metrics. */
export interface Host {
  readonly worker: number
  readonly owner: number
  readonly settings: WorkerSettings
  readonly shared: SharedHandle
  readonly tell: (message: ToWorker) => void
}

export interface LodgerKit {
  /** What it says that is of the data plane. */
  readonly hear: (owner: number, message: FromWorker) => void
  /** It has left a worker. */
  readonly left: (owner: number) => void
  /** It cannot serve in a worker that began later than it. */
  readonly failed: (worker: number, fault: string) => void
  /** It has been drained everywhere. */
  readonly over: () => void
}

/**
 * Something of a service that answers requests in every worker, those that begin later too: for what needs no thread of its
 * own, since it runs nobody's code. Otherwise a Guest. To workers it is the thread `id`.
 */
export class LodgerGroup {
  readonly id: number
  private readonly data: object
  private readonly kit: LodgerKit
  private readonly members = new Map<number, Member<MessagePort>>()
  private readonly lodged = new Map<number, PromiseWithResolvers<void>>()
  private snapshot: Snapshot | null = null
  private isLeaving = false

  constructor(id: number, data: object, kit: LodgerKit) {
    this.id = id
    this.data = data
    this.kit = kit
  }

  /** Whether workers that begin are to have it. */
  get isOpen(): boolean {
    return !this.isLeaving
  }

  /** From here on this worker has it, too. Resolves when it serves there, or cannot. */
  async add({ worker, owner, settings, shared, tell }: Host): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const member = new Member({ ...settings, shared }, port1)
    const lodged = Promise.withResolvers<void>()
    lodged.promise.catch((error: unknown) => this.kit.failed(worker, String(error)))
    port1.on('message', (message: FromWorker) => {
      if (message.type === 'lodged') settle(lodged, message.fault)
      else this.kit.hear(owner, message)
    })
    port1.once('close', () => {
      this.members.delete(worker)
      this.lodged.delete(worker)
      settle(lodged, 'the worker has ended')
      this.kit.left(owner)
    })
    port1.unref()
    this.members.set(worker, member)
    this.lodged.set(worker, lodged)
    tell({ type: 'lodger', thread: this.id, shared, data: this.data, port: port2 })
    if (this.snapshot !== null) void member.apply(new SnapshotBytes(this.snapshot))
    await lodged.promise.catch(() => undefined)
  }

  /** Resolves when it serves in all workers that there are; rejects where it cannot in one of them. */
  async begun(): Promise<void> {
    await Promise.all([...this.lodged.values()].map(({ promise }) => promise))
  }

  tell(message: ToWorker): void {
    for (const member of this.members.values()) member.tell(message)
  }

  /** Resolves when all have this snapshot, which has no ports. */
  async apply(snapshot: Snapshot): Promise<void> {
    this.snapshot = snapshot
    const bytes = new SnapshotBytes(snapshot)
    await Promise.all([...this.members.values()].map(member => member.apply(bytes)))
  }

  /** Lets what is under way finish for at most `graceMs`, and ends it. */
  async drain(graceMs: number): Promise<void> {
    this.isLeaving = true
    const ended = Promise.all([...this.members.values()].map(member => member.drain(graceMs, true)))
    await ended
    this.kit.over()
  }
}

function settle({ resolve, reject }: PromiseWithResolvers<void>, fault: string | null): void {
  if (fault === null) resolve()
  else reject(new Error(fault))
}
