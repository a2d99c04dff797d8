import { hostname } from 'node:os'
import { Worker, type MessagePort } from 'node:worker_threads'
import type { FailureName } from '../http/failures.ts'
import type { CacheKeeper } from '../shared/cache/keeper.ts'
import { NodeState } from '../shared/node-state.ts'
import type { Counters, Whose } from '../shared/counters.ts'
import type { Lookup } from '../shared/table.ts'
import type { SharedTables } from '../shared/tables.ts'
import type { Port, Snapshot } from '../snapshot/snapshot.ts'
import type { Logger, LogLevel } from '../telemetry/log.ts'
import type { MetricsReader } from '../telemetry/metrics-reader.ts'
import type { OwnZone } from '../upstream/choice/place.ts'
import type { ClusterHealth } from '../upstream/health.ts'
import type { TracingSettings } from '../telemetry/spans/tracing.ts'
import type { RecentMemories } from '../telemetry/recent/recent-memories.ts'
import type { PortResult } from './engine.ts'
import { Guest, type GuestOptions } from './guest.ts'
import { LodgerGroup } from './lodger-group.ts'
import { Member } from './member.ts'
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts'
import type { OwnListener } from '../upstream/own-listeners.ts'
import { VerdictBook, type Verdicts } from '../upstream/verdicts.ts'
import { SnapshotBytes } from './snapshot-bytes.ts'
import { whyTaken } from './why-taken.ts'
import { firstTicketKeys, ROTATE_MS, rotated } from './tls/ticket-keys.ts'

export interface WorkerGroupOptions {
  /** What a thread runs (cli/worker.ts). */
  readonly entry: URL
  readonly workers: number
  /** Absent: it is not said where this process runs. */
  readonly zone?: OwnZone | null
  /** Of answers that are kept, of all of them together. */
  readonly cacheBytes?: number
  readonly logLevel: LogLevel
  readonly accessLog: string
  readonly log: Logger
  readonly metrics: MetricsReader
  /** Of recent requests; null where none are kept. Made for as many workers. */
  readonly recent?: RecentMemories | null
  /** Of spans, which threads tell on the channel SPANS; absent where nobody wants any. */
  readonly tracing?: TracingSettings | null
  /** What filters of a worker have to say to services. */
  readonly onTold?: (channel: string, message: unknown, worker: number) => void
  /** A worker died and is replaced. */
  readonly onRestart?: () => void
}

/**
 * Three times what is allocated before V8 looks for garbage; it begins with less, and lets it grow where much survives.
 * A plain request costs the same with half of it. A page of three parts costs 5 % less, and a call by `r.transcode` 4:
 * what they hold while they wait is copied by each collection.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 48 } as const

/** A worker that dies this soon after its start waits before it is replaced, longer each time. */
const EARLY_MS = 5_000
const MAX_BACKOFF_MS = 10_000

/** What is under way in a worker that is replaced gets this long. */
const REPLACE_GRACE_MS = 30_000

/**
 * The data-plane threads. Each has every port (SO_REUSEPORT lets the kernel share
 * connections among them) and gets every snapshot. One that dies is replaced and
 * takes only its own requests with it; one that is replaced on purpose takes none.
 */
export class WorkerGroup {
  private readonly options: WorkerGroupOptions
  private readonly state: NodeState
  private ticketKeys = firstTicketKeys()
  private readonly rotation: NodeJS.Timeout
  private ownListeners: readonly OwnListener[] = []
  private readonly verdicts = new VerdictBook()
  /** How a worker comes to each thread that answers requests. */
  private readonly threads = new Map<number, (worker: number) => MessagePort>()
  private readonly members = new Map<number, Member>()
  /** Threads of services. */
  private readonly guests = new Map<number, Guest>()
  /** What of services is in every worker. */
  private readonly lodgers = new Map<number, LodgerGroup>()
  /** Replaced, and still with requests. */
  private readonly leaving = new Set<Member>()
  private lastId: number
  /** Ports that this process has: only the first time must nobody else have them. */
  private readonly owned = new Set<string>()
  private snapshot: Snapshot = { version: 0, ports: [], clusters: [], endpoints: {} }
  private stopping = false
  private restarts = 0
  private readonly restartTimers = new Set<NodeJS.Timeout>()

