import type { Clock } from '../../upstream/clock.ts'
import { clientsOf } from '../backends/clients.ts'
import type { RequestScope } from '../calls/scope.ts'
import { Problem } from '../routes/answer.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { Route } from '../routes/route.ts'
import { Shelf } from '../streams/shelf.ts'
import { Retrying } from '../transport/retrying.ts'
import type { Transport } from '../transport/transport.ts'
import type { CompiledRoute } from './compiled-route.ts'
import { compiled } from './kinds.ts'
import type { GatewayAnswer, GatewayRequest, Observer } from './messages.ts'
import { compositionFailed, writeProblem } from './problems.ts'
import { tellUnrouted } from './request-record.ts'

export interface EngineOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly observer?: Observer
  /** Of 0 to 1, for how long to wait before something is repeated. */
  readonly random?: () => number
  /** Of a filter: what its Filter has for it, checked. */
  readonly config?: unknown
}

/** Runs a composition: takes requests, makes calls by a transport, answers. Knows no sockets, and time by its clock. */
export class Engine {
  private readonly gateway: Gateway
  private readonly routes = new Map<Route, CompiledRoute>()
  private readonly transport: Transport
  private readonly clock: Clock
  private readonly observer: Observer
  private readonly shelf: Shelf
  private readonly config: unknown

  constructor(gateway: Gateway, { transport, clock, observer = {}, random, config }: EngineOptions) {
    this.gateway = gateway
    this.transport = transport.retries === true ? transport : new Retrying(transport, clock, random)
    this.clock = clock
    this.observer = observer
    this.config = config
    this.shelf = new Shelf(gateway.backends, clock, scope => this.clientsOfAll(scope))
  }

  /** Never fails. What no route takes is 404, or 405 where it takes other methods. */
  answer(request: GatewayRequest): Promise<GatewayAnswer> {
    const [path, search] = split(request.target)
    const refused = (error: unknown): GatewayAnswer => {
      const answer = this.unrouted(error, request, path)
      tellUnrouted(this.observer, request, answer, this.clock.now())
      return answer
    }
    try {
      const found = this.gateway.router.find(request.method, path, request.upgrade !== undefined)
      if (found === null) throw new Problem(404, 'No route takes the request')
      if (!('route' in found))
        throw new Problem(405, 'The path does not take the method', { headers: { allow: found.join(', ') } })
      const answer = this.compiled(found.route).answer(request, { path, search, params: found.params })
      return answer.then(request.method === 'HEAD' ? withoutBody : null, refused)
    } catch (error) {
      return Promise.resolve(refused(error))
    }
  }

  /** No request will come any more, and those that came are answered: what is kept going for others ends. */
  close(): void {
    this.shelf.endUntaken()
  }

  private unrouted(error: unknown, request: GatewayRequest, path: string): GatewayAnswer {
    if (error instanceof Problem) return writeProblem(error)
    if (error instanceof URIError)
      return writeProblem(new Problem(400, 'The path of the request has a broken escape'))
    // A schema that cannot be compiled: like what a route does wrong when it runs.
    this.observer.mistaken?.(error, request, `${request.method} ${path}`)
    return writeProblem(compositionFailed())
  }

  /** When it is first asked for: a test that asks for one of a hundred routes need not wait for the others' schemas. */
  private compiled(route: Route): CompiledRoute {
    let found = this.routes.get(route)
    if (found === undefined) {
      const { gateway, transport, clock, observer, shelf, config } = this
      found = compiled(route, { gateway, transport, clock, observer, shelf, config })
      this.routes.set(route, found)
    }
    return found
  }

  /** For streams that are of no client: they have nobody's fields. */
  private clientsOfAll(scope: RequestScope): Readonly<Record<string, unknown>> {
    const { gateway, transport, observer } = this
    return clientsOf(gateway.backends, {
      request: scope,
      transport,
      route: null,
      headers: {},
      client: undefined,
      allow: () => undefined,
      began: record => observer.called?.(record, OF_ALL),
      ended: record => observer.ended?.(record, OF_ALL),
    })
  }
}

/** What calls of shared streams are told to be for. */
const OF_ALL: GatewayRequest = { method: 'GET', target: '*', headers: {}, body: null }

/** What would have come is let go: nobody waits for that. */
function withoutBody(answer: GatewayAnswer): GatewayAnswer {
  const { body } = answer
  if (typeof body !== 'string' && !(body instanceof Uint8Array))
    body[Symbol.asyncIterator]()
      .return?.(undefined)
      .catch(() => undefined)
  return { ...answer, body: '' }
}

function split(target: string): [path: string, search: string] {
  const at = target.indexOf('?')
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
}
