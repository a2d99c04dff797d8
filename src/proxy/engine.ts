import type { FailureName } from '../http/failures.ts'
import { SharedStreams } from '../http/h2/shared-streams.ts'
import type { Endpoint as EndpointSpec } from '../snapshot/cluster.ts'
import type { Port, Snapshot } from '../snapshot/snapshot.ts'
import type { Certificate } from '../snapshot/tls.ts'
import { Kept } from '../filters/kept.ts'
import { timerMs } from '../shared/timer.ts'
import type { CrossingPort } from '../shared/crossing/crossing-port.ts'
import { NodeState, SharedState } from '../shared/node-state.ts'
import type { Logger } from '../telemetry/log.ts'
import type { MetricsScope } from '../telemetry/metrics.ts'
import type { DnsLookup } from '../upstream/dns.ts'
import type { ClusterHealth } from '../upstream/health.ts'
import type { Verdicts } from '../upstream/verdicts.ts'
import { Upstreams } from '../upstream/upstreams.ts'
import { CoarseClock } from './clock.ts'
import type { RuleTypes } from './compile.ts'
import { Compiled, type Around } from './compiled.ts'
import { connectionBound } from './connection-bound.ts'
import { HeldBodies } from './held-bodies.ts'
import { LoopDelay, type Look } from './loop-delay.ts'
import type { Bound } from './inbound.ts'
import { Epochs } from './epochs.ts'
import type { Observer, Sinks } from './observe.ts'
import { Overload, overloadLimits, type OverloadLimits } from './overload.ts'
import { Places } from './places/places.ts'
import { PortCompiler } from './port-compiler.ts'
import { PortServer, type PortContext } from './port.ts'
import type { EnginePort } from './serving-port.ts'
import { UdpPort } from './udp/port.ts'
import { SessionBook, sessionBound } from './udp/session-book.ts'
import type { MirrorLoss } from './rule.ts'
import type { PortRuntime } from './runtime.ts'
import type { Place } from '../upstream/choice/place.ts'
import { inSlices } from './steps.ts'
import { Within } from './within/within.ts'
import { WorkerKit } from './worker-kit.ts'
import { firstTicketKeys, type TicketKeys } from './tls/ticket-keys.ts'

export interface EngineOptions {
  /** Every filter and action that a snapshot may name. */
  readonly types: RuleTypes
  /** Counters and tables of the node; absent: of this worker alone. */
  readonly shared?: SharedState
  readonly sinks: Sinks
  readonly log: Logger
  /** Workers that share ports and limits. */
  readonly workers?: number
  /** Which of them this is, and where; absent: one that is alone. */
  readonly place?: Place
  readonly lookup?: DnsLookup
  /** When this worker sheds requests; what is absent: overloadLimits. */
  readonly overload?: Partial<OverloadLimits>
  /** What session tickets are sealed with, the same in all workers; absent: keys of this one alone. */
  readonly ticketKeys?: TicketKeys
  /** What the machine trusts; absent: what it says that it does. */
  readonly systemAuthorities?: () => readonly string[]
  /** Tells services on the main thread what filters have to say; absent: nobody listens. */
  readonly tell?: (channel: string, message: unknown) => void
  /** Connections of clients that this worker may have; absent: connectionBound. */
  readonly maxConnections?: number
  /** Sessions of UDP that this worker may have; absent: sessionBound. */
  readonly maxSessions?: number
}

/**
 * What became of one port of a snapshot in this worker. `port` is the one really listened on; `held` where it still is,
 * with what it had before.
 */
export type PortResult =
  | { readonly key: string; readonly port: number }
  | { readonly key: string; readonly error: string; readonly held?: true }

/** How often limits of seconds are enforced. */
const SWEEP_MS = 500

/**
 * The data plane of one worker: ports, upstreams, and the runtime between them.
 * `apply` swaps the runtime of a port by one assignment; exchanges under way
 * keep theirs.
 */
