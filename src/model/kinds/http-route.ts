import { Type } from 'typebox'
import { retryDefaults } from '../defaults.ts'
import { formatDuration } from '../quantity.ts'
import type { Resource } from '../resource.ts'
import { headerName, headerValue, httpBackendRef, httpFilters, methods } from './http-filters.ts'
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
  type Shape,
} from './shapes.ts'

const valueMatchType = optional(
  Type.Enum(['Exact', 'RegularExpression']),
  'Whether `value` is the value, or a pattern that must match the whole of it.',
  'Exact',
)

const pathMatch = object({
  type: optional(
    Type.Enum(['Exact', 'PathPrefix', 'RegularExpression']),
    'How `value` is compared. PathPrefix takes whole segments: /foo takes /foo and /foo/bar, and never /foobar.',
    'PathPrefix',
  ),
  value: optional(text(1024), 'The path, the beginning of it, or a pattern of the whole path.', '/'),
})

const headerMatch = object({
  type: valueMatchType,
  name: required(headerName, 'The name of the header, in any case.'),
  value: required(headerValue, 'The value of the header, or a pattern.'),
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

const timeouts = object({
  request: optional(
    duration,
    'From the head of a request to the end of its response, with all attempts; 504 beyond. Left out, or 0s: no limit.',
  ),
  backendRequest: optional(
    duration,
    'For one attempt, from when it is sent to the end of its response; not longer than `request`. Left out, or 0s: no limit.',
  ),
})

const rule = object({
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
  timeouts: optional(timeouts, 'How long requests may take.'),
  retry: optional(
    retry,
    'When a request is repeated. POST and PATCH only where nothing of them was sent, or where a BackendPolicy allows it (spec.retry.nonIdempotent).',
  ),
  sessionPersistence,
})

/**
 * gateway.networking.k8s.io HTTPRoute, v1 and v1beta1 of release v1.6.1, experimental channel included
 * (ExternalAuth, retry, sessionPersistence, useDefaultGateways). What the CRD says in CEL is in http-rules.ts.
 */
export const httpRouteSchema = object(
  {
    spec: required(
      object({
        parentRefs,
        useDefaultGateways,
        hostnames,
        rules: optional(
          list(rule, 1, 16),
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
export type HTTPRouteRule = Shape<typeof rule>
export type HTTPRouteMatch = Shape<typeof routeMatch>
export type HTTPPathMatch = Shape<typeof pathMatch>
export type HTTPRouteRetry = Shape<typeof retry>
