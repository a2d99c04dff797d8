import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { CacheReader } from '../shared/cache/reader.ts'
import type { Counters, Place, Whose } from '../shared/counters.ts'
import type { Lookup } from '../shared/table.ts'
import type { Logger } from '../telemetry/log.ts'
import type { MetricsScope } from '../telemetry/metrics.ts'
import type { Cancel } from '../upstream/clock.ts'
import type { Drainable } from '../upstream/keep.ts'
import type { BodyNext, BodyTransform } from './body.ts'

/** What a filter is given when it is compiled. State is found by keys of its own choice, and so neither multiplies by port and snapshot nor is lost by a reload. */
export interface Kit {
  /** Asks a cluster. Rejects with a CallFailure where there is no whole answer. */
  call(cluster: string, request: OutgoingRequest, options: CallOptions): Promise<IncomingResponse>
  /**
   * Asks a cluster for what it makes of a body, piece by piece. Resolves with the head of the answer, before anything of
   * the body is sent; deadline and patience are for that. Rejects with a CallFailure.
   */
  stream(cluster: string, request: OutgoingRequest, options: CallOptions): Promise<StreamedResponse>
  /** Exchanges that have begun may ask this cluster, and its threads, as long as they last: also once no snapshot names it. */
  hold(cluster: string): void
  /** This cluster, for who sends a request there in place of its own backend (Elsewhere). */
  backend(cluster: string): OtherBackend
  /** Numbers of one purpose, exact across the workers of this node; they outlive reloads. `whose`: strangers' where it is left out. */
  counters(name: string, whose?: Whose): SharedCounters
  /** Rows that the main thread fills, looked up without waiting. */
  table<T>(name: string): Lookup<T>
  /** Answers that the workers of this node keep. Not to be asked for before there are requests. */
  responses(): CacheReader
  /** The one of this key in this worker, made by `make` if there is none; drained when a reload leaves nobody who asks for it. */
  keep<T extends Drainable>(key: string, make: () => T): T
  /** Tells the service on the main thread that listens on this channel; what structured clone can say. */
  tell(channel: string, message: unknown): void
  /** Series of families in telemetry/families.ts; given back when the snapshot has gone. */
  readonly metrics: Pick<MetricsScope, 'counter' | 'gauge' | 'histogram'>
  /** Among how many workers the limits of this process are shared. */
  readonly workers: number
  readonly clock: KitClock
  readonly log: Pick<Logger, 'error' | 'warn' | 'info' | 'debug'>
}

/** The proxy's to use. */
export interface OtherBackend {
  readonly cluster: string
}

export interface KitClock {
  /** Monotonic milliseconds, as Exchange.deadlineMs and CallOptions.deadlineMs. */
  now(): number
  /** Microseconds that mean the same in all workers: what counters are told. */
  sharedUs(): number
  /** Milliseconds since 1970. */
  wallMs(): number
  /** Runs once after `ms`, and never keeps the process alive. The answer cancels it. */
  after(ms: number, run: () => void): Cancel
}

export interface OutgoingRequest {
  readonly method: string
  /** Canonical path, and "?" and query. */
  readonly target: string
  /** What Host says. */
  readonly authority: string
  /** End-to-end fields, name, value …; those that the codec owns (RequestHead.fields) are left out. */
  readonly fields: readonly string[]
  readonly body?: Buffer
  /** A body is to come, and nobody knows how long it is. */
  readonly streams?: true
  /** The trailers of the answer are wanted (`TE: trailers`), as in gRPC. */
  readonly trailers?: true
}

export interface CallOptions {
  /** Gives it up; Exchange.signal, mostly. */
  readonly signal: AbortSignal | null
  /** When it has failed, by KitClock.now; Infinity: never. */
  readonly deadlineMs: number
  /** Largest body of the answer; a longer one is refused. */
  readonly limitBytes: number
  /** Exchange.clientAddress, on whose behalf it is: whose share of the cluster it takes. */
  readonly client?: string
  /** Exchange.spanHome. */
  readonly spanHome?: SpanHome | undefined
  /**
   * Milliseconds for which it waits for a place of the cluster before the longest call of the client that has most of them
   * gives way, where that has more. It gives way itself then (connection_limit_reached). Absent: neither.
   */
  readonly patienceMs?: number
}

export interface IncomingResponse {
  readonly status: number
  readonly fields: Fields
  readonly body: Buffer
  /** Null where there are none. */
  readonly trailers: Fields | null
}

/** The head of an answer whose body is still to come; one of the three is to be called. */
export interface StreamedResponse {
  readonly status: number
  readonly fields: Fields
  /** All of its body, where it has that without the other's. Rejects with a CallFailure, also where it is more than the limit. */
  whole(): Promise<Buffer>
  /**
   * Sends what passes there, and passes on what comes back; trailers pass by. Breaks off by `failure` where the answer does
   * not come to its end, or neither takes nor gives anything for `stallMs` of which it could.
   */
  transform(next: BodyNext, failure: FailureName, stallMs: number): BodyTransform
  /** Nobody wants it. */
  close(): void
}

/** Why there is no answer, by its name in http/failures.ts. */
export class CallFailure extends Error {
  readonly failure: FailureName
  readonly detail: string

  constructor(failure: FailureName, detail: string) {
    super(detail === '' ? failure : `${failure}: ${detail}`)
    this.name = 'CallFailure'
    this.failure = failure
    this.detail = detail
  }
}

/** As Counters of shared/: `aim`, then `read` and `swap` within the same turn, until that is not `changed`. */
export interface SharedCounters extends Pick<Counters, 'crowded' | 'read' | 'swap' | 'hash'> {
  aim(key: string, crowd: string): unknown
  /** By what `hash` made of a key. */
  aimAt(hash: Place, crowd: string): unknown
}