export class Engine {
  private readonly options: EngineOptions
  private readonly clock = new CoarseClock()
  private readonly overload: Overload
  private readonly held = new HeldBodies()
  private readonly shared: SharedStreams
  private readonly connections: Bound
  private readonly sessions: SessionBook
  private readonly upstreams: Upstreams
  private readonly ports = new Map<string, EnginePort>()
  private readonly leaving = new Set<EnginePort>()
  private readonly timer: NodeJS.Timeout
  private sweeping: NodeJS.Immediate | undefined
  private readonly loop: LoopDelay
  private readonly epochs: Epochs
  private readonly kept = new Kept()
  private readonly state: SharedState
  private readonly compiled: Compiled
  private readonly compilers = new Map<string, PortCompiler>()
  /** Where requests begin that come by no port. */
  readonly within: Within
  /** Of the clusters that rules were compiled with. */
  private generation = 0
  /** Losses of mirrors, by cluster and reason, that the log has told of since the last snapshot. */
  private readonly toldLosses = new Set<string>()
  private ticketKeys: TicketKeys
  private applying: Promise<unknown> = Promise.resolve()
  private draining = false

  constructor(options: EngineOptions) {
    this.options = options
    this.epochs = new Epochs(options.sinks)
    const limits: OverloadLimits = { ...overloadLimits, ...options.overload }
    this.overload = new Overload(limits)
    // Half of what is shed at, so that streams end before anybody else is turned away.
    this.shared = new SharedStreams({ streams: limits.exchanges, waitingBytes: limits.bufferedBytes / 2 })
    this.ticketKeys = options.ticketKeys ?? firstTicketKeys()
    this.connections = {
      places: new Places(),
      limit: options.maxConnections ?? connectionBound(options.workers ?? 1),
    }
    this.sessions = new SessionBook(options.maxSessions ?? sessionBound(options.workers ?? 1))
    this.state = options.shared ?? new SharedState(new NodeState().handle(1).handle)
    this.upstreams = new Upstreams({
      ...options,
      state: this.state,
      shared: this.shared,
      metrics: cluster => this.epochs.current.cluster(cluster),
    })
    const { instruments } = options.sinks
    this.compiled = new Compiled(this.around(this.epochs.current), {
      epochs: this.epochs,
      instruments,
      makeKit: () => this.makeKit(),
    })
    this.within = new Within(this.compiled)
    this.timer = setInterval(this.sweepSoon, SWEEP_MS)
    this.timer.unref()
    this.loop = new LoopDelay(this.overload.periodMs, look => this.lookAtLoop(look))
  }

  /** Makes this snapshot the one that new requests meet. Calls are carried out one after another; nothing serves after `drain`. */
  apply(snapshot: Snapshot): Promise<PortResult[]> {
    const turn = this.applying.then(() => (this.draining ? [] : this.swap(snapshot)))
    this.applying = turn.catch(() => {})
    return turn
  }

  /** What is to be said of a snapshot whose `apply` was rejected. */
  unchanged({ ports }: Snapshot, error: unknown): PortResult[] {
    return ports.map(port => this.failed(port, error))
  }

  /** Does what is no request's, however long it takes: none is refused for it. */
  own<T>(act: () => T): T {
    const beganMs = performance.now()
    try {
      return act()
    } finally {
      this.loop.own(performance.now() - beganMs)
    }
  }

  /** The short way for endpoint changes. */
  setEndpoints(cluster: string, endpoints: readonly EndpointSpec[]): void {
    this.upstreams.setEndpoints(cluster, endpoints)
  }

  /** What checks have found of endpoints. */
  setVerdicts(verdicts: Verdicts): void {
    this.upstreams.setVerdicts(verdicts)
  }

  /** The way to a thread that answers requests; to be there before the first snapshot that names it. */
  addThread(thread: number, port: CrossingPort): void {
    this.upstreams.threads.add(thread, port)
  }

  /** It is gone, or is given up: what is under way there fails by this name. `detail` is for the log. */
  loseThread(thread: number, failure: FailureName, detail: string): void {
    this.upstreams.threads.lost(thread, failure, detail)
  }

  /** How the endpoints of these clusters are; null: of those in which not all is well. */
  health(clusters: readonly string[] | null): readonly ClusterHealth[] {
    return this.upstreams.health(clusters)
  }

