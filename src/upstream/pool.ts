import type { FailureName } from '../http/failures.ts'
import type { ResponseLimits } from '../http/h1/response.ts'
import type { Cluster } from './cluster.ts'
import type { Endpoint, EndpointPool } from './endpoint.ts'
import { RawConnection, type RawHandler } from './raw-connection.ts'
import { proxyHeader, type Sourced } from './proxy-header.ts'
import type { Waiter } from './queue.ts'
import type { UpstreamStream } from './upstream-stream.ts'
import type { TlsDialer } from './tls/dialer.ts'

/** A status line with its reason, which nobody reads. */
const LINE_BYTES = 8192

/** What pools tell log and metrics. */
export interface PoolEvents {
  onConnect(cluster: string): void
  /** `reason` is what is known beside the failure's name, or "". */
  onConnectFailed(cluster: string, endpoint: string, failure: FailureName, reason: string): void
  /** What the endpoint did on a connection broke a rule, and the response or the connection was given up; `fault` is the rule's name. */
  onFault(cluster: string, endpoint: string, fault: string): void
}

/** An endpoint whose connections can be asked for. */
export type PoolEndpoint = Endpoint<UpstreamPool>

/** What a pool is made of. */
export interface PoolParts {
  readonly endpoint: PoolEndpoint
  readonly cluster: Cluster<UpstreamPool>
  readonly events: PoolEvents
  /** What secures connections that are to speak one of these (RFC 7301), or what nobody here understands; null where they are plain. */
  dialer(protocols: readonly string[]): TlsDialer | null
}

/**
 * Connections to one endpoint. What is the same whatever they speak: the
 * cluster's limit, those who wait at it, and what is told of connections.
 */
export abstract class UpstreamPool implements EndpointPool {
  readonly endpoint: PoolEndpoint
  readonly dialer: TlsDialer | null
  protected readonly cluster: Cluster<UpstreamPool>
  protected draining = false
  /** Coarse clock, moved by `sweep`. */
  protected nowMs = performance.now()
  private readonly events: PoolEvents
  private readonly makeDialer: PoolParts['dialer']
  private rawDialer: TlsDialer | null | undefined

  /** `protocol` is what requests go by. */
  constructor({ endpoint, cluster, events, dialer }: PoolParts, protocol: string) {
    this.endpoint = endpoint
    this.cluster = cluster
    this.events = events
    this.dialer = dialer([protocol])
    this.makeDialer = dialer
  }

  abstract readonly idleConnections: number
  abstract readonly spare: number
  /** Room for one request on a connection that is there, or null; for `lookAfterMs` see `acquire`. */
  protected abstract kept(lookAfterMs: number, preface: Buffer | null): UpstreamStream | null
  /** The same on a new connection, which can be sent to while it is being made. */
  protected abstract open(preface: Buffer | null): UpstreamStream
  /** Closes the longest idle connection to make room for one to a sibling endpoint. */
  abstract evict(): boolean
  protected abstract sweepConnections(nowMs: number): void
  protected abstract closeConnections(): void

  get address(): string {
    return this.endpoint.address
  }

  get port(): number {
    return this.endpoint.port
  }

  /** Of heads of responses; a connection keeps those that it began with (Cluster.update renews them). */
  get limits(): ResponseLimits {
    const { fieldBytes, headBytes, fieldCount } = this.cluster.config
    return { lineBytes: LINE_BYTES, fieldBytes, headBytes, fieldCount }
  }

  get connectTimeoutMs(): number {
    return this.cluster.config.connectTimeoutMs
  }

  /**
   * Room for one request, or null at the cluster's limit. A connection that has been idle for `lookAfterMs` is looked at
   * first, whether its peer has closed it.
   */
  acquire(lookAfterMs = Infinity, asker: Sourced | null = null): UpstreamStream | null {
    const preface = this.prefaceFor(asker)
    return this.kept(lookAfterMs, preface) ?? this.added(preface)
  }

  /** What its connections begin with, and are kept by: each is one client's alone then. Null where nobody is told of. */
  protected prefaceFor(asker: Sourced | null): Buffer | null {
    const { proxyProtocol } = this.cluster.config
    return proxyProtocol === undefined ? null : proxyHeader(proxyProtocol, asker?.source ?? null)
  }

  /** Connections are no other client's: who waits needs one of its own. */
  protected get isTold(): boolean {
    return this.cluster.config.proxyProtocol !== undefined
  }

  /** Room on a new connection. */
  protected added(preface: Buffer | null): UpstreamStream | null {
    return this.room() ? this.opened(preface) : null
  }

  /** A connection for a stream of bytes, which ends with it, or null at the cluster's limit: streams may last for days, so that nobody waits for one to end. */
  splice(handler: RawHandler, asker: Sourced | null = null): RawConnection | null {
    if (!this.room()) return null
    this.events.onConnect(this.cluster.name)
    // One for all of them: it has the endpoint's session tickets.
    if (this.rawDialer === undefined) this.rawDialer = this.makeDialer([])
    const { address, port, connectTimeoutMs } = this
    const owner = {
      address,
      port,
      connectTimeoutMs,
      preface: this.prefaceFor(asker),
      connectFailed: (failure: FailureName, reason: string) => this.connectFailed(failure, reason),
      closed: () => this.gone(),
    }
    return new RawConnection(owner, this.rawDialer, handler)
  }

  /** Has a connection made for whoever comes next, where none outlives a request that is given up meanwhile. */
  warm(): void {}

  connectFailed(failure: FailureName, reason: string): void {
    this.events.onConnectFailed(this.cluster.name, this.endpoint.key, failure, reason)
    this.endpoint.connectFailed(failure, performance.now())
  }

  faulted(fault: string): void {
    this.events.onFault(this.cluster.name, this.endpoint.key, fault)
  }

  /** Closes connections that have been idle for too long. */
  sweep(nowMs: number): void {
    this.nowMs = nowMs
    this.sweepConnections(nowMs)
  }

  /** Idle connections now, busy ones when their responses are over. */
  close(): void {
    this.draining = true
    this.closeConnections()
  }

  /**
   * Who is next for a connection to this endpoint; null where nobody may have it. One that is out of service takes
   * nobody, and an endpoint that those who wait do not want is none of theirs (a session, a hash, a level or a zone).
   */
  protected nextWaiter(): Waiter<PoolEndpoint> | null {
    const { serves, isChoice } = this.endpoint
    return serves ? this.cluster.queue.next(this.endpoint, isChoice) : null
  }

  /** A connection is gone: who waits may have a new one, to the endpoint that it wants, or whichever the balancer says. */
  protected gone(): void {
    const { cluster } = this
    cluster.unreserve()
    if (cluster.queue.empty) return
    const endpoint = cluster.pick()
    if (endpoint === null || !cluster.reserve()) return
    const waiter = cluster.queue.next()
    if (waiter === null) return cluster.unreserve()
    const wanted = waiter.wants ?? endpoint
    waiter.granted(wanted.pool.opened(wanted.pool.prefaceFor(waiter)), wanted)
  }

  private room(): boolean {
    if (this.cluster.reserve()) return true
    for (const { openedPool } of this.cluster.endpoints)
      if (openedPool !== null && openedPool.evict()) return this.cluster.reserve()
    return false
  }

  protected opened(preface: Buffer | null): UpstreamStream {
    this.events.onConnect(this.cluster.name)
    return this.open(preface)
  }
}
