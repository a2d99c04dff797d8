import { Type } from 'typebox'
import { routeDefaults } from '../defaults.ts'
import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { backendRefRules, filterListRules } from './http-filter-rules.ts'
import { backendRef, headerModifier, headerName, requestMirror } from './http-filters.ts'
import { parentRules, ruleListRules, sessionRules } from './route-rules.ts'
import { hostnames, parentRefs, ruleName, sessionPersistence, useDefaultGateways } from './route.ts'
import {
  list,
  localObjectReference,
  mapList,
  object,
  optional,
  required,
  text,
  type Violation,
  type Shape,
} from './shapes.ts'

const matchType = Type.Enum(['Exact', 'RegularExpression'])

/** Which of the two names must be there, and how they are written, is in the rules below. */
const methodMatch = object({
  type: optional(
    matchType,
    'Whether `service` and `method` are names or patterns of the whole names.',
    routeDefaults.matchType,
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
    routeDefaults.matchType,
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
      'A filter of your own: group portcullis.dev, kind Filter. On a rule only. Of any other kind calls of the rule fail.',
    ),
  },
  { title: 'GRPCRouteFilter' },
)

const filterList = list(filter, 0, 16)

const grpcBackendRef = object(
  {
    ...backendRef.properties,
    filters: optional(filterList, 'What is done with calls that this backend gets, and with its responses.'),
  },
  { title: 'GRPCBackendRef' },
)

const routeRule = object({
  name: ruleName,
  matches: optional(
    list(routeMatch, 0, 64),
    'Which calls the rule takes: those that fulfil any one of these. The more specific match wins, over all routes. Left out, all.',
  ),
  filters: optional(filterList, 'What is done with calls and responses.'),
  backendRefs: optional(
    list(grpcBackendRef, 0, 16),
    'Where calls go, shared by weight. The share of a backend that is not there fails as UNAVAILABLE.',
  ),
  sessionPersistence,
})

/**
 * gateway.networking.k8s.io GRPCRoute, v1 of release v1.7.0, experimental channel included
 * (sessionPersistence, useDefaultGateways). What the CRD says in CEL is in the rules below.
 */
const grpcRouteSchema = object(
  {
    spec: required(
      object({
        parentRefs,
        useDefaultGateways,
        hostnames,
        rules: optional(list(routeRule, 0, 16), 'What is done with which calls. Left out, no call is taken.'),
      }),
      'Which calls are taken, and where they go.',
    ),
  },
  { description: 'Sends calls of gRPC, and of gRPC-Web, by host, service, method and metadata to backends.' },
)

export type GRPCRouteBody = Shape<typeof grpcRouteSchema>
export type GRPCRoute = Resource<GRPCRouteBody>
export type GRPCRouteRule = Shape<typeof routeRule>
export type GRPCRouteMatch = Shape<typeof routeMatch>
export type GRPCMethodMatch = Shape<typeof methodMatch>

export const GRPCRoute: ResourceKind<GRPCRoute> = {
  group: GATEWAY_API,
  versions: ['v1'],
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  scope: 'Namespaced',
  role: 'ingress',
  schema: grpcRouteSchema,
  rules: grpcRouteRules,
}

type Path = Violation['path']

/** The CEL rules of the GRPCRoute CRD (v1.7.0, experimental channel), with its defaults taken into account. */
function grpcRouteRules({ spec }: GRPCRouteBody): Violation[] {
  const rules = spec.rules ?? []
  return [
    ...parentRules(spec.parentRefs ?? []),
    ...rules.flatMap((rule, i) => oneRule(rule, ['spec', 'rules', i])),
    ...ruleListRules(rules, 0),
  ]
}

function oneRule(rule: GRPCRouteRule, path: Path): Violation[] {
  const { filters = [], backendRefs = [], matches = [] } = rule
  return [
    ...matches.flatMap(({ method }, i) =>
      method ? methodRules(method, [...path, 'matches', i, 'method']) : [],
    ),
    ...filterListRules(filters, [...path, 'filters']),
    ...backendRefs.flatMap((ref, i) => [
      ...backendRefRules(ref, [...path, 'backendRefs', i]),
      ...filterListRules(ref.filters ?? [], [...path, 'backendRefs', i, 'filters']),
    ]),
    ...(rule.sessionPersistence
      ? sessionRules(rule.sessionPersistence, [...path, 'sessionPersistence'])
      : []),
  ]
}

const serviceName = /^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i
const methodName = /^[A-Za-z_][A-Za-z_0-9]*$/

/** "At least one of Service and Method MUST be a non-empty string": the CRD lets two empty expressions pass. */
function methodRules(
  { type = routeDefaults.matchType, service, method }: GRPCMethodMatch,
  path: Path,
): Violation[] {
  if (!service && !method) return [{ path, message: 'has neither, expected service, method, or both' }]
  if (type === 'RegularExpression') return []
  const violations: Violation[] = []
  if (service !== undefined && !serviceName.test(service))
    violations.push({
      path: [...path, 'service'],
      message: 'is no name of a service, expected one like "shop.v1.Items" for type Exact',
    })
  if (method !== undefined && !methodName.test(method))
    violations.push({
      path: [...path, 'method'],
      message: 'is no name of a method, expected one like "GetItem" for type Exact',
    })
  return violations
}
