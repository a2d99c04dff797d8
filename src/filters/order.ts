import { cors } from './cors.ts'
import type { FilterType } from './filter.ts'
import { requestHeaders, responseHeaders } from './header-modifier.ts'
import { urlRewrite } from './url-rewrite.ts'

/**
 * Every filter there is, in the order in which a request meets them; responses
 * meet them in reverse. Filters of one stage run as the route lists them (Gateway
 * API HTTPRouteRule.filters: "SHOULD implement filters in the order they are
 * specified"). Stages follow the roles: ingress, management, composition, mesh.
 */
export const stages: readonly (readonly FilterType[])[] = [
  // ingress. A preflight carries no credentials and no other fields of the real request: it is answered before anything looks for them.
  [cors],
  // ingress
  [requestHeaders, responseHeaders, urlRewrite],
]
