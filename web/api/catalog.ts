import { queryOptions } from '@tanstack/react-query'
import type { Objects } from '../../src/admin/shapes/object.ts'
import type { Rule } from '../../src/admin/shapes/rule.ts'
import type { ApiLine, PlanLine, ProductLine } from '../../src/api/shapes/catalog.ts'
import type { Conditions } from '../../src/api/shapes/condition.ts'
import type { Page } from './page.ts'
import { one } from './queries.ts'
import { inPath, query } from './request.ts'

// What is declared of APIs, from whatever source: it changes with a snapshot.

const MOST = 1_000

export const policyKinds = ['AuthenticationPolicy', 'AuthorizationPolicy', 'RateLimitPolicy'] as const
export type PolicyKind = (typeof policyKinds)[number]

export const apisQuery = one<Page<ApiLine>>(`/v1/apis${query({ limit: MOST })}`)
export const apiQuery = (namespace: string, name: string) =>
  one<ApiLine>(`/v1/apis/${inPath(namespace)}/${inPath(name)}`)
export const productsQuery = one<Page<ProductLine>>(`/v1/products${query({ limit: MOST })}`)
export const plansQuery = one<Page<PlanLine>>(`/v1/plans${query({ limit: MOST })}`)
export const policiesQuery = (kind: PolicyKind) => one<Objects>(`/v1/objects${query({ kind, limit: MOST })}`)
export const policyConditionsQuery = (kind: PolicyKind) =>
  one<Conditions>(`/v1/conditions${query({ kind, limit: MOST })}`)
/** Rules of a route, as in HTTPRoute/default/items. */
export const rulesOfRoute = (route: string) =>
  queryOptions(one<Page<Rule>>(`/v1/rules${query({ route, limit: 100 })}`))
