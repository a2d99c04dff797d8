import { authorityText } from '../http/authority-text.ts'
import { failures, type FailureName } from '../http/failures.ts'
import type { PeakLatency } from './peak-latency.ts'
import type { Endpoint as Spec } from '../snapshot/cluster.ts'

/** As long as a person looks at a number before it may change. */
const RATE_S = 2

/** Connections to one endpoint, whatever protocol they speak. */
export interface EndpointPool {
  /** Room on the connections that are there, in connections: two that are idle and one with half of its streams are 2.5. */
  readonly spare: number
  /**
   * Closes idle connections now and busy ones when they are done. Exchanges that
   * chose this endpoint before may still come: they get a connection that is
   * closed after them.
   */
  close(): void
}

/** Who looks at the answers of an endpoint. What fails for the sake of a client, or of ourselves, is never told. */
export interface EndpointJudge {
  /** The head of an answer is there. `status` is HTTP's, or what a status of gRPC stands for; it failed if it is 500 or more. */
  answered(status: number, latencyMs: number): void
  /** The whole of an answer whose head did not fail; `status` as its trailers have it. */
  completed(status: number): void
  /** There is none: no connection could be made, or it broke off, made no sense or did not come. */
  broke(): void
}

/** What an endpoint is to blame for once it is connected: a limit, an upgrade that it does not offer or a client's head that is too large for it say nothing of it. */
const blamed: ReadonlySet<FailureName> = new Set([
  'connection_terminated',
  'bundle_terminated',
  'bundle_stalled',
  'http_response_incomplete',
  'http_response_timeout',
  'http_protocol_error',
])

/** What a client can bring about with a backend that is well: an upgrade that it does not offer, a head beyond a limit; and a stream that a connection on its way out has refused. */
export const blameless: ReadonlySet<FailureName> = new Set([
  'http_upgrade_failed',
  'response_header_section_size',
  'connection_limit_reached',
])

/** What checks have found; null is healthy, or that nobody checks. */
export interface Sickness {
  /** For log and views: `status 503, expected 200`. */
  readonly reason: string
  /** It is not known to be sick, it just was never seen well. */
  readonly unchecked: boolean
}

/** Its cluster. */
export interface EndpointOwner<P extends EndpointPool> {
  makePool(endpoint: Endpoint<P>): P
  /** Another connection to it failed: the owner decides on ejection. */
  failed(endpoint: Endpoint<P>, nowMs: number): void
}

/**
 * One resolved address and port of a cluster. It lives as long as its cluster
 * names it, through any number of reloads: with its pool, its load and its record.
 */
export class Endpoint<P extends EndpointPool = EndpointPool> {
  /** `10.0.0.1:80`, `[::1]:80`. */
  readonly key: string
  /** IP address. */
  readonly address: string
  readonly port: number
  declaredWeight: number
  /** Of two levels the lower is used first. */
  priority = 0
  /** Where it runs; "" where that is not known. */
  zone = ''
  /** What it counts for now; less than declared while it is eased in, and anything where levels, zones or subsets share requests out. */
  weight: number
  /** Its cluster has it in service: neither ejected nor known to be unready. */
  serves = false
  /** It serves, and may be chosen: no level or zone before its own, and no other worker, is to have the requests. */
  isChoice = false
  /** Requests in flight. */
  active = 0
  /** Of the last seconds, as the sweep has measured it. */
  requestsPerS = 0
  private begun = 0
  private measuredMs = 0
  /** Connection failures since the last success. */
  failures = 0
  /** Why the last of them could not be made. */
  lastFailure: FailureName | null = null
  /** When it returns to service, in monotonic milliseconds; 0 while it serves. */
  ejectedUntilMs = 0
  /** Why it was ejected last, for log and views. */
  ejectedFor = ''
  /** What its EndpointSlice says where it is not ready. */
  readiness: NonNullable<Spec['readiness']> | null = null
  /** What checks have found; null where it is healthy, or nobody checks. */
  sickness: Sickness | null = null
  /** How often it was ejected of late; lengthens the next ejection. */
  ejections = 0
  returnedAtMs = 0
  /** Null where nothing is made of answers, which is then all that they cost. */
  judge: EndpointJudge | null = null
  /** Null where nobody chooses by it. */
  latency: PeakLatency | null = null
  private readonly owner: EndpointOwner<P>
  private made: P | null = null
  private closed = false

  constructor(owner: EndpointOwner<P>, address: string, port: number, weight: number) {
    this.key = authorityText(address, port)
    this.address = address
    this.port = port
    this.declaredWeight = weight
    this.weight = weight
    this.owner = owner
  }

  /** Made when first used: most endpoints of a large cluster never see this worker. */
  get pool(): P {
    return this.made ?? this.openPool()
  }

  /** The pool, if there is one already: for sweeps and metrics. */
  get openedPool(): P | null {
    return this.made
  }

  begin(): void {
    this.active++
    this.begun++
  }

  finish(): void {
    this.active--
  }

  /** How many requests began since the last time, in an average in which what is older than RATE_S counts little. */
  measure(nowMs: number): void {
    const seconds = (nowMs - this.measuredMs) / 1000
    if (seconds <= 0) return
    this.measuredMs = nowMs
    const rate = this.begun / seconds
    this.begun = 0
    this.requestsPerS += (rate - this.requestsPerS) * Math.min(1, seconds / RATE_S)
  }

  /** No connection could be made. What we lack ourselves says nothing of the endpoint: ejected for it, one after another would be gone. */
  connectFailed(failure: FailureName, nowMs: number): void {
    if (failures[failure].side === 'internal') return
    this.failures++
    this.lastFailure = failure
    this.latency?.observe(0, true)
    this.judge?.broke()
    this.owner.failed(this, nowMs)
  }

  /** A connection was made, or a kept one answered. */
  succeeded(): void {
    this.failures = 0
  }

  /** The head of an answer to an attempt is there; `status` as EndpointJudge has it, `latencyMs` since the attempt was sent. */
  answered(status: number, latencyMs: number): void {
    this.failures = 0
    this.latency?.observe(latencyMs, status >= 500)
    this.judge?.answered(status, latencyMs)
  }

  /** The whole of an answer whose head said less than 500 to the attempt. */
  completed(status: number): void {
    this.judge?.completed(status)
  }

  /** An attempt failed after it had its connection. */
  broke(failure: FailureName): void {
    if (!blamed.has(failure)) return
    this.latency?.observe(0, true)
    this.judge?.broke()
  }

  /** Connections would be made otherwise now: those that are there finish, and the next request gets a new one. */
  renew(): void {
    this.made?.close()
    this.made = null
  }

  /** No longer part of its cluster. */
  close(): void {
    this.closed = true
    this.made?.close()
  }

  private openPool(): P {
    const pool = this.owner.makePool(this)
    this.made = pool
    // An exchange that began before the endpoint was removed: nobody would close this pool later.
    if (this.closed) pool.close()
    return pool
  }
}
