import type { RequestHead, ResponseHead } from '../http/head.ts'
import type { FilterConfig, RoleName } from '../snapshot/snapshot.ts'

/**
 * What a filter sees of an exchange. The request is changed in place before it
 * is forwarded, the response before its head is sent.
 */
export interface Exchange {
  /** X-Request-Id. */
  readonly id: string
  readonly request: RequestHead
  /** Set from the moment a response's head (upstream's or our own) is there. */
  readonly response: ResponseHead
  /** The client's address after trusted hops. */
  readonly clientAddress: string
  /** Port of the listener, as a number. */
  readonly localPort: number
}

/** Undefined: go on. A response: answer with it here; later request filters and the action are skipped. */
export type Verdict = undefined | LocalResponse

/** An answer made by the gateway. The codec adds Date, Content-Length and connection management. */
export interface LocalResponse {
  readonly status: number
  /** Name, value, name, value … */
  readonly fields: readonly string[]
  readonly body: string | Buffer
}

/**
 * A compiled filter. Both phases are synchronous unless they return a promise,
 * and the loop awaits only then. Response filters run in reverse order.
 */
export interface Filter {
  request?(x: Exchange): Verdict | Promise<Verdict>
  response?(x: Exchange): void | Promise<void>
}

/** One row of the table in order.ts. */
export interface FilterType<C extends FilterConfig = FilterConfig> {
  readonly type: C['type']
  readonly role: RoleName
  /** Everything that does not depend on a request happens here, once per snapshot. */
  compile(config: C): Filter
}
