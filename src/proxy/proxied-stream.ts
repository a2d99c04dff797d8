import type { Socket } from 'node:net'
import { failures, type FailureName } from '../http/failures.ts'
import { backendDefaults } from '../model/defaults.ts'
import type { StreamRule } from '../snapshot/rule.ts'
import type { RouteMetrics } from '../telemetry/instruments.ts'
import type { PickInfo } from '../upstream/balancers/balancer.ts'
import type { Cluster, Yielding } from '../upstream/cluster.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Source } from '../upstream/proxy-header.ts'
import type { RawConnection, RawHandler } from '../upstream/raw-connection.ts'
import { chooseBackend, type BackendShare, type Backends } from './backend.ts'
import { cutOff } from './cut-off.ts'
import type { Remote } from './remote.ts'

/** A snapshot.StreamRule with its clusters found. */
export interface CompiledStream extends Backends {
  readonly rule: StreamRule
  readonly metrics: RouteMetrics
}

/** What is told of a stream that is over. */
export interface FinishedStream {
  readonly stream: CompiledStream
  readonly listener: string
  /** "" for what is no TLS. */
  readonly serverName: string
  /** `client` is whose share it takes of. */
  readonly remote: Remote & { readonly client: string }
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

export type StreamFacts = Pick<FinishedStream, 'listener' | 'serverName' | 'localPort' | 'remote'>

/** A client's connection and one to a backend, and the bytes between them as they are. */
export class ProxiedStream implements RawHandler, PickInfo, Yielding {
  /** Its bytes are not ours to understand. */
  readonly request = null
  readonly principal = null
  private readonly socket: Socket
  private readonly stream: CompiledStream
  private readonly backend: BackendShare
  private readonly facts: StreamFacts
  private readonly startedMs = performance.now()
  private readonly finished: (finished: FinishedStream) => void
  /** Made, or being made: it counts with its endpoint. */
  private connection: RawConnection | null = null
  /** Set once it is connected. */
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
    socket: Socket,
    stream: CompiledStream,
    facts: StreamFacts,
    nowMs: number,
    finished: (finished: FinishedStream) => void,
  ) {
    this.socket = socket
    this.stream = stream
    this.backend = chooseBackend(stream)
    this.facts = facts
    this.finished = finished
    this.movedMs = nowMs
    socket.on('error', () => (this.broken = true))
    socket.once('close', () => {
      // Somebody here has ended it, and not its client.
      if (!socket.readableEnded) this.broken = true
      this.end(this.upstream === null ? 'client_gone' : null)
    })
  }

  get client(): string {
    return this.facts.remote.client
  }

  get source(): Source {
    const { remote, localPort } = this.facts
    const { address, clientPort, localAddress } = remote
    return { clientAddress: address, clientPort, localAddress, localPort }
  }

  get clientAddress(): string {
    return this.facts.remote.address
  }

  begin(): void {
    const { cluster, failure } = this.backend
    if (cluster === null) return this.end(failure)
    this.attempts++
    const endpoint = cluster.pick(this.endpoint, this)
    if (endpoint === null) return this.end(cluster.unavailable, cluster.unavailableReason)
    this.endpoint = endpoint
    this.connection = endpoint.pool.splice(this, this) ?? this.spliceInTurn(cluster, endpoint.pool)
    if (this.connection === null) return this.end('connection_limit_reached')
    endpoint.begin()
    cluster.yielding.add(this)
  }

  /** At the cluster's limit, where streams may last for days: the client with most of them loses the oldest to one with fewer. */
  private spliceInTurn(cluster: Cluster<UpstreamPool>, pool: UpstreamPool): RawConnection | null {
    const [longest] = cluster.yielding.most(this.client)
    if (longest === undefined) return null
    longest.giveWay()
    return pool.splice(this, this)
  }

  giveWay(): void {
    this.end('connection_limit_reached', 'displaced')
  }

  /** Ends what has been silent for too long. */
  sweep(nowMs: number): void {
    const moved = this.socket.bytesRead + this.socket.bytesWritten
    if (moved !== this.moved) {
      this.moved = moved
      this.movedMs = nowMs
    } else if (nowMs - this.movedMs > this.silenceMs) this.destroy()
  }

  private get silenceMs(): number {
    return this.backend.cluster?.config.tunnelSilenceMs ?? backendDefaults.tunnelSilenceMs
  }

  /** Neither side takes it for an end: there may be more to come. */
  destroy(): void {
    this.broken = true
    this.end(null)
  }

  onConnected(upstream: Socket): void {
    const { socket } = this
    this.upstream = upstream
    this.endpoint?.succeeded()
    // pipe holds back who is faster than the other, and passes on the end of each direction by itself.
    socket.pipe(upstream)
    upstream.pipe(socket)
  }

  onFailure(failure: FailureName, reason: string): void {
    const { cluster, metrics } = this.backend
    this.endpoint?.finish()
    this.connection = null
    cluster?.yielding.delete(this)
    // Nothing has been sent to an endpoint that could not be connected to.
    const most = cluster?.config.connectAttempts ?? 0
    if (this.attempts >= most || failures[failure].retry === 'never') return this.end(failure, reason)
    metrics?.counter('portcullis_upstream_retries_total').add(1)
    this.begin()
  }

  onClosed(broken: boolean): void {
    if (broken) this.broken = true
    this.end(null)
  }

  private end(failure: FailureName | null, reason: string = ''): void {
    if (this.over) return
    this.over = true
    const { socket, upstream, connection, endpoint, facts, startedMs, attempts } = this
    if (connection !== null) endpoint?.finish()
    this.backend.cluster?.yielding.delete(this)
    const isCut = this.broken || failure !== null
    const leave = isCut ? cutOff : finish
    leave(socket)
    if (upstream !== null) leave(upstream)
    // At once, so that another one may be made in its place.
    if (isCut || upstream === null) connection?.abort()
    this.finished({
      ...facts,
      stream: this.stream,
      startedMs,
      cluster: this.backend.cluster?.name ?? '',
      endpoint: endpoint?.key ?? '',
      attempts,
      failure,
      reason,
      bytesIn: socket.bytesRead,
      bytesOut: socket.bytesWritten,
    })
  }
}

/** What is still to be written is. */
function finish(socket: Socket): void {
  if (!socket.destroyed) socket.destroySoon()
}
