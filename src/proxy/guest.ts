import { MessageChannel, Worker, type MessagePort, type ResourceLimits } from 'node:worker_threads'
import type { FailureName } from '../http/failures.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { Member } from './member.ts'
import type { ToWorker, WorkerSettings } from './messages.ts'
import { SnapshotBytes } from './snapshot-bytes.ts'

/** What a service begins a thread with. */
export interface GuestOptions {
  /** What it runs; it is given WorkerSettings and `data` together as its workerData. */
  readonly entry: URL
  /** For tools that show threads. */
  readonly name: string
  readonly data: object
  readonly resourceLimits: ResourceLimits
  /** How many like it share what a cluster allows, as workers do, and which of them it is. */
  readonly peers: number
  readonly index: number
}

/** How workers come to it: WorkerGroup's. */
export interface Ways {
  addThread(thread: number, connect: (worker: number) => MessagePort): void
  loseThread(thread: number, failure: FailureName, detail: string): void
}

/**
 * A thread of a service that is part of the data plane: it has clusters, counters and metrics as a worker has, and no
 * ports. Requests come to it from the workers, once it is open.
 */
export class Guest {
  readonly id: number
  readonly worker: Worker
  /** The exit code, when it has ended in whatever way. */
  readonly ended: Promise<number>
  private readonly member: Member
  private readonly ways: Ways
  private isOpen = false

  constructor(settings: WorkerSettings, ports: readonly MessagePort[], options: GuestOptions, ways: Ways) {
    const { entry, name, data, resourceLimits } = options
    const workerData = { ...settings, ...data }
    this.id = settings.id
    this.ways = ways
    // What it prints is no access log.
    const own = { stdout: true, stderr: true }
    this.worker = new Worker(entry, {
      workerData,
      transferList: [...ports],
      name,
      resourceLimits,
      ...own,
    })
    this.member = new Member(settings, this.worker)
    // Not by `once`, which rejects at an error that comes before.
    this.ended = new Promise(resolve => this.worker.once('exit', resolve))
  }

  tell(message: ToWorker): void {
    this.member.tell(message)
  }

  /** Resolves when it has this snapshot, which has no ports. */
  async apply(snapshot: Snapshot): Promise<void> {
    await this.member.apply(new SnapshotBytes(snapshot))
  }

  /** Workers can send to it from here on. */
  open(): void {
    if (this.isOpen) return
    this.isOpen = true
    this.ways.addThread(this.id, () => {
      const { port1, port2 } = new MessageChannel()
      this.worker.postMessage({ type: 'crossing', port: port2 }, [port2])
      return port1
    })
  }

  /** What is under way in it fails by this name, and nothing more comes. `detail` is for the log. */
  lose(failure: FailureName, detail: string): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.ways.loseThread(this.id, failure, detail)
  }

  /** Lets what is under way finish for at most `graceMs`, and ends it. */
  async drain(graceMs: number): Promise<void> {
    this.tell({ type: 'drain', graceMs, gently: true })
    const late = setTimeout(() => void this.worker.terminate(), graceMs + LAST_MS)
    await this.ended
    clearTimeout(late)
  }

  /** At once, whatever it does. */
  async end(): Promise<void> {
    await this.worker.terminate()
  }
}

/** Beyond its time of grace; whoever does not end by itself is ended. */
const LAST_MS = 1_000