  /** From now on tickets are sealed with the first of these, and those of the others are still taken. */
  setTicketKeys(keys: TicketKeys): void {
    this.ticketKeys = keys
    for (const port of this.ports.values()) port.keysRotated()
  }

  /**
   * Accepts nobody any more, lets requests finish, and ends what is left after `graceMs`. `gently`: others serve the
   * same ports, so that connections that wait for a request may have one more, and no client meets a closed door.
   */
  async drain(graceMs: number, gently = false): Promise<void> {
    this.draining = true
    // What is under way may yet open a port, which would keep the thread for ever.
    await this.applying
    const all = [...this.ports.values(), ...this.leaving]
    const late = setTimeout(() => {
      for (const port of all) port.destroy()
      this.within.destroy()
    }, timerMs(graceMs))
    await Promise.all(all.map(port => port.drain(gently)))
    await this.within.drain()
    clearTimeout(late)
    clearInterval(this.timer)
    clearImmediate(this.sweeping)
    this.loop.stop()
    for (const compiler of this.compilers.values()) compiler.release()
    this.within.release()
    this.epochs.next()
    this.epochs.settle()
    this.upstreams.drain()
  }

  private async swap(snapshot: Snapshot): Promise<PortResult[]> {
    await this.own(() => this.upstreams.apply(snapshot))
    this.toldLosses.clear()
    const observer = this.epochs.next(snapshot.version)
    this.compiled.around = this.around(observer)
    this.forgetStale()
    this.within.apply(snapshot.within ?? {})
    const results: PortResult[] = []
    for (const port of snapshot.ports)
      results.push(await this.serve(port, observer, snapshot.certificates ?? noCertificates))
    this.removePorts(new Set(snapshot.ports.map(({ key }) => key)))
    for (const name of this.upstreams.sweepUnnamed()) this.forgetCluster(name)
    this.epochs.settle()
    return results
  }

  private around(observer: Observer): Around {
    const { upstreams, overload, options } = this
    return {
      types: options.types,
      held: this.held,
      clusters: upstreams,
      observer,
      overload,
      uncompilable: (rule, reason) => options.log.error('rule.uncompilable', { rule, reason }),
      mirrorLost: (cluster, reason) => this.mirrorLost(cluster, reason),
    }
  }

  /** Rules stay what they are as long as their clusters do. */
  private forgetStale(): void {
    const { generation } = this.upstreams
    if (this.generation === generation) return
    this.generation = generation
    if (!this.compiled.isStale) return
    for (const compiler of this.compilers.values()) compiler.release()
    this.within.release()
  }

  /** For what is counted by who runs in the same thread. */
  metricsScope(): MetricsScope {
    return this.options.sinks.instruments.newScope()
  }

  /** Its numbers go with the last exchange that may have gone there, if it has not come back by then. */
  private forgetCluster(name: string): void {
    const { clusters } = this.options.sinks.instruments
    this.epochs.leave(0, () => {
      if (this.upstreams.get(name) === undefined) clusters.close(name)
    })
  }

  private async serve(
    port: Port,
    observer: Observer,
    certificates: Readonly<Record<string, Certificate>>,
  ): Promise<PortResult> {
    const { key } = port
    const known = this.ports.get(key)
    const compiler = this.compilers.get(key) ?? new PortCompiler(this.compiled)
    this.compilers.set(key, compiler)
    if (known !== undefined && compiler.isCurrent(port, certificates)) {
      known.observe(observer)
      return { key, port: port.target ?? known.localPort }
    }
    const runtime = await this.compile(port, compiler, certificates)
    // Thrown from here it would end the worker, and the one after it; a port that serves goes on with what it has.
    if (runtime instanceof Error) {
      known?.observe(observer)
      return this.failed(port, runtime)
    }
    if (known !== undefined) {
      known.swap(runtime)
      return { key, port: port.target ?? known.localPort }
    }
    const server =
      port.protocol === 'udp'
        ? new UdpPort(runtime, { clock: this.clock, sessions: this.sessions })
        : new PortServer(runtime, this.portContext())
    try {
      await server.listen((this.options.workers ?? 1) > 1)
    } catch (error) {
      server.destroy()
      return { key, error: (error as NodeJS.ErrnoException).code ?? String(error) }
    }
    this.ports.set(key, server)
    // Shown from here on, at zero.
    observer.port(key)
    return { key, port: port.target ?? server.localPort }
  }

