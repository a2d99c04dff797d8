import type { Cancellation } from '../../shared/cancellation.ts'
import type { FilterCall } from '../../shared/crossing/filtering.ts'
import type { CallRecord } from '../calls/call-record.ts'
import type { Holding } from '../calls/holding.ts'
import type { GrpcCode } from '../grpc/codes.ts'
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
  readonly signal?: Cancellation
  /** By the engine's clock, where somebody before has one; the route's own holds beside it. */
  readonly deadlineMs?: number | undefined
  /** The client asks for a WebSocket (a GET of RFC 6455, or what RFC 8441 makes of it); `Sec-WebSocket-*` are among the fields. */
  readonly upgrade?: 'websocket' | undefined
  /** Whose share it and its calls count as where there is not enough for all; absent: nobody's in particular. */
  readonly client?: string
  /** Whoever makes spans of it is told where they go; absent: where those go of whom nobody says it. */
  readonly spanHome?: object | undefined
  /** Who is told what is kept in memory for it; absent: nobody. */
  readonly holding?: Holding
  /** With the method `FILTER`: what a filter is asked. `headers` are those of the client's request all the same. */
  readonly filtering?: FilterCall
}

export interface GatewayAnswer {
  readonly status: number
  /** By their names in lower case; several of `set-cookie` are lines of one value. */
  readonly headers: Readonly<Record<string, string>>
  /** Empty where there is none. What streams is read once, as fast as the client takes it; to return from it early ends what makes it. */
  readonly body: AnswerContent
  /** It may go on without end: as long as it does it is a stream, and no request that is under way. A tunnel always is. */
  readonly goesOn?: boolean
  /**
   * With status 101 alone, which is never the answer to a request without `upgrade`: who carries the answer hands over
   * the connection, once. `Sec-WebSocket-Accept` is for who carries it.
   */
  readonly tunnel?: (tunnel: Tunnel) => void
}

export type AnswerContent = string | Uint8Array | AsyncIterable<Uint8Array>

/** What became of a request: written as it goes on. Times by the engine's clock. */
export interface RequestRecord {
  readonly request: GatewayRequest
  /** `GET /me/{id}/home`; null where no route takes it. */
  readonly route: string | null
  readonly startedMs: number
  /** When nothing of its answer was left to give. */
  endedMs: number | null
  status: number | null
  /** What has kept it from its answer, or from the end of that: a failure's name, or `error`. */
  failure: string | null
  /** The method of a backend that it is for, where it is transcoded. */
  method: MethodRecord | null
  /** Parts of its answer that are missing; none where there is no answer. */
  partials: readonly string[]
}

/** A request of a method of gRPC, in whatever protocol. */
export interface MethodRecord {
  /** `/v1/books/{name}`, of a rule of google.api.http; null of what calls the method by its name. */
  readonly template: string | null
  /** What it is called by (`rpc.system` of OpenTelemetry); null of REST. */
  readonly system: 'grpc' | 'connect_rpc' | null
  /** `shop.v1.Shop`, and `GetBook`. */
  readonly service: string
  readonly name: string
  /** What the client was told, once it has been. */
  readonly code: GrpcCode | null
}

/** What the engine tells who watches it. */
export interface Observer {
  /** Before anything is called for it. */
  entered?(record: RequestRecord): void
  /** Its answer has been given to the end, or what there will be of it. */
  left?(record: RequestRecord): void
  /** A call has begun; its record is written until it has ended. */
  called?(call: CallRecord, request: GatewayRequest): void
  ended?(call: CallRecord, request: GatewayRequest): void
  /** A mistake of the composition, which a client is not told of: what was thrown, or that an answer does not fit its schema. */
  mistaken?(error: unknown, request: GatewayRequest, route: string): void
}
