import type { CallRecord } from '../backends/call-site.ts'
import type { Tunnel } from '../streams/tunnel.ts'

/** A request as the engine takes it, from whatever protocol it came by. */
export interface GatewayRequest {
  readonly method: string
  /** Path and query, canonical, in origin form. */
  readonly target: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array> | null
  /** Aborted when the client has gone. */
  readonly signal?: AbortSignal
  /** By the engine's clock, where somebody before has one; the route's own holds beside it. */
  readonly deadlineMs?: number
  /** The client asks for a WebSocket (a GET of RFC 6455, or what RFC 8441 makes of it); `Sec-WebSocket-*` are among the fields. */
  readonly upgrade?: 'websocket'
}

export interface GatewayAnswer {
  readonly status: number
  /** By their names in lower case; several of `set-cookie` are lines of one value. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty where there is none. What streams is read once, as fast as the client takes it; to return from it early ends what makes it. */
  readonly body: AnswerContent
  /**
   * With status 101 alone, which is never the answer to a request without `upgrade`: who carries the answer hands over
   * the connection, once. `Sec-WebSocket-Accept` is for who carries it.
   */
  readonly tunnel?: (tunnel: Tunnel) => void
}

export type AnswerContent = string | Uint8Array | AsyncIterable<Uint8Array>

/** What the engine tells who watches it. */
export interface Observer {
  /** A call has begun; its record is written until it has ended. */
  called?(call: CallRecord, request: GatewayRequest): void
  ended?(call: CallRecord, request: GatewayRequest): void
  /** A mistake of the composition, which a client is not told of: what was thrown, or that an answer does not fit its schema. */
  mistaken?(error: unknown, request: GatewayRequest, route: string): void
}
