import type { Call } from '../calls/call.ts'
import type { CallOptions, Method } from './contract.ts'
import type { Events } from './events.ts'

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number | boolean)[]

export interface HttpOptions extends CallOptions {
  /** For the names of the path's braces. */
  readonly path?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, QueryValue>>
  /** Bytes and text go as they are, everything else as JSON. */
  readonly body?: unknown
}

/** The answer of a backend without a contract, its body whole. */
export interface HttpAnswer {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
  /** The body as UTF-8. */
  text(): string
  /** Throws a CallFailure `backend_response_invalid` where it is none. */
  json(): unknown
}

/** A client of a backend without a contract: `c.legacy.get('/report/{year}', { path: { year } })`. */
export type HttpClient = {
  readonly [M in Method]: (path: string, options?: HttpOptions) => Call<HttpAnswer>
} & Events
