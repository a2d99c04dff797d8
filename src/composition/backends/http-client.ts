import type { Call } from '../calls/call.ts'
import type { HttpOptions } from './call-options.ts'
import type { Method } from './contract.ts'
import type { Events } from './event-types.ts'

export type { HttpOptions, QueryValue } from './call-options.ts'

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
