import type { RequestScope } from '../calls/scope.ts'
import type { Transport } from '../transport/transport.ts'

/** What clients need to know of the request that they call for. */
export interface CallSite {
  readonly request: RequestScope
  readonly transport: Transport
  /** Of the client's request, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Throws where the route declares its calls, and not this one. */
  allow(call: string): void
  began(record: CallRecord): void
  ended(record: CallRecord): void
}

/** What became of a call: written as it goes on. Times by the engine's clock. */
export interface CallRecord {
  /** `users GET /users/{id}` */
  readonly call: string
  readonly startedMs: number
  endedMs: number | null
  /** `ok`, or the failure's name. */
  outcome: string | null
  status: number | null
  attempts: number
}
