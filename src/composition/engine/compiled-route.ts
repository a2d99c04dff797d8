import type { Clock } from '../../upstream/clock.ts'
import { clientsOf } from '../backends/clients.ts'
import type { CallSite } from '../backends/call-site.ts'
import { CallFailure, failureNameOf } from '../calls/failure.ts'
import { RequestScope } from '../calls/scope.ts'
import { Problem, type Answer } from '../routes/answer.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { FailureRule, Route } from '../routes/route.ts'
import { SlowClient } from '../streams/bounded-queue.ts'
import type { Shelf } from '../streams/shelf.ts'
import type { Transport } from '../transport/transport.ts'
import { Course, type Target } from './course.ts'
import type { GatewayAnswer, GatewayRequest, Observer, RequestRecord } from './messages.ts'
import { Misfit } from './misfit.ts'
import { compositionFailed, problemOf, writeProblem } from './problems.ts'
import { RequestParts, type Parts } from './request-parts.ts'
import { newRequestRecord } from './request-record.ts'
import { RouteRequest } from './route-request.ts'

export interface Surroundings {
  readonly gateway: Gateway
  readonly transport: Transport
  readonly clock: Clock
  readonly observer: Observer
  readonly shelf: Shelf
  /** Of a filter. */
  readonly config: unknown
}

/** A route with what does not depend on a request made already. Each kind of route has a class of its own. */
export abstract class CompiledRoute<R extends Route = Route> {
  protected readonly route: R
  protected readonly around: Surroundings
  /** `GET /users/{id}` */
  protected readonly name: string
  private readonly parts: RequestParts
  private readonly rules: readonly FailureRule[]
  private readonly allowed: ReadonlySet<string> | null
  private readonly steps: Pick<Gateway, 'before' | 'after'>

  constructor(route: R, around: Surroundings) {
    const { options } = route
    const { gateway } = around
    this.route = route
    this.around = around
    this.name = `${route.method} ${route.path}`
    this.parts = RequestParts.of(options.in ?? NOTHING)
    this.rules = [...(options.failures ?? []), ...gateway.failures]
    this.allowed = options.calls === undefined ? null : new Set<string>(options.calls)
    this.steps = {
      before: [...gateway.before, ...(options.before ?? [])],
      after: [...(options.after ?? []), ...gateway.after],
    }
  }

  /** Also when the route does not come to an end: then at its deadline, or when the client has gone. */
  async answer(request: GatewayRequest, target: Target): Promise<GatewayAnswer> {
    const course = new Course(this.scopeOf(request), request, target)
    const record = this.recordOf(course)
    try {
      const answer = await this.ran(course, record)
      record.status = answer.status
      if (!goesOn(answer)) course.end()
      return answer
    } catch (error) {
      const failed = this.failed(error, request)
      record.status = failed.status
      if (!(error instanceof Problem)) record.failure = failureNameOf(error)
      course.end()
      return failed
    }
  }

  /** `run`, or what the request ended with meanwhile. */
  protected ran(course: Course, record: RequestRecord): Promise<GatewayAnswer> {
    return course.orOver(() => this.run(course, record))
  }

  private recordOf(course: Course): RequestRecord {
    const { observer, clock } = this.around
    const { request, scope } = course
    const record = newRequestRecord(request, this.name, clock.now())
    observer.entered?.(record)
    course.afterEnd(failure => {
      record.endedMs = clock.now()
      record.failure ??= failure
      if (scope.partials.length > 0 && record.failure === null)
        record.partials = [...new Set(scope.partials.map(({ part }) => part.name))]
      observer.left?.(record)
    })
    return record
  }

  /**
   * The answer. What streams (a body that is iterated, a tunnel) has the course until it has ended, and must end it then
   * (`course.end`), also where it is never read: when the course is over, `course.onOver` is told.
   */
  protected abstract run(course: Course, record: RequestRecord): Promise<GatewayAnswer>

