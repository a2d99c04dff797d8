import type { FilterShape } from '../../shared/crossing/filtering.ts'
import type { DeclaredResilience } from '../backends/resilience.ts'
import type { RetrySettings } from '../transport/transport.ts'
import type { Filter } from '../filters/filter.ts'
import type { Gateway } from '../routes/gateway.ts'
import type { FailureRule, PartialReport, Route } from '../routes/route.ts'
import { compileSchemas } from '../routes/schemas.ts'
import type { TranscodedRoute } from '../routes/transcode.ts'
import { methodPath } from '../transcode/call/method-call.ts'
import { openApiOf, type OpenApiDocument } from './openapi.ts'
import { OperationIds } from './operation-ids.ts'
import type { TranscodedEntry } from './route-finder.ts'

/** What a composition is, known without running any of its functions: plain data, for catalogs and for who runs it. */
export interface Manifest {
  readonly title: string
  readonly version: string
  readonly backends: readonly BackendEntry[]
  readonly routes: readonly RouteEntry[]
  /** OpenAPI 3.1 of the composed API. */
  readonly openapi: OpenApiDocument
  /** What it does, of a filter; absent of an API. */
  readonly filter?: FilterShape
}

export interface BackendEntry {
  readonly name: string
  readonly protocol: string
  readonly url: string
  /** Null where it has none. */
  readonly timeoutMs: number | null
  readonly limitBytes: number
  readonly retry: RetrySettings | null
  readonly deadlineHeader: string | null
  readonly relay: readonly string[]
  readonly resilience: DeclaredResilience
}

export interface RouteEntry {
  readonly kind: Route['kind']
  /** `*` of one that takes any. */
  readonly method: string
  readonly path: string
  /** "" of a method that has no rule: the document does not know it. */
  readonly operationId: string
  /** Null where it has none. */
  readonly timeoutMs: number | null
  /** Null of what is no answer that is made of parts. */
  readonly partial: PartialReport | null
  readonly failures: readonly FailureRule[]
  /** How many filters stand before and after it, the gateway's among them. */
  readonly filters: { readonly before: number; readonly after: number }
  /** The fan-out, where the route declares it; null: it may call whatever the gateway has. */
  readonly calls: readonly CallEntry[] | null
  /** Absent of what is not transcoded. */
  readonly transcoded?: TranscodedEntry
}

export interface CallEntry {
  readonly backend: string
  readonly method: string
  readonly path: string
}

/**
 * Credentials of `headers` of backends are left out, and so are the functions. Throws a TypeError that names the route
 * where a schema cannot be compiled: else each request would find that out.
 */
export function manifestOf(gateway: Gateway | Filter): Manifest {
  const { title, version, backends, routes } = gateway
  compileSchemas(gateway)
  const ids = new OperationIds(routes)
  let nth = 0
  return {
    title,
    version,
    backends: Object.entries(backends).map(
      ([name, { protocol, url, timeoutMs, limitBytes, retry, deadlineHeader, relay, resilience }]) => ({
        name,
        protocol,
        url: url.href,
        timeoutMs: finiteMs(timeoutMs),
        limitBytes,
        retry,
        deadlineHeader,
        relay,
        resilience,
      }),
    ),
    routes: routes.flatMap(route =>
      route.kind === 'transcoded'
        ? transcodedEntries(gateway, route, nth++, ids)
        : [routeEntry(gateway, route, ids)],
    ),
    openapi: openApiOf(gateway, ids),
    ...('filter' in gateway && { filter: gateway.filter.shape }),
  }
}

/** JSON has no Infinity. */
const finiteMs = (timeoutMs: number): number | null => (timeoutMs === Infinity ? null : timeoutMs)

/** Each method of a backend is an entry by each rule that it has, and by its name where it has none. */
function transcodedEntries(
  gateway: Gateway,
  route: TranscodedRoute,
  nth: number,
  ids: OperationIds,
): readonly RouteEntry[] {
  const { transcoder, backend } = route
  const entry = routeEntry(gateway, route, ids)
  const byName = transcoder.protocols.size > 0
  const ofRules = transcoder.rules.map(rule => ({
    ...entry,
    method: rule.httpMethod,
    path: rule.template.text,
    operationId: ids.of(rule),
    calls: [{ backend, method: 'POST', path: methodPath(rule.method) }],
    transcoded: { route: nth, byName, socket: transcoder.opensSocket(rule) },
  }))
  if (!byName) return ofRules
  const ruled = new Set(transcoder.rules.map(({ method }) => method))
  const ofNames = transcoder.services
    .flatMap(({ methods }) => methods)
    .filter(method => !ruled.has(method))
    .map(method => ({
      ...entry,
      method: 'POST',
      path: methodPath(method),
      operationId: '',
      calls: [{ backend, method: 'POST', path: methodPath(method) }],
      transcoded: { route: nth, byName, socket: false },
    }))
  return [...ofRules, ...ofNames]
}

function routeEntry(gateway: Gateway, route: Route, ids: OperationIds): RouteEntry {
  const { before = [], after = [], calls, failures = [], timeoutMs } = route.options
  return {
    kind: route.kind,
    method: route.method,
    path: route.path,
    operationId: ids.of(route),
    timeoutMs: finiteMs(timeoutMs ?? gateway.timeoutMs),
    partial: route.kind === 'composed' ? (route.options.partial ?? 'header') : null,
    failures: [...failures, ...gateway.failures],
    filters: { before: gateway.before.length + before.length, after: gateway.after.length + after.length },
    calls: calls?.map(call => callEntry(gateway, call)) ?? null,
  }
}

/** `users GET /users/{id}`, or of gRPC `shop getBook`: in either case with what goes on the wire. */
function callEntry({ backends }: Gateway, call: string): CallEntry {
  const [backend = '', method = '', path = ''] = call.split(' ')
  const service = backends[backend]?.grpc?.service
  return service === undefined
    ? { backend, method, path }
    : { backend, method: 'POST', path: `/${service.typeName}/${service.method[method]?.name ?? method}` }
}
