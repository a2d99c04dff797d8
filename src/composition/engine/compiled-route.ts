import type { Clock } from '../../upstream/clock.ts'
import { clientOf } from '../backends/clients.ts'
import type { CallSite } from '../backends/call-site.ts'
import { CallFailure } from '../calls/failure.ts'
import { RequestScope } from '../calls/scope.ts'
import { Answer, Problem } from '../routes/answer.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { FailureRule, PartialReport, Route } from '../routes/route.ts'
import { Checked } from '../schemas/checked.ts'
import type { Transport } from '../transport/transport.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer, GatewayRequest, Observer } from './messages.ts'
import { compositionFailed, problemOf, writeProblem } from './problems.ts'
import { RequestParts } from './request-parts.ts'
import { RouteRequest } from './route-request.ts'

interface Surroundings {
  readonly gateway: Gateway
  readonly transport: Transport
  readonly clock: Clock
  readonly observer: Observer
}

/** Of RFC 9110 §15.3.5, §15.3.6 and §15.4.5. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304])

/** A name in a list of names: what would end it, and what no field may have, is escaped. */
const inField = (name: string): string => name.replace(/[^\x20-\x2b\x2d-\x7e]/gu, encodeURIComponent)

/** What JSON cannot say (undefined, a function) is nothing: an answer has a body. */
const jsonOf = (value: unknown): string => (JSON.stringify(value) as string | undefined) ?? 'null'

interface RouteSchemas {
  readonly parts: RequestParts
  readonly out: Checked
}

/** Compiled once for all engines of a route: of the tests of a gateway each has its own engine. */
const compiledSchemas = new WeakMap<Route, RouteSchemas>()

function schemasOf(route: Route): RouteSchemas {
  let schemas = compiledSchemas.get(route)
  if (schemas === undefined) {
    schemas = {
      parts: new RequestParts(route.options.in ?? {}),
      out: new Checked('answer', route.options.out),
    }
    compiledSchemas.set(route, schemas)
  }
  return schemas
}

/** A route with what does not depend on a request made already. */
export class CompiledRoute {
  private readonly route: Route
  private readonly around: Surroundings
  private readonly name: string
  private readonly parts: RequestParts
  private readonly out: Checked
  private readonly rules: readonly FailureRule[]
  private readonly partial: PartialReport
  private readonly allowed: ReadonlySet<string> | null
  private readonly steps: Pick<Gateway, 'before' | 'after'>

  constructor(route: Route, around: Surroundings) {
    const { options } = route
    const { gateway } = around
    this.route = route
    this.around = around
    this.name = `${route.method} ${route.path}`
    const { parts, out } = schemasOf(route)
    this.parts = parts
    this.out = out
    this.rules = [...(options.failures ?? []), ...gateway.failures]
    this.partial = options.partial ?? 'header'
    this.allowed = options.calls === undefined ? null : new Set(options.calls)
    this.steps = {
      before: [...gateway.before, ...(options.before ?? [])],
      after: [...(options.after ?? []), ...gateway.after],
    }
  }

  /** Also when the route does not come to an end: then at its deadline, or when the client has gone. */
  async answer(
    request: GatewayRequest,
    path: string,
    search: string,
    params: Record<string, string>,
  ): Promise<GatewayAnswer> {
    const scope = this.scopeOf(request)
    const left = () => scope.cancel(new CallFailure('client_gone', ''))
    if (request.signal?.aborted === true) left()
    else request.signal?.addEventListener('abort', left, { once: true })
    try {
      const over = new Promise<never>((_, reject) => {
        if (scope.cancelledBy === null) scope.onCancel = reject
        else reject(scope.cancelledBy)
      })
      return await Promise.race([scope.run(() => this.run(scope, request, path, search, params)), over])
    } catch (error) {
      return this.failed(error, request)
    } finally {
      request.signal?.removeEventListener('abort', left)
      scope.end()
    }
  }

  private scopeOf({ deadlineMs = Infinity }: GatewayRequest): RequestScope {
    const { clock, gateway } = this.around
    const timeoutMs = Math.min(this.route.options.timeoutMs ?? gateway.timeoutMs, deadlineMs - clock.now())
    return new RequestScope(
      clock,
      clock.now() + timeoutMs,
      Math.min(gateway.mergeMs, Math.max(0, timeoutMs) / 10),
    )
  }

