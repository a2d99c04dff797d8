import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { headerName, headerValue, httpBackendRef, httpFilters, methods } from './http-filters.ts'
import { parentRef, sessionPersistence } from './route.ts'
import {
  duration,
  hostname,
  integer,
  list,
  mapList,
  object,
  sectionName,
  set,
  text,
  type Shape,
} from './shapes.ts'

const valueMatchType = Type.Optional(Type.Enum(['Exact', 'RegularExpression']))

/** `type` is PathPrefix and `value` "/" where absent. */
const pathMatch = object({
  type: Type.Optional(Type.Enum(['Exact', 'PathPrefix', 'RegularExpression'])),
  value: Type.Optional(text(1024)),
})

/** `type` of headers and query parameters is Exact where absent. */
const routeMatch = object({
  path: Type.Optional(pathMatch),
  headers: Type.Optional(
    mapList(object({ type: valueMatchType, name: headerName, value: headerValue }), 'name', 0, 16),
  ),
  queryParams: Type.Optional(
    mapList(object({ type: valueMatchType, name: headerName, value: text(1024, 1) }), 'name', 0, 16),
  ),
  method: Type.Optional(Type.Enum([...methods])),
})

/** HTTPRouteRetry (GEP-1731), experimental. "An explicit zero value MUST disable retries" (v1.7). */
const retry = object({
  codes: Type.Optional(set(integer(400, 599), 200)),
  attempts: Type.Optional(integer(0, 2_147_483_647)),
  backoff: Type.Optional(duration),
})

/** An absent `matches` is one match of the path prefix "/". */
const rule = object({
  name: Type.Optional(sectionName),
  matches: Type.Optional(list(routeMatch, 0, 64)),
  filters: Type.Optional(httpFilters),
  backendRefs: Type.Optional(list(httpBackendRef, 0, 16)),
  /** "0s" switches a timeout off. */
  timeouts: Type.Optional(
    object({ request: Type.Optional(duration), backendRequest: Type.Optional(duration) }),
  ),
  retry: Type.Optional(retry),
  sessionPersistence: Type.Optional(sessionPersistence),
})

/**
 * gateway.networking.k8s.io HTTPRoute, v1 and v1beta1 of release v1.6.1, experimental channel included
 * (ExternalAuth, retry, sessionPersistence, useDefaultGateways). What the CRD says in CEL is in http-rules.ts.
 */
export const httpRouteSchema = object({
  spec: object({
    parentRefs: Type.Optional(list(parentRef, 0, 32)),
    useDefaultGateways: Type.Optional(Type.Enum(['All', 'None'])),
    hostnames: Type.Optional(list(hostname, 0, 16)),
    /** One rule with one match of the path prefix "/" where absent. */
    rules: Type.Optional(list(rule, 1, 16)),
  }),
})

export type HTTPRouteBody = Shape<typeof httpRouteSchema>
export type HTTPRoute = Resource<HTTPRouteBody>
export type HTTPRouteRule = Shape<typeof rule>
export type HTTPRouteMatch = Shape<typeof routeMatch>
export type HTTPPathMatch = Shape<typeof pathMatch>
export type HTTPRouteRetry = Shape<typeof retry>
