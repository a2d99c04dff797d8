import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { failures, type FailureName } from '../http/failures.ts'
import type { StreamRule } from '../snapshot/snapshot.ts'
import type { ClusterMetrics, RouteMetrics } from '../telemetry/instruments.ts'
import type { Cluster } from '../upstream/cluster.ts'
import { dial, dialFailure, dialReason } from '../upstream/dial.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { PoolEvents, UpstreamPool } from '../upstream/pool.ts'
import type { TlsDialer } from '../upstream/tls/dialer.ts'
import type { Sender } from './sender.ts'
import { TUNNEL_IDLE_MS } from './silence.ts'

/** A snapshot.StreamRule with its clusters found. */
export interface CompiledStream {
  readonly rule: StreamRule
  readonly backends: readonly StreamBackend[]
  readonly totalWeight: number
  readonly metrics: RouteMetrics
}

export interface StreamBackend {
  readonly weight: number
  /** Null where the reference is invalid, or closed; `failure` then says which. */
  readonly cluster: Cluster<UpstreamPool> | null
  readonly failure: FailureName
  readonly metrics: ClusterMetrics | null
  /** Tells of a connection that could not be made. */
  readonly connectFailed: PoolEvents['onConnectFailed']
  /** Null where connections are plain. */
  readonly dialer: TlsDialer | null
}

/** What is told of a stream that is over. */
export interface FinishedStream {
  readonly stream: CompiledStream
  readonly listener: string
  readonly serverName: string
  readonly sender: Sender
  readonly localPort: number
  readonly startedMs: number
  readonly cluster: string
  readonly endpoint: string
  readonly attempts: number
  readonly failure: FailureName | null
  /** What else is known of it, for the log. */
  readonly reason: string
  readonly bytesIn: number
  readonly bytesOut: number
}

export type StreamFacts = Pick<FinishedStream, 'listener' | 'serverName' | 'localPort' | 'sender'>

/** A client's connection and one to a backend, and the bytes between them as they are. */
export class Stream {
  private readonly client: Socket
  private readonly stream: CompiledStream
  private readonly backend: StreamBackend
  private readonly facts: StreamFacts
  private readonly startedMs = performance.now()
  private readonly finished: (finished: FinishedStream) => void
  private upstream: Socket | null = null
  private endpoint: Endpoint<UpstreamPool> | null = null
  private attempts = 0
  private over = false
  /** One side was cut off, and the other must not take that for an end. */
  private broken = false
  private moved = 0
  private movedMs: number

  /** The client may have been read from, and has what was read put back; it is paused until there is a backend. */
  constructor(
    client: Socket,
    stream: CompiledStream,
    facts: StreamFacts,
    nowMs: number,
    finished: (finished: FinishedStream) => void,
  ) {
    this.client = client
    this.stream = stream
    this.backend = chosen(stream)
    this.facts = facts
    this.finished = finished
    this.movedMs = nowMs
    client.on('error', () => (this.broken = true))
    client.once('close', () => this.end(this.upstream === null ? 'client_gone' : null))
  }

  begin(): void {
    const { cluster, failure } = this.backend
    if (cluster === null) return this.end(failure)
    this.attempts++
    const endpoint = cluster.pick(this.endpoint)
    if (endpoint === null) return this.end(cluster.unavailable, cluster.unavailableReason)
    if (!cluster.reserve()) return this.end('connection_limit_reached')
    this.endpoint = endpoint
    this.dial(endpoint, cluster)
  }

  /** Ends what has been silent for too long. */
  sweep(nowMs: number): void {
    const moved = this.client.bytesRead + this.client.bytesWritten
    if (moved !== this.moved) {
      this.moved = moved
      this.movedMs = nowMs
    } else if (nowMs - this.movedMs > TUNNEL_IDLE_MS) this.end(null)
  }

  destroy(): void {
    this.end(null)
  }

  private dial({ address, port }: Endpoint<UpstreamPool>, cluster: Cluster<UpstreamPool>): void {
    const { dialer, metrics } = this.backend
    const options = { host: address, port, noDelay: true, allowHalfOpen: true }
    const { socket: upstream, ready } = dial(options, address, dialer)
    const timer = setTimeout(
      () => this.failed(upstream, 'connection_timeout', ''),
      cluster.config.connectTimeoutMs,
    )
    upstream.once('close', () => {
      clearTimeout(timer)
      cluster.unreserve()
      if (this.upstream === upstream) this.end(null)
    })
    upstream.on('error', (error: NodeJS.ErrnoException) =>
      this.failed(upstream, dialFailure(error, true), dialReason(error)),
    )
    upstream.once(ready, () => {
      clearTimeout(timer)
      metrics?.connectionsOpened.add(1)
      if (!this.over) this.join(upstream)
      else upstream.destroy()
    })
  }

  private join(upstream: Socket): void {
    const { client } = this
    this.upstream = upstream
    this.endpoint?.succeeded()
    this.endpoint?.begin()
    // pipe holds back who is faster than the other, and passes on the end of each direction by itself.
    client.pipe(upstream)
    upstream.pipe(client)
  }

  private failed(upstream: Socket, failure: FailureName, reason: string): void {
    upstream.destroy()
    // Once joined, its close says when.
    if (this.upstream === upstream) this.broken = true
    if (this.over || this.upstream !== null) return
    const { endpoint, backend } = this
    endpoint?.connectFailed(failure, performance.now())
    if (endpoint !== null && backend.cluster !== null)
      backend.connectFailed(backend.cluster.name, endpoint.key, failure, reason)
    // Nothing has been sent to an endpoint that could not be connected to.
    const most = backend.cluster?.config.connectAttempts ?? 0
    if (this.attempts < most && failures[failure].retry !== 'never') this.begin()
    else this.end(failure, reason)
  }

  private end(failure: FailureName | null, reason: string = ''): void {
    if (this.over) return
    this.over = true
    const { client, upstream, endpoint, facts, startedMs, attempts } = this
    if (upstream !== null) endpoint?.finish()
    const leave = this.broken || failure !== null ? cutOff : finish
    leave(client)
    if (upstream !== null) leave(upstream)
    this.finished({
      ...facts,
      stream: this.stream,
      startedMs,
      cluster: this.backend.cluster?.name ?? '',
      endpoint: endpoint?.key ?? '',
      attempts,
      failure,
      reason,
      bytesIn: client.bytesRead,
      bytesOut: client.bytesWritten,
    })
  }
}

function chosen({ backends, totalWeight }: CompiledStream): StreamBackend {
  let left = Math.random() * totalWeight
  for (const backend of backends) {
    left -= backend.weight
    if (left < 0) return backend
  }
  return backends.at(-1) ?? nowhere
}

const nowhere: StreamBackend = {
  weight: 0,
  cluster: null,
  failure: 'destination_not_found',
  metrics: null,
  connectFailed: () => {},
  dialer: null,
}

/** What is still to be written is. */
function finish(socket: Socket): void {
  if (!socket.destroyed) socket.destroySoon()
}

/** A reset; under TLS it is enough that nobody says close_notify (RFC 8446 §6.1). */
function cutOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy()
  else socket.resetAndDestroy()
}
