import { once } from 'node:events'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { WorkerGroup } from '../../src/proxy/workers.ts'
import type { Cluster, Endpoint } from '../../src/snapshot/cluster.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { threadAddress } from '../../src/upstream/crossing/address.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsReader } from '../../src/telemetry/metrics-reader.ts'
import type { ThreadSays, ThreadState, ToTestThread } from './crossing-thread.ts'
import { snapshotOf } from './gateway.ts'
import { freePort } from './process.ts'
import { Seen } from './until.ts'
import { between } from './wires.ts'
import { workerEntry } from './worker-entry.ts'

/** A thread that answers requests, as crossing-thread.ts says. */
export class BundleThread {
  readonly id: number
  readonly said = new Seen<ThreadSays>()
  private readonly states = new Seen<ThreadState>()
  readonly worker: Worker
  readonly exited: Promise<unknown>

  /** `entry` is a file beside this one. */
  constructor(id: number, entry = './crossing-thread.ts', workerData?: unknown) {
    this.id = id
    this.worker = new Worker(new URL(entry, import.meta.url), { workerData })
    this.exited = once(this.worker, 'exit')
    this.worker.on('message', (message: ThreadSays) => {
      if (message.type === 'state') this.states.push(message)
      else this.said.push(message)
    })
  }

  /** The side of a channel that a worker gets. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    this.tell({ type: 'port', port: port2 }, [port2])
    return port1
  }

  async told(what: string): Promise<void> {
    await this.said.first(said => said.type === 'told' && said.what === what)
  }

  async state(): Promise<ThreadState> {
    const before = this.states.all.length
    this.tell({ type: 'state' })
    return (await this.states.count(before + 1))[before]!
  }

  async drain(): Promise<void> {
    this.tell({ type: 'drain' })
    await this.said.first(({ type }) => type === 'drained')
  }

  tell(message: ToTestThread, transfer: MessagePort[] = []): void {
    this.worker.postMessage(message, transfer)
  }
}

export interface CrossingOptions {
  readonly workers?: number
  readonly threads?: number
  /** Of what `between` makes. */
  readonly between?: Parameters<typeof between>[2]
  readonly cluster?: Partial<Cluster>
  /** What threads run, and are given: crossing-thread.ts where it is left out. */
  readonly entry?: string
  readonly workerData?: unknown
}

/** Data-plane workers whose one route leads into threads that answer. */
export class Crossed implements AsyncDisposable {
  readonly workers: WorkerGroup
  readonly threads: BundleThread[] = []
  readonly port: number
  private readonly options: CrossingOptions
  private version = 0

  private constructor(port: number, options: CrossingOptions) {
    this.port = port
    this.options = options
    this.workers = new WorkerGroup({
      entry: workerEntry,
      workers: options.workers ?? 1,
      logLevel: 'error',
      accessLog: 'off',
      log: new Logger({ write: () => {} }),
      metrics: new MetricsReader(),
    })
  }

  static async start(options: CrossingOptions = {}): Promise<Crossed> {
    const crossed = new Crossed(await freePort(), options)
    for (let i = 0; i < (options.threads ?? 1); i++) crossed.add()
    await crossed.apply()
    return crossed
  }

  get thread(): BundleThread {
    return this.threads[0]!
  }

  add(): BundleThread {
    const thread = new BundleThread(this.threads.length + 1, this.options.entry, this.options.workerData)
    this.threads.push(thread)
    this.workers.addThread(thread.id, () => thread.connect())
    return thread
  }

  /** Requests go to these threads from now on. */
  async apply(threads: readonly BundleThread[] = this.threads): Promise<void> {
    const made = snapshotOf(between('h1', 1, this.options.between), ++this.version)
    const endpoints = threads.map(({ id }): Endpoint => ({ address: threadAddress(id), port: 1, weight: 1 }))
    const snapshot: Snapshot = {
      ...made,
      clusters: made.clusters.map(cluster => ({ ...cluster, protocol: 'bundle', ...this.options.cluster })),
      endpoints: Object.fromEntries(made.clusters.map(({ name }) => [name, endpoints])),
      ports: made.ports
        .filter(({ protocol }) => protocol === 'http')
        .map(port => ({ ...port, address: '127.0.0.1', port: this.port })),
    }
    const results = await this.workers.apply(snapshot)
    for (const result of results) if ('error' in result) throw new Error(result.error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workers.drain(100)
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()))
  }
}
