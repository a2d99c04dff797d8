import {
  FILTERING,
  type FilterCall,
  type FilterVerdict,
  type Passes,
} from '../../shared/crossing/filtering.ts'
import type { FilterRoute } from '../routes/filter.ts'
import { FilterHeaders } from '../filters/headers.ts'
import { bytesOf, HeldBody } from '../filters/held-body.ts'
import { FilterFailure } from '../filters/outcome.ts'
import { StreamedBody } from '../filters/streamed-body.ts'
import { Answer, Problem } from '../routes/answer.ts'
import { CompiledRoute } from './compiled-route.ts'
import { WITHOUT_BODY } from './composed.ts'
import type { Course } from './course.ts'
import { checkFields } from './fields.ts'
import type { AnswerContent, GatewayAnswer } from './messages.ts'
import { PassingBody } from './passing-body.ts'
import { writeProblem } from './problems.ts'
import { wholeBody } from './request-body.ts'

const EMPTY = new Uint8Array(0)

/**
 * One function of a filter. Its answer is a verdict; one without is none, whatever its status: the filter has failed, and
 * who asked lets nothing pass.
 */
export class Filtering extends CompiledRoute<FilterRoute> {
  protected override async run(course: Course): Promise<GatewayAnswer> {
    const { filtering } = course.request
    if (filtering === undefined) throw new TypeError('a filter is asked by the gateway alone')
    const { body: use } = this.route.part
    // A worker may know the code that was here before, until what is new has come to it.
    if (filtering.body !== use)
      throw new TypeError(`${this.name} has a body of ${use}, and ${filtering.body} has crossed`)
    const body = await this.bodyFor(course)
    const r = this.contextOf(course, filtering, body)
    try {
      return this.given(await this.route.run(r as never), r, course, body)
    } catch (error) {
      if (error instanceof Problem) return answered(writeProblem(error))
      throw error
    }
  }

  private async bodyFor(course: Course): Promise<HeldBody | StreamedBody | null> {
    const { body: use } = this.route.part
    if (use === 'none') return null
    return use === 'held' ? new HeldBody(await this.bodyOf(course)) : new StreamedBody()
  }

  private bodyOf({ request, scope }: Course): Promise<Uint8Array> {
    const { body } = request
    return body === null ? Promise.resolve(EMPTY) : wholeBody(body, this.route.part.limitBytes, scope)
  }

  private contextOf(course: Course, call: FilterCall, body: HeldBody | StreamedBody | null): Context {
    const { scope, request } = course
    const asked = viewOf(call)
    const { id, client, route, response } = call
    return {
      id,
      client,
      route,
      state: call.state,
      c: this.clients(scope, request),
      config: this.around.config,
      ...(body !== null && { body }),
      get signal() {
        return scope.signal
      },
      leftMs: () => Math.max(0, scope.deadlineMs - scope.clock.now()),
      ...(response === undefined
        ? asked
        : {
            request: asked,
            status: response.status,
            failure: response.failure,
            headers: new FilterHeaders(response.fields),
          }),
    }
  }

  private given(
    given: unknown,
    r: Context,
    course: Course,
    body: HeldBody | StreamedBody | null,
  ): GatewayAnswer {
    const call = course.request.filtering!
    if (given === undefined)
      return body instanceof StreamedBody ? this.passedThrough(r, course, body) : passed(r, call, body)
    if (given instanceof Answer) return answered(writtenAnswer(given))
    if (given instanceof FilterFailure) {
      const { detail = '', headers = {} } = given.more
      return verdict({ kind: 'fail', failure: given.failure, detail, fields: listOf(headers) }, '')
    }
    throw new TypeError(`${this.name} gave ${typeof given}, expected nothing, answer(…) or fail(…)`)
  }

  /** The verdict goes ahead, and what the body becomes follows it for as long as it takes. */
  private passedThrough(r: Context, course: Course, streamed: StreamedBody): GatewayAnswer {
    const { request, scope } = course
    const call = request.filtering!
    const transform = StreamedBody.transformOf(streamed)
    if (transform === null) return passed(r, call, null)
    const passes = { ...passesOf(r, call), body: true as const }
    if (request.body === null) return verdict(passes, '')
    const body = new PassingBody(course, request.body, transform, error => this.mistaken(error, request))
    scope.extend(Infinity)
    scope.goesOn = true
    course.onOver(() => course.end())
    return { ...verdict(passes, body), goesOn: true }
  }
}

/** What a function is given, as far as it may change it. */
interface Context {
  readonly headers: FilterHeaders
  readonly path?: unknown
  readonly query?: unknown
  readonly status?: unknown
  readonly state: unknown
  readonly [name: string]: unknown
}

const viewOf = ({ method, scheme, host, path, query, fields }: FilterCall) => ({
  method,
  scheme,
  host,
  path,
  query,
  headers: new FilterHeaders(fields),
})

function passed(r: Context, call: FilterCall, body: HeldBody | null): GatewayAnswer {
  const replaced = body === null ? null : HeldBody.replacementOf(body)
  return verdict({ ...passesOf(r, call), ...(replaced !== null && { body: true as const }) }, replaced ?? '')
}

function passesOf(r: Context, call: FilterCall): Passes {
  const changes = FilterHeaders.changesOf(r.headers)
  const isRequest = call.response === undefined
  return {
    kind: 'pass',
    ...(isRequest && r.path !== call.path && { path: textOf(r.path, 'path') }),
    ...(isRequest && r.query !== call.query && { query: textOf(r.query, 'query') }),
    ...(!isRequest && r.status !== call.response.status && { status: r.status as number }),
    ...(changes.length > 0 && { changes }),
    ...(isRequest && r.state !== undefined && { state: r.state }),
  }
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TypeError(`${what} is ${String(value)}, expected text`)
  return value
}

/** Text and bytes as they are, anything else as JSON; null for no body. */
function writtenAnswer({ status: given, headers, body }: Answer<unknown>): GatewayAnswer {
  const status = given ?? 200
  checkFields(headers)
  const type =
    body instanceof Uint8Array
      ? 'application/octet-stream'
      : typeof body === 'string'
        ? 'text/plain; charset=utf-8'
        : 'application/json'
  const isEmpty = body === null || body === undefined || WITHOUT_BODY.has(status)
  return {
    status,
    headers: isEmpty ? headers : { 'content-type': type, ...headers },
    body: isEmpty ? '' : bytesOf(body),
  }
}

function answered({ status, headers, body }: GatewayAnswer): GatewayAnswer {
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new TypeError(`${status} is no status of an answer`)
  return verdict({ kind: 'answer', status, fields: listOf(headers) }, body)
}

function listOf(headers: Readonly<Record<string, string>>): readonly string[] {
  checkFields(headers)
  return Object.entries(headers).flat()
}

/** In ASCII, since it crosses as a field. */
function verdict(of: FilterVerdict, body: AnswerContent): GatewayAnswer {
  const text = JSON.stringify(of).replace(/[^\x20-\x7e]/g, escaped)
  return { status: 200, headers: { [FILTERING]: text }, body }
}

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
