import { Type } from 'typebox'
import { retryDefaults, routeDefaults } from '../defaults.ts'
import { durationMs, formatDuration } from '../quantity.ts'
import { GATEWAY_API, type ResourceKind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { backendRefRules, filterListRules } from './http-filter-rules.ts'
import {
  headerName,
  headerText,
  httpBackendRef,
  httpFilters,
  methods,
  type HTTPBackendRef,
  type HTTPFilter,
} from './http-filters.ts'
import { parentRules, ruleListRules, sessionRules } from './route-rules.ts'
import { hostnames, parentRefs, ruleName, sessionPersistence, useDefaultGateways } from './route.ts'
import {
  duration,
  integer,
  list,
  mapList,
  object,
  optional,
  required,
  set,
  text,
  type Violation,
  type Shape,
} from './shapes.ts'

const valueMatchType = optional(
  Type.Enum(['Exact', 'RegularExpression']),
  'Whether `value` is the value, or a pattern that must match the whole of it.',
  routeDefaults.matchType,
)

const pathMatch = object({
  type: optional(
    Type.Enum(['Exact', 'PathPrefix', 'RegularExpression']),
    'How `value` is compared. PathPrefix takes whole segments: /foo takes /foo and /foo/bar, and never /foobar.',
    routeDefaults.pathType,
  ),
  value: optional(
    text(1024),
    'The path, the beginning of it, or a pattern of the whole path.',
    routeDefaults.path,
  ),
})

const headerMatch = object({
  type: valueMatchType,
  name: required(headerName, 'The name of the header, in any case.'),
  value: required(headerText, 'The value of the header, or a pattern.'),
})

const queryParamMatch = object({
  type: valueMatchType,
  name: required(headerName, 'The name of the parameter, in its case. Of several the first counts.'),
  value: required(text(1024, 1), 'The value of the parameter, or a pattern.'),
})

const routeMatch = object({
  path: optional(pathMatch, 'What the path must be; left out, any.'),
  headers: optional(mapList(headerMatch, 'name', 0, 16), 'Headers that a request must have; all of them.'),
  queryParams: optional(
    mapList(queryParamMatch, 'name', 0, 16),
    'Query parameters that a request must have; all of them.',
  ),
  method: optional(Type.Enum([...methods]), 'The method that a request must have; left out, any.'),
})

/** HTTPRouteRetry (GEP-1731), experimental. "An explicit zero value MUST disable retries" (v1.7). */
const retry = object({
  codes: optional(
    set(integer(400, 599), 200),
    'Statuses of responses after which a request is repeated, beside connections that fail.',
  ),
  attempts: optional(
    integer(0, 2_147_483_647),
    'How often a request is repeated at most; 0 is never.',
    retryDefaults.attempts,
  ),
  backoff: optional(
    duration,
    'How long to wait at least before a request is repeated.',
    formatDuration(retryDefaults.backoffMs),
  ),
})

const routeTimeouts = object({
  request: optional(
    duration,
    'From the head of a request to the end of its response, with all attempts; 504 beyond. Left out, or 0s: no limit.',
  ),
  backendRequest: optional(
    duration,
    'For one attempt, from when it is sent to the end of its response; not longer than `request`. Left out, or 0s: no limit.',
  ),
})

const routeRule = object({
  name: ruleName,
  matches: optional(
    list(routeMatch, 0, 64),
    'Which requests the rule takes: those that fulfil any one of these. The more specific match wins, over all routes. Left out, all.',
  ),
  filters: optional(httpFilters, 'What is done with requests and responses.'),
  backendRefs: optional(
    list(httpBackendRef, 0, 16),
    'Where requests go, shared by weight. The share of a backend that is not there is answered 500.',
  ),
  timeouts: optional(routeTimeouts, 'How long requests may take.'),
  retry: optional(
    retry,
    'When a request is repeated. POST and PATCH only where nothing of them was sent, or where a BackendPolicy allows it (spec.retry.nonIdempotent).',
  ),
  sessionPersistence,
})

/**
 * gateway.networking.k8s.io HTTPRoute, v1 and v1beta1 of release v1.7.0, experimental channel included
 * (ExternalAuth, retry, sessionPersistence, useDefaultGateways). What the CRD says in CEL is below.
 */
const httpRouteSchema = object(
  {
    spec: required(
      object({
        parentRefs,
        useDefaultGateways,
        hostnames,
        rules: optional(
          list(routeRule, 1, 16),
          'What is done with which requests. Left out, one rule takes all, and has no backend.',
        ),
      }),
      'Which requests are taken, and where they go.',
    ),
  },
  {
    description:
      'Sends HTTP requests by host, path, headers, query and method to backends, or answers them itself.',
  },
)

export type HTTPRouteBody = Shape<typeof httpRouteSchema>
export type HTTPRoute = Resource<HTTPRouteBody>
export type HTTPRouteRule = Shape<typeof routeRule>
export type HTTPRouteMatch = Shape<typeof routeMatch>
export type HTTPPathMatch = Shape<typeof pathMatch>
export type HTTPRouteRetry = Shape<typeof retry>

export const HTTPRoute: ResourceKind<HTTPRoute> = {
  group: GATEWAY_API,
  versions: ['v1', 'v1beta1'],
  kind: 'HTTPRoute',
  plural: 'httproutes',
  scope: 'Namespaced',
  role: 'ingress',
  schema: httpRouteSchema,
  rules: httpRouteRules,
}

type Path = Violation['path']

/** The CEL rules of the HTTPRoute CRD (v1.7.0, experimental channel), with its defaults taken into account. */
function httpRouteRules({ spec }: HTTPRouteBody): Violation[] {
  const rules = spec.rules ?? []
  return [
    ...parentRules(spec.parentRefs ?? []),
    ...rules.flatMap((rule, i) => oneRule(rule, ['spec', 'rules', i])),
    ...ruleListRules(rules, 1),
  ]
}

function oneRule(rule: HTTPRouteRule, path: Path): Violation[] {
  const { filters = [], backendRefs = [], matches = [] } = rule
  return [
    ...matches.flatMap((match, i) =>
      match.path ? pathRules(match.path, [...path, 'matches', i, 'path']) : [],
    ),
    ...filterListRules(filters, [...path, 'filters']),
    ...prefixRules(rule, filters, [...path, 'filters']),
    ...redirectRules(filters, backendRefs, path),
    ...backendRefs.flatMap((ref, i) => backendRules(rule, ref, [...path, 'backendRefs', i])),
    ...timeoutRules(rule, path),
    ...(rule.sessionPersistence
      ? sessionRules(rule.sessionPersistence, [...path, 'sessionPersistence'])
      : []),
  ]
}

function redirectRules(
  filters: readonly HTTPFilter[],
  backendRefs: readonly HTTPBackendRef[],
  path: Path,
): Violation[] {
  if (backendRefs.length === 0) return []
  return filters.flatMap((filter, i) =>
    filter.requestRedirect
      ? [
          {
            path: [...path, 'filters', i, 'requestRedirect'],
            message: 'must not be used together with backendRefs of the same rule',
          },
        ]
      : [],
  )
}

function backendRules(rule: HTTPRouteRule, ref: HTTPBackendRef, path: Path): Violation[] {
  const filters = ref.filters ?? []
  return [
    ...backendRefRules(ref, path),
    ...filterListRules(filters, [...path, 'filters']),
    ...prefixRules(rule, filters, [...path, 'filters']),
  ]
}

/** ReplacePrefixMatch replaces what the rule's only match has matched: there must be one, of type PathPrefix. */
function prefixRules(rule: HTTPRouteRule, filters: readonly HTTPFilter[], path: Path): Violation[] {
  const { matches = [{}] } = rule
  const only = matches.length === 1 ? matches[0] : undefined
  if (only && (only.path?.type ?? routeDefaults.pathType) === 'PathPrefix') return []
  return filters.flatMap((filter, i) =>
    (['requestRedirect', 'urlRewrite'] as const)
      .filter(field => filter[field]?.path?.replacePrefixMatch !== undefined)
      .map(field => ({
        path: [...path, i, field, 'path', 'replacePrefixMatch'],
        message: `needs exactly one match in this rule, of type PathPrefix; this one has ${matches.length === 1 ? `one of type ${only?.path?.type ?? ''}` : matches.length}`,
      })),
  )
}

/** What Exact and PathPrefix values must not have: [what, where]. */
const forbidden: readonly (readonly [text: string, how: 'contain' | 'end with'])[] = [
  ['//', 'contain'],
  ['/./', 'contain'],
  ['/../', 'contain'],
  ['%2f', 'contain'],
  ['%2F', 'contain'],
  ['#', 'contain'],
  ['/..', 'end with'],
  ['/.', 'end with'],
]
const pathCharacters = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/

function pathRules(
  { type = routeDefaults.pathType, value = routeDefaults.path }: HTTPPathMatch,
  at: Path,
): Violation[] {
  if (type === 'RegularExpression') return []
  const path = [...at, 'value']
  if (!value.startsWith('/')) return [{ path, message: `must start with "/" for type ${type}` }]
  const violations = forbidden
    .filter(([part, how]) => (how === 'contain' ? value.includes(part) : value.endsWith(part)))
    .map(([part, how]) => ({ path, message: `must not ${how} "${part}" for type ${type}` }))
  if (violations.length === 0 && !pathCharacters.test(value))
    violations.push({
      path,
      message: `has a character that a URL path cannot have, expected it percent-encoded for type ${type}${/[[\](){}|^$\\]/.test(value) ? ', or type RegularExpression for a pattern' : ''}`,
    })
  return violations
}

function timeoutRules({ timeouts }: HTTPRouteRule, path: Path): Violation[] {
  const request = timeouts?.request === undefined ? 0 : (durationMs(timeouts.request) ?? 0)
  const backend = timeouts?.backendRequest === undefined ? 0 : (durationMs(timeouts.backendRequest) ?? 0)
  if (request === 0 || backend <= request) return []
  return [
    { path: [...path, 'timeouts', 'backendRequest'], message: 'must not be longer than timeouts.request' },
  ]
}
