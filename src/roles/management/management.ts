import type { Role } from '../../translation/role.ts'
import { managementFilters } from './filter-types.ts'
import { API } from './kinds/api.ts'
import { AuthenticationPolicy } from './kinds/authentication-policy.ts'
import { AuthorizationPolicy } from './kinds/authorization-policy.ts'
import { Plan } from './kinds/plan.ts'
import { Product } from './kinds/product.ts'
import { RateLimitPolicy } from './kinds/rate-limit-policy.ts'
import { Management } from './service.ts'
import { translate } from './translation/translate.ts'

/** API management: who may use an API, how much, under which plan. */
export const management: Role = {
  name: 'management',
  kinds: [API, Product, Plan, AuthenticationPolicy, AuthorizationPolicy, RateLimitPolicy],
  filters: managementFilters,
  translate,
  services: kit => [new Management(kit)],
  restore,
  peppers: async secretsDir => {
    const { PeppersFile } = await import('./credentials/peppers-file.ts')
    return new PeppersFile(secretsDir)
  },
}

/** Peppers are not in a backup: without those of its gateway no key of it counts. */
async function restore(url: string, lines: AsyncIterable<string>): Promise<number> {
  const { openStore } = await import('./store/open.ts')
  const store = await openStore({ url })
  try {
    return (await store.restore(lines)).rows
  } finally {
    await store.close()
  }
}
