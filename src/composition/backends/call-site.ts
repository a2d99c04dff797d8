import type { CallRecord } from '../calls/call-record.ts'
import type { RequestScope } from '../calls/scope.ts'
import type { Transport } from '../transport/transport.ts'

/** What clients need to know of the request that they call for. */
export interface CallSite {
  readonly request: RequestScope
  readonly transport: Transport
  /** `GET /users/{id}`; null where it is for no request in particular. */
  readonly route: string | null
  /** Of the client's request, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Whose share its calls count as; undefined: nobody's in particular. */
  readonly client: string | undefined
  /** Throws where the route declares its calls, and not this one. */
  allow(call: string): void
  began(record: CallRecord): void
  ended(record: CallRecord): void
}
