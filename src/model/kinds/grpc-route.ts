import { Type } from 'typebox'
import type { Resource } from '../resource.ts'
import { backendRef, headerModifier, headerName, requestMirror } from './http-filters.ts'
import { hostnames, parentRefs, ruleName, sessionPersistence, useDefaultGateways } from './route.ts'
import {
  list,
  localObjectReference,
  mapList,
  object,
  optional,
  required,
  text,
  type Shape,
} from './shapes.ts'

const matchType = Type.Enum(['Exact', 'RegularExpression'])

/** Which of the two names must be there, and how they are written, is in grpc-rules.ts. */
const methodMatch = object({
  type: optional(
    matchType,
    'Whether `service` and `method` are names or patterns of the whole names.',
    'Exact',
  ),
  service: optional(
    text(1024),
    'The service with its package, like shop.v1.Items; left out, any. One of the two is needed.',
  ),
  method: optional(text(1024), 'The method, like GetItem; left out, any.'),
})

/** May be a credential, as header values of an HTTPRoute; unlike there, the CRD takes any text. */
const headerValue = Type.String({ minLength: 1, maxLength: 4096, writeOnly: true })

const headerMatch = object({
  type: optional(
    matchType,
    'Whether `value` is the value, or a pattern that must match the whole of it.',
    'Exact',
  ),
  name: required(headerName, 'The name of the metadata (an HTTP/2 header), in any case.'),
  value: required(headerValue, 'The value of the metadata, or a pattern.'),
})

const routeMatch = object({
  method: optional(methodMatch, 'The service and the method that are called; left out, any.'),
  headers: optional(mapList(headerMatch, 'name', 0, 16), 'Metadata that a call must have; all of them.'),
})

const filter = object(
  {
    type: required(
      Type.Enum(['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef']),
      'What the filter does; the field of the same name says how.',
    ),
    requestHeaderModifier: optional(headerModifier, 'Changes metadata of calls.'),
    responseHeaderModifier: optional(headerModifier, 'Changes metadata of responses.'),
    requestMirror: optional(requestMirror, 'Sends a copy of calls to another backend. On a rule only.'),
    extensionRef: optional(
      localObjectReference,
      'A filter of an implementation. None is known here: calls of the rule fail.',
    ),
  },
  { title: 'GRPCRouteFilter' },
)

const filters = list(filter, 0, 16)

const grpcBackendRef = object(
  {
    ...backendRef.properties,
    filters: optional(filters, 'What is done with calls that this backend gets, and with its responses.'),
  },
  { title: 'GRPCBackendRef' },
)

const rule = object({
  name: ruleName,
  matches: optional(
    list(routeMatch, 0, 64),
    'Which calls the rule takes: those that fulfil any one of these. The more specific match wins, over all routes. Left out, all.',
  ),
  filters: optional(filters, 'What is done with calls and responses.'),
  backendRefs: optional(
    list(grpcBackendRef, 0, 16),
    'Where calls go, shared by weight. The share of a backend that is not there fails as UNAVAILABLE.',
  ),
  sessionPersistence,
})

/**
 * gateway.networking.k8s.io GRPCRoute, v1 of release v1.6.1, experimental channel included
 * (sessionPersistence, useDefaultGateways). What the CRD says in CEL is in grpc-rules.ts.
 */
export const grpcRouteSchema = object(
  {
    spec: required(
      object({
        parentRefs,
        useDefaultGateways,
        hostnames,
        rules: optional(list(rule, 0, 16), 'What is done with which calls. Left out, no call is taken.'),
      }),
      'Which calls are taken, and where they go.',
    ),
  },
  { description: 'Sends calls of gRPC, and of gRPC-Web, by host, service, method and metadata to backends.' },
)

export type GRPCRouteBody = Shape<typeof grpcRouteSchema>
export type GRPCRoute = Resource<GRPCRouteBody>
export type GRPCRouteRule = Shape<typeof rule>
export type GRPCRouteMatch = Shape<typeof routeMatch>
export type GRPCMethodMatch = Shape<typeof methodMatch>
