import { SharedStreams } from '../http/h2/shared-streams.ts'
import type { Certificate, Port, Snapshot, Endpoint as EndpointSpec } from '../snapshot/snapshot.ts'
import type { FilterTable } from '../filters/compile.ts'
import { Kept } from '../filters/kept.ts'
import { NodeState, SharedState } from '../shared/node-state.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Lookup } from '../upstream/dns.ts'
import { Upstreams } from '../upstream/upstreams.ts'
import { CoarseClock } from './clock.ts'
import { compilePort } from './compile.ts'
import { connectionBound } from './connection-bound.ts'
import type { Bound } from './inbound.ts'
import { Observer, type Sinks } from './observe.ts'
import { Overload, overloadLimits, type OverloadLimits } from './overload.ts'
import { Places } from './places/places.ts'
import { PortServer, type PortContext } from './port.ts'
import type { MirrorLoss } from './rule.ts'
import type { PortRuntime } from './runtime.ts'
import { WorkerKit } from './worker-kit.ts'
import { firstTicketKeys, type TicketKeys } from './tls/ticket-keys.ts'

export interface EngineOptions {
  /** Every filter that a snapshot may name. */
  readonly filters: FilterTable
  /** Counters and tables of the node; absent: of this worker alone. */
  readonly shared?: SharedState
  readonly sinks: Sinks
  readonly log: Logger
  /** Workers that share ports and limits. */
  readonly workers?: number
  readonly lookup?: Lookup
  /** When this worker sheds requests; absent: overloadLimits. */
  readonly overload?: OverloadLimits
  /** What session tickets are sealed with, the same in all workers; absent: keys of this one alone. */
  readonly ticketKeys?: TicketKeys
  /** What the machine trusts; absent: what it says that it does. */
  readonly systemAuthorities?: () => readonly string[]
  /** Connections of clients that this worker may have; absent: connectionBound. */
  readonly maxConnections?: number
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
  private readonly shared: SharedStreams
  private readonly connections: Bound
  private readonly upstreams: Upstreams
  private readonly ports = new Map<string, PortServer>()
  private readonly leaving = new Set<PortServer>()
  private readonly timer: NodeJS.Timeout
  private observer: Observer
  private readonly kept = new Kept()
  private readonly state: SharedState
  private kit: WorkerKit
  /** Losses of mirrors, by cluster and reason, that the log has told of since the last snapshot. */
  private readonly toldLosses = new Set<string>()
  /** Of snapshots before, as long as exchanges of theirs are under way. */
  private readonly retired = new Set<Observer>()
  private ticketKeys: TicketKeys
  private applying: Promise<unknown> = Promise.resolve()

  constructor(options: EngineOptions) {
    this.options = options
    this.observer = new Observer(options.sinks)
    const limits = options.overload ?? overloadLimits
    this.overload = new Overload(limits)
    // Half of what is shed at, so that streams end before anybody else is turned away.
    this.shared = new SharedStreams({ streams: limits.exchanges, waitingBytes: limits.bufferedBytes / 2 })
    this.ticketKeys = options.ticketKeys ?? firstTicketKeys()
    this.connections = {
      places: new Places(),
      limit: options.maxConnections ?? connectionBound(options.workers ?? 1),
    }
    this.upstreams = new Upstreams({
      ...options,
      shared: this.shared,
      metrics: cluster => this.observer.cluster(cluster),
    })
    this.state = options.shared ?? new SharedState(new NodeState().handle(1).handle)
    this.kit = this.makeKit(this.observer)
    this.timer = setInterval(() => this.sweep(), SWEEP_MS)
    this.timer.unref()
  }

  /** Makes this snapshot the one that new requests meet. Calls are carried out one after another. */
  apply(snapshot: Snapshot): Promise<PortResult[]> {
    const turn = this.applying.then(() => this.swap(snapshot))
    this.applying = turn.catch(() => {})
    return turn
  }

  /** What is to be said of a snapshot whose `apply` was rejected. */
  unchanged({ ports }: Snapshot, error: unknown): PortResult[] {
    return ports.map(port => this.failed(port, error))
  }

  /** The short way for endpoint changes. */
  setEndpoints(cluster: string, endpoints: readonly EndpointSpec[]): void {
    this.upstreams.setEndpoints(cluster, endpoints)
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
    const all = [...this.ports.values(), ...this.leaving]
    const late = setTimeout(() => all.forEach(port => port.destroy()), graceMs)
    await Promise.all(all.map(port => port.drain(gently)))
    clearTimeout(late)
    clearInterval(this.timer)
    this.kit.retire()
    this.upstreams.drain()
  }