  constructor(options: WorkerGroupOptions) {
    this.options = options
    this.state = new NodeState(options.cacheBytes)
    this.rotation = setInterval(() => this.rotateTicketKeys(), ROTATE_MS).unref()
    this.lastId = options.workers
    for (let id = 1; id <= options.workers; id++) this.start(id, id - 1)
  }

  /** Tables by name that all workers read. To be changed before a snapshot is applied that names them. */
  get tables(): SharedTables {
    return this.state.tables
  }

  /** The rows of one of them, as workers read them. */
  table<T>(name: string): Lookup<T> {
    return this.state.table<T>(name)
  }

  /** Answers that are kept for all workers. */
  get cache(): CacheKeeper {
    return this.state.cache
  }

  /** The numbers of one purpose, as the kits of workers have them; times are those of `sharedUs`. */
  counters(name: string, whose?: Whose): Counters {
    return this.state.counters(name, whose)
  }

  /** Microseconds that mean the same in all workers, and here. */
  sharedUs(): number {
    return this.state.sharedUs()
  }

  get size(): number {
    return this.members.size
  }

  /** Of those that serve, the oldest first. */
  get ids(): readonly number[] {
    return [...this.members.keys()]
  }

  /** Listeners of this process that no backend may lead to; to be told before the first snapshot. */
  keepFrom(listeners: readonly OwnListener[]): void {
    this.ownListeners = listeners
    for (const member of this.members.values()) member.tell({ type: 'own-listeners', listeners })
  }

  /** Gives the workers a new key for session tickets; tickets of the one before are still taken. */
  rotateTicketKeys(): void {
    this.ticketKeys = rotated(this.ticketKeys)
    for (const member of this.members.values()) member.tell({ type: 'ticket-keys', keys: this.ticketKeys })
  }

  /** Resolves when every worker serves this snapshot; a port that cannot be had is told of, and the rest serves. */
  async apply(snapshot: Snapshot): Promise<PortResult[]> {
    const { free, taken } = await this.probe(snapshot.ports)
    this.snapshot = { ...snapshot, ports: free }
    this.tellLeaving({ type: 'endpoints', lists: snapshot.endpoints })
    const bytes = new SnapshotBytes(this.snapshot)
    const answers = await Promise.all([...this.members.values()].map(member => member.apply(bytes)))
    const results = merge(answers.flat())
    this.owned.clear()
    for (const result of results) if (!('error' in result) || result.held) this.owned.add(result.key)
    return [...results, ...taken]
  }

  /** Whether any of these ports, none of them ours, could be listened on now. */
  async anyFree(ports: readonly Port[]): Promise<boolean> {
    return (await this.probe(ports)).free.length > 0
  }

  /** The short way for endpoint changes: by cluster, those that have others now. */
  setEndpoints(lists: Snapshot['endpoints']): void {
    this.snapshot = { ...this.snapshot, endpoints: { ...this.snapshot.endpoints, ...lists } }
    for (const member of this.members.values()) member.setEndpoints(lists, this.snapshot)
    this.tellLeaving({ type: 'endpoints', lists })
  }

  /** Resolves when every worker has heard all that it has been told so far, or has not answered for so long. */
  async heard(withinMs: number): Promise<void> {
    await Promise.all([...this.members.values(), ...this.leaving].map(member => member.health([], withinMs)))
  }

  /** What checks have found of endpoints, for workers that are still to begin too. */
  setVerdicts(verdicts: Verdicts): void {
    this.verdicts.take(verdicts)
    for (const one of [...this.members.values(), ...this.guests.values(), ...this.lodgers.values()])
      one.tell({ type: 'verdicts', verdicts })
    this.tellLeaving({ type: 'verdicts', verdicts })
  }

  /**
   * How the endpoints of these clusters are, as each worker that serves knows it; null: of those in which not all is
   * well. Null in place of what a worker has not answered within this time.
   */
  health(
    clusters: readonly string[] | null,
    withinMs: number,
  ): Promise<readonly (readonly ClusterHealth[] | null)[]> {
    return Promise.all([...this.members.values()].map(member => member.health(clusters, withinMs)))
  }

