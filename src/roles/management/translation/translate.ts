import type { Exceptions } from '../../../model/kinds/exceptions.ts'
import type { PolicyTarget } from '../../../model/kinds/shapes.ts'
import type { Resource } from '../../../model/resource.ts'
import { keyOf, refKey, type Resources } from '../../../model/resources.ts'
import type { Attachment, Contribution } from '../../../snapshot/contribution.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import { BUNDLES, type DeclaredApis } from '../../../translation/compositions.ts'
import type { TranslateOptions } from '../../../translation/role.ts'
import { Closing } from '../../../translation/closing.ts'
import { doubtExceptions } from '../../../translation/except-doubts.ts'
import { ourGateways } from '../../../translation/gateway-classes.ts'
import { Report } from '../../../translation/report.ts'
import { authorizationAttachments } from '../authorization/attachments.ts'
import type { AuthenticationConfig } from '../authentication/config.ts'
import { AuthenticationPolicy } from '../kinds/authentication-policy.ts'
import { AuthorizationPolicy } from '../kinds/authorization-policy.ts'
import { RateLimitPolicy } from '../kinds/rate-limit-policy.ts'
import { PLANS, PUBLISHED } from '../rows.ts'
import { apiFilter, apisOf, type ApiState, type ApiWorld } from './apis.ts'
import { authenticationFilter, defaultAuthentication, placeText, pointsIn } from './authentication.ts'
import { placesOf } from './covers.ts'
import { doubtOpen, doubtUnreachable } from './doubts.ts'
import { limitsFilter, productFilters, tellingFilter, usageFilter } from './filters.ts'
import { planRows, reportPlans } from './plans.ts'
import { isOfApi, placed, type Placed } from './policies.ts'
import { Products, reportProducts, type Offer } from './products.ts'
import { publish } from './published/published.ts'
import { doubtRules } from './rule-doubts.ts'
import { standsAt } from './standing.ts'
import { Strays } from './strays.ts'
import { brokenFor, closeBroken } from './unenforced.ts'

/**
 * APIs, Products, Plans and the policies of the role, to filters at the routes that they are for. Pure. What protects
 * and is not in force closes what it is for.
 */
export function translate(resources: Resources, { facts }: TranslateOptions): Contribution {
  const policies = policiesIn(resources)
  const products = new Products(resources)
  const broken = brokenFor(resources)
  const named = targetedApis(policies)
  const isProtected = (api: Resource): boolean =>
    products.of(api).length > 0 || broken.has(keyOf(api)) || named.has(keyOf(api))
  const report = new Report()
  const closing = new Closing('management')
  const composed = (facts?.[BUNDLES] as DeclaredApis | undefined) ?? new Map<string, never>()
  const world = { resources, gateways: ourGateways(resources), closing, report, composed }
  const apis = apisOf(world, isProtected)
  closeBroken(broken, apis, world)
  reportProducts(apis, world)
  reportPlans(apis, world)
  const offered = [...apis.values()].filter(({ api }) => products.of(api).length > 0)
  const authentication = placed(AuthenticationPolicy, apis, world, offered)
  const authorization = placed(AuthorizationPolicy, apis, world)
  doubtRules(authorization, world)
  const limits = placed(RateLimitPolicy, apis, world)
  const standing = new Map<string, readonly Placed<Resource>[]>([
    [AuthenticationPolicy.kind, authentication],
    [AuthorizationPolicy.kind, authorization],
    [RateLimitPolicy.kind, limits],
  ])
  const strays = new Strays(resources, policies, (kind, api) => {
    const state = apis.get(keyOf(api))
    const own = standing.get(kind)
    if (kind === AuthenticationPolicy.kind && products.of(api).length > 0) return true
    return state !== undefined && own !== undefined && standsAt(state, own, world)
  })
  const attach = [
    ...[...apis.values()].flatMap(state =>
      ofApi(state, products.of(state.api), authentication, strays, world),
    ),
    ...ofAuthentication(authentication, products),
    ...authorizationAttachments(authorization),
    ...ofLimits(limits),
  ]
  const published = publish([...apis.values()], products, attach, world)
  doubtExceptions(policies, resources, report)
  closing.tell(report)
  const plans = planRows(resources)
  return {
    attach: [...attach, ...published.attach],
    close: closing.places,
    tables: {
      ...(plans.size > 0 && { [PLANS]: plans }),
      ...(published.rows.size > 0 && { [PUBLISHED]: published.rows }),
    },
    ...(apis.size > 0 && { wants: { [PUBLISHED]: published.apis } }),
    conditions: report.conditions,
    problems: report.problems,
  }
}

