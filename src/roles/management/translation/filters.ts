import type { Origin } from '../../../snapshot/origin.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'
import { exceptionsOf } from '../../../translation/exceptions.ts'
import { policyName } from '../../../translation/policies.ts'
import type { ApiConfig } from '../catalog/api.ts'
import type { RateLimitPolicy } from '../kinds/rate-limit-policy.ts'
import type { IdentityLimitsConfig } from '../limits/filters/identity-limits.ts'
import type { PlanConfig } from '../limits/filters/plan.ts'
import type { SubscriptionConfig } from '../limits/filters/subscription.ts'
import type { UpstreamIdentityConfig } from '../telling/upstream-identity.ts'
import type { UsageConfig } from '../usage/usage.ts'
import type { ApiState } from './apis.ts'
import { originOf } from './origin.ts'
import { policyLimitRow } from './plans.ts'
import type { Offer } from './products.ts'

export function usageFilter({ origin, api, version }: ApiConfig): UsageConfig {
  return { type: 'usage', origin, api, version }
}

/** Who has subscribed to what, how much of it may be used, and what the backend is told: because there is a Product. */
export function productFilters({ name }: ApiState, offers: readonly Offer[]): FilterConfig[] {
  const [first] = offers
  if (first === undefined) return []
  const origin = originOf(first.product, first.path)
  const products = offers.map(({ product, operations }) => {
    const { namespace } = product.metadata
    const { plans = [], anonymousPlan } = product.body.spec
    return {
      product: policyName(product),
      plans: plans.map(plan => `${namespace}/${plan.name}`),
      operations: operations === null ? null : [...operations],
      anonymousPlan: anonymousPlan === undefined ? null : `${namespace}/${anonymousPlan.name}`,
    }
  })
  const subscription: SubscriptionConfig = { type: 'subscription', origin, api: name, products }
  const plan: PlanConfig = { type: 'plan', origin, api: name, products }
  return [subscription, plan, tellingFilter(origin)]
}

/** Where it is found out who asks, the backend is told. */
export function tellingFilter(origin: Origin): UpstreamIdentityConfig {
  return { type: 'upstream-identity', origin }
}

export function limitsFilter(policy: RateLimitPolicy): IdentityLimitsConfig {
  const { limits, except } = policy.body.spec
  return {
    type: 'identity-limits',
    origin: originOf(policy, ['spec']),
    policy: policyName(policy),
    limits: limits.map(policyLimitRow),
    except: exceptionsOf(except, policy.metadata.namespace),
  }
}
