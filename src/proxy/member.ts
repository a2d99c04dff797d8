import { MessagePort, type Worker } from 'node:worker_threads'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { ClusterHealth } from '../upstream/health.ts'
import type { PortResult } from './engine.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts'
import { SnapshotBytes } from './snapshot-bytes.ts'

/** One thread, or an engine in it: what it was told, and the snapshots that it has yet to answer. */
export class Member<W extends Worker | MessagePort = Worker> {
  readonly settings: WorkerSettings
  readonly worker: W
  readonly startedMs = performance.now()
  /** What became of the ports of the snapshot that it began with. */
  serving: Promise<readonly PortResult[]> = Promise.resolve([])
  /** What it was told last, endpoints included; null where it is to have everything. */
  private told: Snapshot | null = null
  private readonly ended: Promise<void>
  private readonly asked = new Map<number, (clusters: readonly ClusterHealth[] | null) => void>()
  private lastNumber = 0
  private readonly waiting = new Map<number, (ports: readonly PortResult[]) => void>()
  /** Of the last snapshot that it was sent whole. */
  private wholeVersion = 0

  constructor(settings: WorkerSettings, worker: W) {
    this.settings = settings
    this.worker = worker
    const by: Worker | MessagePort = worker
    by.on('message', (message: FromWorker) => {
      if (message.type === 'applied') this.answer(message.version, message.ports)
      if (message.type === 'lost') this.tellAll(message.version)
      if (message.type === 'health') this.asked.get(message.number)?.(message.clusters)
    })
    // A worker that died has nothing to say; its successor gets the snapshot that is current then.
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    by.once(by instanceof MessagePort ? 'close' : 'exit', () => {
      resolve()
      this.answer(Infinity, [])
      for (const answer of this.asked.values()) answer(null)
    })
  }

  tell(message: ToWorker): void {
    this.worker.postMessage(message, handedOver(message))
  }

  apply(bytes: SnapshotBytes): Promise<readonly PortResult[]> {
    const { promise, resolve } = Promise.withResolvers<readonly PortResult[]>()
    this.waiting.set(bytes.snapshot.version, resolve)
    this.send(bytes)
    return promise
  }

  /** `now` is the snapshot with these. */
  setEndpoints(lists: Snapshot['endpoints'], now: Snapshot): void {
    if (this.told !== null) this.told = now
    this.tell({ type: 'endpoints', lists })
  }

  /** How endpoints are; null where it has not answered until then. */
  async health(
    clusters: readonly string[] | null,
    withinMs: number,
  ): Promise<readonly ClusterHealth[] | null> {
    const number = ++this.lastNumber
    const { promise, resolve } = Promise.withResolvers<readonly ClusterHealth[] | null>()
    this.asked.set(number, resolve)
    const late = setTimeout(() => resolve(null), withinMs)
    this.tell({ type: 'health', number, clusters })
    try {
      return await promise
    } finally {
      clearTimeout(late)
      this.asked.delete(number)
    }
  }

  /** `gently`: who may be about to ask again is not closed on. */
  async drain(graceMs: number, gently: boolean): Promise<void> {
    this.tell({ type: 'drain', graceMs, gently })
    await this.ended
  }

  private send(bytes: SnapshotBytes): void {
    const message = bytes.from(this.told)
    if (message.type === 'snapshot') this.wholeVersion = message.version
    this.told = bytes.snapshot
    this.tell(message)
  }

  /** It could not make this version of the one before: it gets all of the last one, once for whatever was under way. */
  private tellAll(version: number): void {
    const { told } = this
    if (told === null || this.wholeVersion >= version) return
    this.told = null
    this.send(new SnapshotBytes(told))
  }

  /** With a version come those before it: who could not make them has been sent this one in their place. */
  private answer(version: number, ports: readonly PortResult[]): void {
    for (const [one, resolve] of this.waiting)
      if (one <= version) {
        this.waiting.delete(one)
        resolve(ports)
      }
  }
}

function handedOver(message: ToWorker): readonly MessagePort[] {
  if (message.type === 'bundle-port') return [message.port]
  if (message.type === 'lodger') return [message.port, message.shared.tables.port, message.shared.cache.port]
  return []
}