/** Any policy of the role, as all of them are. */
type Policy = Resource<{
  readonly spec: { readonly targetRefs: readonly PolicyTarget[]; readonly except?: Exceptions }
}>

function policiesIn(resources: Resources): readonly Policy[] {
  return [
    ...resources.all(AuthenticationPolicy),
    ...resources.all(AuthorizationPolicy),
    ...resources.all(RateLimitPolicy),
  ]
}

/** The APIs that policies are for, by their keys. */
function targetedApis(policies: readonly Policy[]): ReadonlySet<string> {
  return new Set(
    policies.flatMap(({ metadata: { namespace }, body }) =>
      body.spec.targetRefs
        .filter(isOfApi)
        .map(({ group, kind, name }) => refKey({ group, kind, namespace, name })),
    ),
  )
}

/** What stands on what an API covers, for it is there and has Products. */
function ofApi(
  state: ApiState,
  offers: readonly Offer[],
  policies: readonly Placed<AuthenticationPolicy>[],
  strays: Strays,
  world: ApiWorld,
): Attachment[] {
  const api = apiFilter(state, world)
  const always: FilterConfig[] = [api, usageFilter(api)]
  const enforced = productFilters(state, offers)
  doubtUnreachable(state, world)
  const isOpen = offers.length === 0 && !policies.some(one => asksFor(state, one))
  if (!strays.close(state, isOpen, world) && isOpen) doubtOpen(state, world)
  const places = state.covers.flatMap(cover => placesOf(cover))
  const taken = new Set(policies.map(({ at }) => placeText(at)))
  return [
    ...places.flatMap(at => always.map(filter => ({ at, filter }))),
    ...defaultAuthentication(state, offers, taken),
    ...places.flatMap(at => enforced.map(filter => ({ at, filter, protects: true as const }))),
  ]
}

/** Whether a policy is for the API, for something that it covers, or for a Gateway or ListenerSet, which may be that of its routes. */
function asksFor(state: ApiState, { at, api }: Placed<AuthenticationPolicy>): boolean {
  if (api !== null) return api === state
  if (at === 'all' || 'gateway' in at || 'listenerSet' in at || 'listener' in at) return true
  return state.covers.some(cover => pointsIn(cover).includes(placeText(at)))
}

function ofAuthentication(
  policies: readonly Placed<AuthenticationPolicy>[],
  products: Products,
): Attachment[] {
  const configs = new Map<string, AuthenticationConfig>()
  const told = new Set<string>()
  return policies.flatMap(({ policy, at, api }): Attachment[] => {
    const signup = api?.api.body.spec.signUp ?? null
    // The same object wherever it is the same: it is compiled once.
    const key = JSON.stringify([keyOf(policy), signup])
    const filter = configs.get(key) ?? authenticationFilter(policy, signup)
    configs.set(key, filter)
    // Where a Product is, so is this.
    const isTold = told.has(placeText(at)) || (api !== null && products.of(api.api).length > 0)
    told.add(placeText(at))
    return [{ at, filter, protects: true }, ...(isTold ? [] : [{ at, filter: tellingFilter(filter.origin) }])]
  })
}

function ofLimits(policies: readonly Placed<RateLimitPolicy>[]): Attachment[] {
  const configs = new Map<string, FilterConfig>()
  return policies.map(({ policy, at }) => {
    const filter = configs.get(keyOf(policy)) ?? limitsFilter(policy)
    configs.set(keyOf(policy), filter)
    return { at, filter, protects: true }
  })
}
