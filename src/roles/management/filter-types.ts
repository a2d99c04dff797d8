import { authorization } from '../../filters/authorization/authorization.ts'
import type { FilterType } from '../../filters/filter.ts'
import { authentication } from './authentication/authentication.ts'
import { api } from './catalog/api.ts'
import { published } from './catalog/published.ts'
import { identityLimits } from './limits/filters/identity-limits.ts'
import { plan } from './limits/filters/plan.ts'
import { subscription } from './limits/filters/subscription.ts'
import { upstreamIdentity } from './telling/upstream-identity.ts'
import { usage } from './usage/usage.ts'

/** Those of this role, for workers. */
export const managementFilters: readonly FilterType[] = [
  published,
  api,
  usage,
  authentication,
  subscription,
  authorization,
  identityLimits,
  plan,
  upstreamIdentity,
]
