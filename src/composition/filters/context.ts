import type { Backends, Clients } from '../backends/backend.ts'
import type { Answer } from '../routes/answer.ts'
import type { BodyUse } from '../../shared/crossing/filtering.ts'
import type { HeldBody } from './held-body.ts'
import type { FilterHeaders } from './headers.ts'
import type { FilterFailure } from './outcome.ts'
import type { StreamedBody } from './streamed-body.ts'

/** What a function of a filter gives: nothing, and the request or its answer goes on; else what is answered in its place. */
export type Outcome = void | Answer<unknown> | FilterFailure

/** What is the same for a request and for its answer. */
export interface FilterContext<B extends Backends, C> {
  /** X-Request-Id. */
  readonly id: string
  /** The clients of the filter's backends. */
  readonly c: Clients<B>
  /** `spec.config` of the Filter, checked. */
  readonly config: C
  /** The client's address, after trusted hops. */
  readonly client: string
  /** Which rule of which route has taken the request: `httproute/default/items/0`. */
  readonly route: string
  /** What `request` leaves there `response` finds: JSON, and nothing that is of one thread. */
  state: unknown
  /** Aborted when the client has gone, or time is up. For what is no call of `c`. */
  readonly signal: AbortSignal
  /** What is left of the time of this step; Infinity once it has let go on what streams. */
  leftMs(): number
}

export type BodyOf<U extends BodyUse> = U extends 'held'
  ? { readonly body: HeldBody }
  : U extends 'stream'
    ? { readonly body: StreamedBody }
    : unknown

/** A request at the place of the filter: what filters before it have made of it. */
export interface RequestView {
  readonly method: string
  /** `http` or `https`, as the client used it. */
  readonly scheme: string
  /** With its port, where the client sent one. */
  readonly host: string
  /** Canonical, still escaped. */
  readonly path: string
  /** With its leading `?`, or empty. */
  readonly query: string
  readonly headers: FilterHeaders
}

/** What `request` is given. */
export type FilterRequest<B extends Backends, C, U extends BodyUse> = FilterContext<B, C> &
  Omit<RequestView, 'path' | 'query'> &
  BodyOf<U> & {
    /** Canonical, still escaped. What is written there is what the backend is asked for. */
    path: string
    /** With its leading `?`, or empty; as `path`. */
    query: string
  }

/** What `response` is given. */
export type FilterResponse<B extends Backends, C, U extends BodyUse> = FilterContext<B, C> &
  BodyOf<U> & {
    /** May be another one, as long as both have a body, or neither may have one. */
    status: number
    readonly headers: FilterHeaders
    /** By what the gateway made the answer itself (docs/reference/failures.md), or null. */
    readonly failure: string | null
    /** As the filter let it go on. */
    readonly request: RequestView
  }