  private async run(
    scope: RequestScope,
    request: GatewayRequest,
    path: string,
    search: string,
    params: Record<string, string>,
  ): Promise<GatewayAnswer> {
    const parts = await this.parts.read(scope, request, params, search, this.around.gateway.limitBytes)
    const at = { method: request.method, path, route: this.route.path }
    const asked = new RouteRequest(scope, at, parts, this.clients(scope, request))
    return this.written(scope, request, await this.composed(scope, asked))
  }

  /** None of its steps begins when the request is over: nobody would hear of what it does. */
  private async composed(scope: RequestScope, asked: RouteRequest): Promise<Answer<unknown>> {
    for (const step of this.steps.before) {
      scope.throwIfCancelled()
      const given = await step(asked)
      if (given !== undefined) return given
    }
    scope.throwIfCancelled()
    const result: unknown = await this.route.options.run(asked as never)
    let given = result instanceof Answer ? result : new Answer(result, null, {})
    for (const step of this.steps.after) {
      scope.throwIfCancelled()
      given = (await step(given, asked)) ?? given
    }
    return given
  }

  private clients(scope: RequestScope, request: GatewayRequest): Readonly<Record<string, unknown>> {
    const { gateway, transport, observer } = this.around
    const site: CallSite = {
      request: scope,
      transport,
      headers: request.headers,
      allow: call => this.allow(call),
      began: record => observer.called?.(record, request),
      ended: record => observer.ended?.(record, request),
    }
    const clients: Record<string, unknown> = {}
    for (const [name, backend] of Object.entries(gateway.backends))
      clients[name] = clientOf(name, backend, site)
    return clients
  }

  private allow(call: string): void {
    if (this.allowed !== null && !this.allowed.has(call))
      throw new TypeError(`${this.name} calls "${call}", and declares only: ${[...this.allowed].join(', ')}`)
  }

  private written(scope: RequestScope, request: GatewayRequest, given: Answer<unknown>): GatewayAnswer {
    const { options } = this.route
    const status = given.status ?? options.status ?? 200
    checkFields(given.headers)
    if (WITHOUT_BODY.has(status)) return { status, headers: { ...given.headers }, body: '' }
    const { value, faults } = this.out.allow(given.body)
    if (faults.length > 0)
      throw new Misfit(
        this.name,
        faults.map(({ at, message }) => `${at} ${message}`),
      )
    const names = [...new Set(scope.partials.map(({ part }) => part.name))]
    for (const { error } of scope.partials) if (!(error instanceof CallFailure)) this.mistaken(error, request)
    const headers: Record<string, string> = { ...given.headers }
    headers['content-type'] ??= 'application/json'
    if (names.length === 0) return { status, headers, body: jsonOf(value) }
    return this.withPartial(names, status, headers, value)
  }

  private withPartial(
    names: readonly string[],
    status: number,
    headers: Record<string, string>,
    value: unknown,
  ): GatewayAnswer {
    const { partial } = this
    if (partial === 'refuse')
      throw new Problem(502, 'Parts of the answer cannot be had', { members: { partial: names } })
    // Nobody may keep for others what is only half of it.
    headers['cache-control'] = 'no-store'
    if (partial === 'header') {
      headers['x-portcullis-partial'] = names.map(inField).join(', ')
      return { status, headers, body: jsonOf(value) }
    }
    return { status, headers, body: JSON.stringify({ ...(value as object), [partial.member]: names }) }
  }

  /** What a problem is given may be no field, or no JSON: then that is what went wrong. */
  private failed(error: unknown, request: GatewayRequest): GatewayAnswer {
    try {
      return writeProblem(this.problemOf(error, request))
    } catch (mistake) {
      this.mistaken(mistake, request)
      return writeProblem(compositionFailed())
    }
  }

  private problemOf(error: unknown, request: GatewayRequest): Problem {
    if (error instanceof Problem) return error
    if (error instanceof CallFailure && error.failure !== 'cancelled') {
      const { relay } = this.around.gateway.backends[error.backend] ?? {}
      return problemOf(error, this.rules, relay?.includes('authorization') === true)
    }
    this.mistaken(error, request)
    return error instanceof Misfit
      ? new Problem(502, 'What the backends answered does not make what the API promises')
      : compositionFailed()
  }

  private mistaken(error: unknown, request: GatewayRequest): void {
    this.around.observer.mistaken?.(error, request, this.name)
  }
}

/** An answer that does not fit the schema of its route. */
class Misfit extends Error {
  override readonly name = 'Misfit'

  constructor(route: string, faults: readonly string[]) {
    super(`${route} answers what its schema does not allow: ${faults.join('; ')}`)
  }
}
