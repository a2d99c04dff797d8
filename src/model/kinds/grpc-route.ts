import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { backendRef, headerModifier, headerName, requestMirror } from './http-filters.ts'
import { parentRef, sessionPersistence } from './route.ts'
import {
  hostname,
  list,
  localObjectReference,
  mapList,
  object,
  sectionName,
  text,
  type Shape,
} from './shapes.ts'

const matchType = Type.Optional(Type.Enum(['Exact', 'RegularExpression']))

/** `type` is Exact where absent. Which of the two names must be there, and how they are written, is in grpc-rules.ts. */
const methodMatch = object({
  type: matchType,
  service: Type.Optional(text(1024)),
  method: Type.Optional(text(1024)),
})

/** May be a credential, as header values of an HTTPRoute; unlike there, the CRD takes any text. */
const headerValue = Type.String({ minLength: 1, maxLength: 4096, writeOnly: true })

const routeMatch = object({
  method: Type.Optional(methodMatch),
  headers: Type.Optional(
    mapList(object({ type: matchType, name: headerName, value: headerValue }), 'name', 0, 16),
  ),
})

const filter = object({
  type: Type.Enum(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef']),
  requestHeaderModifier: Type.Optional(headerModifier),
  responseHeaderModifier: Type.Optional(headerModifier),
  requestMirror: Type.Optional(requestMirror),
  extensionRef: Type.Optional(localObjectReference),
})

const filters = Type.Optional(list(filter, 0, 16))

/** An absent `matches` takes every call. */
const rule = object({
  name: Type.Optional(sectionName),
  matches: Type.Optional(list(routeMatch, 0, 64)),
  filters,
  backendRefs: Type.Optional(list(object({ ...backendRef.properties, filters }), 0, 16)),
  sessionPersistence: Type.Optional(sessionPersistence),
})

/**
 * gateway.networking.k8s.io GRPCRoute, v1 of release v1.6.1, experimental channel included
 * (sessionPersistence, useDefaultGateways). What the CRD says in CEL is in grpc-rules.ts.
 */
export const grpcRouteSchema = object({
  spec: object({
    parentRefs: Type.Optional(list(parentRef, 0, 32)),
    useDefaultGateways: Type.Optional(Type.Enum(['All', 'None'])),
    hostnames: Type.Optional(list(hostname, 0, 16)),
    /** Without any, nothing is matched. */
    rules: Type.Optional(list(rule, 0, 16)),
  }),
})

export type GRPCRouteBody = Shape<typeof grpcRouteSchema>
export type GRPCRoute = Resource<GRPCRouteBody>
export type GRPCRouteRule = Shape<typeof rule>
export type GRPCRouteMatch = Shape<typeof routeMatch>
export type GRPCMethodMatch = Shape<typeof methodMatch>
