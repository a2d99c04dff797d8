import type { RequestScope } from '../calls/scope.ts'
import type { Asked } from '../routes/route.ts'
import type { Parts } from './request-parts.ts'

/** A request as a route and its filters see it. */
export class RouteRequest implements Asked {
  readonly method: string
  readonly path: string
  readonly route: string
  readonly headers: Asked['headers']
  readonly params: Asked['params']
  readonly query: Asked['query']
  readonly body: unknown
  readonly c: Readonly<Record<string, unknown>>
  private readonly scope: RequestScope

  constructor(
    scope: RequestScope,
    at: Pick<Asked, 'method' | 'path' | 'route'>,
    { headers, params, query, body }: Parts,
    c: Readonly<Record<string, unknown>>,
  ) {
    this.scope = scope
    this.method = at.method
    this.path = at.path
    this.route = at.route
    this.headers = headers
    this.params = params
    this.query = query
    this.body = body
    this.c = c
  }

  /** Of what streams: where a client that comes back was. */
  get lastEventId(): string | null {
    return this.headers['last-event-id'] ?? null
  }

  get signal(): AbortSignal {
    return this.scope.signal
  }

  /** A property, so that a route may take it out of its argument. */
  readonly leftMs = (): number => Math.max(0, this.scope.deadlineMs - this.scope.clock.now())
}
