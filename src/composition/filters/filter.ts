import type { Static, TSchema } from 'typebox'
import type { BodyUse, FilterShape } from '../../shared/crossing/filtering.ts'
import type { Backends } from '../backends/backend.ts'
import type { FilterRoute } from '../routes/filter.ts'
import type { Gateway } from '../routes/gateway.ts'
import { Router } from '../routes/router.ts'
import type { FilterRequest, FilterResponse, Outcome } from './context.ts'

export interface FilterOptions<B extends Backends, C extends TSchema, U extends BodyUse, V extends BodyUse> {
  /** What it may call. */
  readonly backends?: B
  /** What `spec.config` of its Filter has to fit. Without it there is none. */
  readonly config?: C
  /** Whether `request` is given the body: `'none'` where it is left out; `'held'`, all of it; `'stream'`, as it comes. */
  readonly requestBody?: U
  /** The same of `response`. */
  readonly responseBody?: V
  /** Of a body that is held: 1 MiB where it is left out. A longer one of a request is 413, of an answer 502. */
  readonly limitBytes?: number
  /** Before the request goes on. Gives nothing, and it does; else what is answered. What it throws is answered 503, but for a Problem. */
  request?(r: FilterRequest<B, Static<C>, U>): Outcome | Promise<Outcome>
  /** Before an answer goes on, whoever has made it behind this filter. The same holds for what it gives. */
  response?(r: FilterResponse<B, Static<C>, V>): Outcome | Promise<Outcome>
}

/** A filter of a gateway's route. It is data: what runs it is the engine, of a test or of a gateway. */
export interface Filter<B extends Backends = Backends, C extends TSchema = TSchema> extends Gateway<B> {
  readonly filter: { readonly shape: FilterShape; readonly config: C | null }
}

/** How a filter is asked: no method of HTTP, so that nobody takes its figures for those of an API. */
export const FILTER_METHOD = 'FILTER'

const LIMIT_BYTES = 1024 * 1024

/**
 * A filter that routes of the gateway refer to (`kind: Filter`, by an `ExtensionRef`). It runs at its place in the order
 * of the route's filters, before the request goes on and before its answer does. Throws a TypeError where it does nothing.
 *
 * @example
 * export const filter = defineFilter({
 *   config: T.Object({ header: T.String() }),
 *   request(r) {
 *     const tenant = r.host.split('.')[0]!
 *     if (tenant === 'www') throw new Problem(404, 'No such tenant')
 *     r.headers.set(r.config.header, tenant)
 *     r.state = { tenant }
 *   },
 *   response(r) {
 *     r.headers.delete('server')
 *   },
 * })
 *
 * @example
 * // Lines as they come, of an answer of any length.
 * export const filter = defineFilter({
 *   responseBody: 'stream',
 *   response(r) {
 *     if (r.headers.get('content-type') !== 'application/x-ndjson') return
 *     r.body.through(async function* (pieces) {
 *       let rest = ''
 *       for await (const text of ReadableStream.from(pieces).pipeThrough(new TextDecoderStream())) {
 *         const lines = `${rest}${text}`.split('\n')
 *         rest = lines.pop()!
 *         for (const line of lines) yield `${withoutEmail(line)}\n`
 *       }
 *       if (rest !== '') yield withoutEmail(rest)
 *     })
 *   },
 * })
 */
export function defineFilter<
  const B extends Backends = Record<never, never>,
  C extends TSchema = TSchema,
  const U extends BodyUse = 'none',
  const V extends BodyUse = 'none',
>(options: FilterOptions<B, C, U, V>): Filter<B, C> {
  const { request, response, requestBody = 'none', responseBody = 'none', config = null } = options
  const { limitBytes = LIMIT_BYTES, backends = {} as B } = options
  if (request === undefined && response === undefined)
    throw new TypeError('a filter has neither request nor response, expected one of them')
  const shape: FilterShape = {
    request: request === undefined ? null : { body: requestBody, limitBytes },
    response: response === undefined ? null : { body: responseBody, limitBytes },
  }
  const routes = [
    ...(request === undefined ? [] : [filterRoute('request', shape, request)]),
    ...(response === undefined ? [] : [filterRoute('response', shape, response)]),
  ]
  return {
    title: 'filter',
    version: '0',
    backends,
    routes,
    router: new Router(routes),
    timeoutMs: Infinity,
    mergeMs: 0,
    limitBytes,
    failures: [],
    before: [],
    after: [],
    filter: { shape, config },
  }
}

const filterRoute = (phase: keyof FilterShape, shape: FilterShape, run: FilterRoute['run']): FilterRoute => ({
  kind: 'filter',
  method: FILTER_METHOD,
  path: `/${phase}`,
  phase,
  part: shape[phase]!,
  run,
  options: {},
})