  /**
   * Gives every worker a way to a thread that answers requests, those that begin later too: `connect` makes the port that
   * the worker gets, and hands the other side to the thread. Before the first snapshot that names the thread.
   */
  addThread(thread: number, connect: (worker: number) => MessagePort): void {
    this.threads.set(thread, connect)
    for (const member of [...this.members.values(), ...this.leaving])
      member.tell({ type: 'bundle-port', thread, port: connect(member.settings.id) })
  }

  /** The thread is gone, or is given up: what is under way there fails by this name. `detail` is for the log. */
  loseThread(thread: number, failure: FailureName, detail: string): void {
    if (!this.threads.delete(thread) && !this.lodgers.delete(thread)) return
    const message: ToWorker = { type: 'bundle-lost', thread, failure, detail }
    for (const member of this.members.values()) member.tell(message)
    this.tellLeaving(message)
  }

  /** A thread of a service that is part of the data plane, and has no ports. */
  begin(options: GuestOptions): Guest {
    const { handle: shared, ports } = this.state.handle(++this.lastId)
    const guest = new Guest(
      { ...this.settingsOf(this.lastId, options.index), workers: options.peers, accessLog: 'off', shared },
      ports,
      options,
      this,
    )
    const { id, worker } = guest
    this.guests.set(id, guest)
    guest.tell({ type: 'own-listeners', listeners: this.ownListeners })
    guest.tell({ type: 'verdicts', verdicts: this.verdicts.all })
    this.options.metrics.attach(id)
    worker.on('message', (message: FromWorker) => this.hear(id, message))
    void guest.ended.then(() => {
      this.guests.delete(id)
      this.options.metrics.retire(id)
      this.state.ended(id)
    })
    return guest
  }

  /** What every worker is to have in itself; `data` is for what `serve` has been given to make it. */
  lodge(data: object): LodgerGroup {
    const { log, metrics } = this.options
    const id = ++this.lastId
    const group = new LodgerGroup(id, data, {
      hear: (owner, message) => this.hear(owner, message),
      left: owner => {
        metrics.retire(owner)
        this.state.ended(owner)
      },
      failed: (worker, fault) => log.error('bundle.failed', { worker, thread: id, fault }),
      over: () => this.loseThread(id, 'bundle_terminated', 'drained'),
    })
    this.lodgers.set(id, group)
    for (const member of [...this.members.values(), ...this.leaving]) void this.settle(group, member)
    return group
  }

  private async settle(group: LodgerGroup, member: Member): Promise<void> {
    const { settings } = member
    const owner = ++this.lastId
    const { handle: shared } = this.state.handle(owner)
    this.options.metrics.attach(owner)
    const tell = (message: ToWorker): void => member.tell(message)
    const added = group.add({ worker: settings.id, owner, settings, shared, tell })
    group.tell({ type: 'verdicts', verdicts: this.verdicts.all })
    await added
  }

  /** For log rotation. */
  reopenLogs(): void {
    for (const member of this.members.values()) member.tell({ type: 'reopen' })
  }

  /** Lets requests finish for at most `graceMs`, and ends all workers. */
  async drain(graceMs: number): Promise<void> {
    this.stopping = true
    clearInterval(this.rotation)
    for (const timer of this.restartTimers) clearTimeout(timer)
    const all = [...this.members.values(), ...this.leaving]
    await Promise.all(all.map(member => member.drain(graceMs, false)))
  }

  /**
   * Has another worker serve in place of this one, which takes nobody any more, says so in its next responses, and
   * ends with the last of them. Resolves then; rejects, with everything as it was, where no other can be had.
   */
  async replace(id: number): Promise<void> {
    const old = this.members.get(id)
    if (old === undefined) throw new Error(`there is no worker ${id}`)
    const next = this.start(++this.lastId, old.settings.place.index)
    const ports = await next.serving
    if (ports.length < this.owned.size || ports.some(port => 'error' in port)) {
      this.members.delete(next.settings.id)
      this.leaving.add(next)
      await next.drain(0, false)
      throw new Error(
        `worker ${next.settings.id}, to replace worker ${id}, cannot serve: ${JSON.stringify(ports)}`,
      )
    }
    this.members.delete(id)
    this.leaving.add(old)
    await old.drain(REPLACE_GRACE_MS, true)
  }