  private scopeOf({ deadlineMs = Infinity, holding, client = '' }: GatewayRequest): RequestScope {
    const { clock, gateway } = this.around
    const timeoutMs = Math.min(this.route.options.timeoutMs ?? gateway.timeoutMs, deadlineMs - clock.now())
    const mergeMs = Math.min(gateway.mergeMs, Math.max(0, timeoutMs) / 10)
    const scope = new RequestScope(clock, clock.now() + timeoutMs, mergeMs)
    scope.commons = this.around.shelf
    scope.client = client
    if (holding !== undefined) scope.holding = holding
    return scope
  }

  /** The request, checked. */
  protected asked(course: Course): RouteRequest | Promise<RouteRequest> {
    const parts = this.parts.read(course, this.around.gateway.limitBytes)
    return parts instanceof Promise
      ? parts.then(all => this.routeRequest(course, all))
      : this.routeRequest(course, parts)
  }

  private routeRequest({ scope, request, target }: Course, parts: Parts): RouteRequest {
    const at = { method: request.method, path: target.path, route: this.route.path }
    return new RouteRequest(scope, at, parts, this.clients(scope, request))
  }

  /** Through the filters, and by `work` where none answers. No step begins when the request is over: nobody would hear of what it does. */
  protected through(
    course: Course,
    asked: RouteRequest,
    work: () => Promise<Answer<unknown>>,
  ): Promise<Answer<unknown>> {
    if (this.hasSteps) return this.throughSteps(course, asked, work)
    course.scope.throwIfCancelled()
    return work()
  }

  protected get hasSteps(): boolean {
    return this.steps.before.length + this.steps.after.length > 0
  }

  private async throughSteps(
    { scope }: Course,
    asked: RouteRequest,
    work: () => Promise<Answer<unknown>>,
  ): Promise<Answer<unknown>> {
    for (const step of this.steps.before) {
      scope.throwIfCancelled()
      const given = await step(asked)
      if (given !== undefined) return given
    }
    scope.throwIfCancelled()
    let given = await work()
    for (const step of this.steps.after) {
      scope.throwIfCancelled()
      given = (await step(given, asked)) ?? given
    }
    return given
  }

  protected clients(scope: RequestScope, request: GatewayRequest): Readonly<Record<string, unknown>> {
    return clientsOf(this.around.gateway.backends, this.siteOf(scope, request))
  }

  /** For calls of a request. */
  protected siteOf(scope: RequestScope, request: GatewayRequest): CallSite {
    const { transport, observer } = this.around
    return {
      request: scope,
      transport,
      route: this.name,
      headers: request.headers,
      client: request.client,
      allow: call => this.allow(call),
      began: record => observer.called?.(record, request),
      ended: record => observer.ended?.(record, request),
    }
  }

  private allow(call: string): void {
    if (this.allowed !== null && !this.allowed.has(call))
      throw new TypeError(`${this.name} calls "${call}", and declares only: ${[...this.allowed].join(', ')}`)
  }

  /** A failure where an answer has begun already: JSON of its problem. */
  protected problemText(error: unknown, request: GatewayRequest): string {
    const { body } = this.failed(error, request)
    return (body as string).trimEnd()
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

  /** What a failure is told as; mistakes are reported, and clients are told nothing of them. */
  protected problemOf(error: unknown, request: GatewayRequest): Problem {
    if (error instanceof Problem) return error
    if (error instanceof SlowClient) return new Problem(503, 'The stream was not taken fast enough')
    if (error instanceof CallFailure && error.failure !== 'cancelled') {
      const { relay } = this.around.gateway.backends[error.backend] ?? {}
      return problemOf(error, this.rules, relay?.includes('authorization') === true)
    }
    this.mistaken(error, request)
    return error instanceof Misfit
      ? new Problem(502, 'What the backends answered does not make what the API promises')
      : compositionFailed()
  }

  protected mistaken(error: unknown, request: GatewayRequest): void {
    this.around.observer.mistaken?.(error, request, this.name)
  }
}

/** Nothing of a request. */
const NOTHING = {}

/** Whether its end is still to come when it has been given. */
const goesOn = ({ body, tunnel }: GatewayAnswer): boolean =>
  tunnel !== undefined || (typeof body !== 'string' && !(body instanceof Uint8Array))