  private async swap(snapshot: Snapshot): Promise<PortResult[]> {
    await this.upstreams.apply(snapshot)
    this.toldLosses.clear()
    const before = this.observer
    const observer = new Observer(this.options.sinks)
    this.observer = observer
    const kitBefore = this.kit
    this.kit = this.makeKit(observer)
    const results = await Promise.all(
      snapshot.ports.map(port => this.place(port, observer, snapshot.certificates ?? {})),
    )
    kitBefore.retire()
    this.removePorts(new Set(snapshot.ports.map(({ key }) => key)))
    this.upstreams.sweepUnnamed()
    before.retire()
    this.retired.add(before)
    return results
  }

  private async place(
    port: Port,
    observer: Observer,
    certificates: Readonly<Record<string, Certificate>>,
  ): Promise<PortResult> {
    // Held from here on: connections outlive snapshots, and so do their numbers.
    observer.port(port.key)
    const known = this.ports.get(port.key)
    const runtime = this.compile(port, observer, certificates)
    // Thrown from here it would end the worker, and the one after it; a port that serves goes on with what it has.
    if (runtime instanceof Error) return this.failed(port, runtime)
    if (known !== undefined) {
      known.swap(runtime)
      return { key: port.key, port: known.localPort }
    }
    const server = new PortServer(runtime, this.portContext())
    try {
      await server.listen((this.options.workers ?? 1) > 1)
    } catch (error) {
      return { key: port.key, error: (error as NodeJS.ErrnoException).code ?? String(error) }
    }
    this.ports.set(port.key, server)
    return { key: port.key, port: server.localPort }
  }

  private compile(
    port: Port,
    observer: Observer,
    certificates: Readonly<Record<string, Certificate>>,
  ): PortRuntime | Error {
    const { upstreams, overload, options, kit } = this
    try {
      return compilePort(port, {
        filters: options.filters,
        kit,
        clusters: upstreams,
        observer,
        overload,
        certificates,
        uncompilable: (rule, reason) => options.log.error('rule.uncompilable', { rule, reason }),
        mirrorLost: (cluster, reason) => this.mirrorLost(cluster, reason),
      })
    } catch (error) {
      options.log.error('port.uncompilable', { port: port.key, error })
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  private failed({ key }: Port, error: unknown): PortResult {
    return { key, error: String(error), ...(this.ports.has(key) && { held: true }) }
  }

  private makeKit(observer: Observer): WorkerKit {
    const { kept, upstreams, options, state } = this
    return new WorkerKit({ clusters: upstreams, log: options.log, kept, shared: state }, observer)
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
    for (const [key, server] of this.ports) {
      if (wanted.has(key)) continue
      this.ports.delete(key)
      this.leaving.add(server)
      void server.drain().then(() => this.leaving.delete(server))
    }
  }

  private sweep(): void {
    const nowMs = this.clock.tick()
    let bufferedBytes = this.shared.waitingBytes + this.shared.headBytes
    this.upstreams.sweep(nowMs, () => {
      for (const server of [...this.ports.values(), ...this.leaving]) {
        server.sweep(nowMs)
        bufferedBytes += server.bufferedBytes
      }
    })
    // What waits for mirrors sheds nobody: they lose it.
    this.options.sinks.instruments.bufferedBytes.set(bufferedBytes + this.upstreams.mirroredBytes)
    const exchanges = this.countExchanges()
    if (this.overload.judge(exchanges, bufferedBytes))
      this.options.log.warn('overload', { shedding: this.overload.shedding, exchanges, bufferedBytes })
  }

  /** Each one is counted; the log tells of the first of each kind. */
  private mirrorLost(cluster: string, reason: MirrorLoss): void {
    this.observer.cluster(cluster).mirrorLost(reason)
    const kind = `${cluster} ${reason}`
    if (this.toldLosses.has(kind)) return
    this.toldLosses.add(kind)
    this.options.log.warn('mirror.lost', { cluster, reason })
  }

  /** Under way in this worker, whatever snapshot they began with. */
  private countExchanges(): number {
    let count = this.observer.active
    for (const observer of this.retired) {
      if (observer.active === 0) this.retired.delete(observer)
      count += observer.active
    }
    return count
  }
}
