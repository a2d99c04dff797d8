import type { GrpcCode } from '../grpc/codes.ts'

/** What became of a call: written as it goes on. Times by the engine's clock. */
export interface CallRecord {
  /** `users GET /users/{id}` */
  readonly call: string
  /** Of its request (`GET /users/{id}`); null of a stream that many requests share. */
  readonly route: string | null
  readonly startedMs: number
  endedMs: number | null
  /** `ok`, or the failure's name. */
  outcome: string | null
  status: number | null
  /** Of gRPC: the code that the backend ended it with, where that was not OK. */
  grpcCode: GrpcCode | null
  /** Of all requests that were sent for it, also where they failed. */
  attempts: number
  /** Of what was sent last, as it went on the wire; null before that. */
  sent: SentRequest | null
  cache: CacheMark | null
  /** Something has answered in the backend's place. */
  fallback: boolean
  /** Of Trace Context, in place of the client's: where somebody who watches makes a span of the call. */
  traceparent: string | null
}

/** It is of a cache: fresh, too old and given all the same, or of an equal call that was under way. */
export type CacheMark = 'hit' | 'stale' | 'collapsed'

export interface SentRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
}

export function newCallRecord(call: string, startedMs: number, route: string | null = null): CallRecord {
  return {
    call,
    route,
    startedMs,
    endedMs: null,
    outcome: null,
    status: null,
    grpcCode: null,
    attempts: 0,
    sent: null,
    cache: null,
    fallback: false,
    traceparent: null,
  }
}
