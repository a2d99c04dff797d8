import type { CallRecord } from '../calls/call-record.ts'
import type { Cancellation } from '../../shared/cancellation.ts'
import type { Holding } from '../calls/holding.ts'
import type { Tunnel } from '../streams/tunnel.ts'

/**
 * How a composition reaches its backends: the engine makes requests, a transport carries them. Neither statuses nor
 * media types mean anything to it.
 */
export interface Transport {
  /**
   * The head of the answer, as soon as it is here. Fails with a CallFailure of `src/http/failures.ts`, and with the
   * signal's reason when that is aborted: also while the body comes, which then ends in that.
   */
  send(request: BackendRequest): Promise<BackendAnswer>
  /**
   * Opens a WebSocket: a GET with `Upgrade`, of which the transport makes the handshake (key, version, and whether the
   * answer accepts it). `sec-websocket-protocol` is among the request's fields where one is asked for, and among those of
   * the answer where one was chosen. Fails as `send` does; with `backend_status` and what it said where the backend answers
   * with a status of 300 or more, with `http_upgrade_failed` where it does not switch as asked. The signal ends the tunnel too.
   */
  open?(request: BackendRequest): Promise<OpenedTunnel>
  /** Whether it repeats what failed by `retry` itself. */
  readonly retries?: true
  /** Whether it writes what is left of the time into `deadlineHeader` of backends itself. */
  readonly tellsDeadlines?: true
}

export interface OpenedTunnel {
  /** Of the 101, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly tunnel: Tunnel
}

export interface BackendRequest {
  /** The name of the backend in the composition, and where it is. */
  readonly backend: string
  readonly url: URL
  /** `users GET /users/{id}`: what is told of the call, and what stubs are found by. */
  readonly call: string
  /** It needs HTTP/2 (gRPC: a body that streams while the answer does, and trailers). Left out: any version. */
  readonly protocol?: 'h2'
  readonly method: string
  /** Path and query as they go on the wire. */
  readonly target: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** One that streams is sent once, and never repeated. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null
  readonly signal: Cancellation
  /** By the engine's clock. The engine itself ends the call then; a transport tells it to those who are asked. */
  readonly deadlineMs: number
  readonly retry: RetrySettings | null
  /** Whether it may be repeated that a backend may have acted on it: it is safe, or has an idempotency key. */
  readonly repeatable: boolean
  /** Whether its answer may go on without end: `timeoutMs` of its backend is for the beginning of that. Left out: no. */
  readonly streams?: boolean
  /** Whose share it counts as where the backend has not enough for all; undefined: nobody's in particular. */
  readonly client?: string | undefined
  /** Who is told what of the answer waits in memory; undefined: nobody. */
  readonly holding?: Holding | undefined
  /** A transport writes there what it does for the call, also where that fails. Left out: nobody reads it. */
  readonly record?: CallRecord
}

/** What is repeated where that can be done: a failure of the network, or a status of `statuses`. */
export interface RetrySettings {
  /** At most so many beyond the first. */
  readonly attempts: number
  /** At most this share of the requests of the last ten seconds (and ten a second at least) may be retries. */
  readonly budget: number
  readonly statuses: readonly number[]
  /** Of gRPC: codes that an answer without messages may have. */
  readonly grpcCodes?: readonly number[]
}

export interface BackendAnswer {
  readonly status: number
  /** By their names in lower case; several of a name are joined by a comma, of `set-cookie` by a line feed. */
  readonly headers: Readonly<Record<string, string>>
  /** What the backend has told of the body's length, also where there is none (HEAD, 304); absent: nothing. */
  readonly lengthBytes?: number
  readonly body: AnswerBody
}

/** A body is read once, or cancelled. */
export interface AnswerBody extends AsyncIterable<Uint8Array> {
  /** What came behind it (gRPC), by names in lower case; empty before its end, and where nothing did. */
  readonly trailers?: Readonly<Record<string, string>>
  /** All of it; fails with `http_response_body_size` where it is longer than `limitBytes`. */
  bytes(limitBytes: number): Promise<Uint8Array>
  /** All of it where that is little, is here and has ended well; else null, and it is still to be read. Left out: always null. */
  whole?(): Uint8Array | null
  /** Nobody reads it, or the rest of it. */
  cancel(): void
}
