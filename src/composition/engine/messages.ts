import type { CallRecord } from '../backends/call-site.ts'

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
}

export interface GatewayAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty where there is none. What streams is read once, as fast as the client takes it; to return from it early ends what makes it. */
  readonly body: AnswerContent
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