  /** Ends one worker without notice, as a crash would. */
  async kill(id: number): Promise<void> {
    await this.members.get(id)?.worker.terminate()
  }

  /** Those that leave open no port any more, but must not send to what is gone. */
  private tellLeaving(message: ToWorker): void {
    for (const member of this.leaving) member.tell(message)
  }

  private settingsOf(id: number, index: number): Omit<WorkerSettings, 'shared'> {
    const { logLevel, accessLog, workers, tracing = null } = this.options
    const { ticketKeys } = this
    const place = { zone: this.options.zone ?? null, index, process: hostname() }
    return { id, workers, place, logLevel, accessLog, recent: null, tracing, ticketKeys }
  }

  private hear(id: number, message: FromWorker): void {
    if (message.type === 'series') this.options.metrics.announce(id, message.series)
    if (message.type === 'told') this.options.onTold?.(message.channel, message.message, id)
  }

  private start(id: number, index: number): Member {
    const { entry, log, metrics } = this.options
    const { handle: shared, ports } = this.state.handle(id)
    const recent = this.options.recent?.take() ?? null
    const settings = { ...this.settingsOf(id, index), recent, shared }
    const member = newMember(entry, settings, ports)
    this.members.set(id, member)
    member.tell({ type: 'own-listeners', listeners: this.ownListeners })
    member.tell({ type: 'verdicts', verdicts: this.verdicts.all })
    for (const [thread, connect] of this.threads)
      member.tell({ type: 'bundle-port', thread, port: connect(id) })
    const open = [...this.lodgers.values()].filter(({ isOpen }) => isOpen)
    const lodged = Promise.all(open.map(group => this.settle(group, member)))
    metrics.attach(id)
    member.worker.on('message', (message: FromWorker) => this.hear(id, message))
    member.worker.on('error', error => log.error('worker.failed', { worker: id, error }))
    member.worker.once('exit', code => this.ended(member, code))
    // One that takes over: its end was told, so its beginning is.
    if (this.snapshot.version > 0) {
      const applied = member.apply(new SnapshotBytes(this.snapshot))
      member.serving = lodged.then(() => applied)
      void member.serving.then(serving => {
        if (serving.length > 0) log.info('worker.serving', { worker: id })
      })
    }
    return member
  }

  private ended(member: Member, code: number): void {
    const { id, recent, place } = member.settings
    if (recent !== null) this.options.recent?.give(recent)
    this.members.delete(id)
    this.options.metrics.retire(id)
    this.state.ended(id)
    const left = this.leaving.delete(member)
    if (left) this.options.log.info('worker.left', { worker: id })
    if (left || this.stopping) return
    const early = performance.now() - member.startedMs < EARLY_MS
    this.restarts = early ? this.restarts + 1 : 0
    const waitMs = early ? Math.min(MAX_BACKOFF_MS, 50 * 2 ** this.restarts) : 0
    this.options.log.error('worker.replaced', { worker: id, code, waitMs })
    this.options.onRestart?.()
    const timer = setTimeout(() => {
      this.restartTimers.delete(timer)
      this.start(id, place.index)
    }, waitMs)
    this.restartTimers.add(timer)
  }

  /**
   * With SO_REUSEPORT a second process of the same user would silently share our
   * ports, so a port that is new to us is first bound without it.
   */
  private async probe(ports: readonly Port[]): Promise<{ free: Port[]; taken: PortResult[] }> {
    const free: Port[] = []
    const taken: PortResult[] = []
    for (const port of ports) {
      const error = this.owned.has(port.key) ? null : await whyTaken(port)
      if (error === null) free.push(port)
      else taken.push({ key: port.key, error })
    }
    return { free, taken }
  }
}

function newMember(entry: URL, settings: WorkerSettings, transferList: readonly MessagePort[]): Member {
  const name = `portcullis-${settings.id}`
  const options = { workerData: settings, transferList: [...transferList], name, resourceLimits }
  return new Member(settings, new Worker(entry, options))
}

/** One result per port: an error if any worker had one. */
function merge(results: readonly PortResult[]): PortResult[] {
  const byKey = new Map<string, PortResult>()
  for (const result of results) if (!byKey.has(result.key) || 'error' in result) byKey.set(result.key, result)
  return [...byKey.values()]
}