  private async compile(
    port: Port,
    compiler: PortCompiler,
    certificates: Readonly<Record<string, Certificate>>,
  ): Promise<PortRuntime | Error> {
    try {
      return await inSlices(compiler.steps(port, certificates), ms => this.loop.own(ms))
    } catch (error) {
      this.options.log.error('port.uncompilable', { port: port.key, error })
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  private failed({ key }: Port, error: unknown): PortResult {
    return { key, error: String(error), ...(this.ports.has(key) && { held: true }) }
  }

  private makeKit(): WorkerKit {
    const { kept, upstreams, options, state } = this
    const { log, tell = () => {}, workers = 1 } = options
    const parts = { clusters: upstreams, log, kept, shared: state, workers, tell }
    return new WorkerKit(parts, this.epochs.current)
  }

  private portContext(): PortContext {
    const { clock, connections, options, shared } = this
    const keys = (): TicketKeys => this.ticketKeys
    return {
      clock,
      log: options.log,
      shared,
      connections,
      get ticketKeys() {
        return keys()
      },
    }
  }

  private removePorts(wanted: ReadonlySet<string>): void {
    for (const [key, compiler] of this.compilers) {
      if (wanted.has(key)) continue
      this.compilers.delete(key)
      compiler.release()
    }
    for (const [key, server] of this.ports) {
      if (wanted.has(key)) continue
      this.ports.delete(key)
      this.leaving.add(server)
      void server.drain().then(() => this.left(server))
    }
  }

  private left(server: EnginePort): void {
    const { key } = server
    this.leaving.delete(server)
    if (this.ports.has(key) || [...this.leaving].some(other => other.key === key)) return
    this.options.sinks.instruments.ports.close(key)
  }

  /**
   * Behind what has arrived: where the thread has stood still, timers are run before anything is read, and whoever has
   * spoken meanwhile was not silent.
   */
  private readonly sweepSoon = (): void => {
    this.clock.tick()
    this.sweeping = setImmediate(() => this.sweep())
  }

  private sweep(): void {
    const { nowMs } = this.clock
    let bufferedBytes = this.shared.waitingBytes + this.shared.headBytes + this.held.bytes
    bufferedBytes += this.upstreams.threads.waitingBytes
    this.upstreams.sweep(nowMs, () => {
      for (const server of [...this.ports.values(), ...this.leaving]) {
        server.sweep(nowMs)
        bufferedBytes += server.bufferedBytes
      }
      this.within.sweep(nowMs)
      bufferedBytes += this.within.bufferedBytes
    })
    // What waits for mirrors sheds nobody: they lose it.
    this.options.sinks.instruments.bufferedBytes.set(bufferedBytes + this.upstreams.mirroredBytes)
    const exchanges = this.epochs.active
    if (this.overload.judge(exchanges, bufferedBytes)) this.tellShedding({ exchanges, bufferedBytes })
  }

  private lookAtLoop(look: Look): number {
    if (this.overload.look(look)) this.tellShedding({ delayMs: Math.round(look.delayMs) })
    return this.overload.periodMs
  }

  private tellShedding(why: Readonly<Record<string, number>>): void {
    const { reason, serves } = this.overload.state
    this.options.sinks.instruments.shedding.set(reason === null ? 0 : 1)
    if (reason === null) this.options.log.info('overload.ended', why)
    else this.options.log.warn('overload.begun', { reason, serves, ...why })
  }

  /** Each one is counted; the log tells of the first of each kind. */
  private mirrorLost(cluster: string, reason: MirrorLoss): void {
    this.epochs.current.cluster(cluster).counter('portcullis_mirror_lost_total', { reason }).add(1)
    const kind = `${cluster} ${reason}`
    if (this.toldLosses.has(kind)) return
    this.toldLosses.add(kind)
    this.options.log.warn('mirror.lost', { cluster, reason })
  }
}

/** One object, for ports are compiled again where theirs is another. */
const noCertificates: Readonly<Record<string, Certificate>> = {}
