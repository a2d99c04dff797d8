import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import { SubscriptionLimits } from '../../../api/shapes/limit.ts'
import { SubscriptionParams } from '../../../api/shapes/subscription.ts'
import type { Resources } from '../../../model/resources.ts'
import { actorOf } from '../access/actor.ts'
import { Product } from '../kinds/product.ts'
import type { PlanRow } from '../rows.ts'
import type { Store } from '../store/store.ts'
import { planRows } from '../translation/plans.ts'
import type { PublishedApis } from '../translation/published/published.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { partsOf } from './object-names.ts'
import { subscriptionFor } from './subscription-rows.ts'

/** What is left of the limits of a subscription. */
export function subscriptionLimitRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/subscriptions/:subscription/limits',
    {
      config: { permission: 'subscriptions:read' },
      schema: {
        summary: 'What is left of the limits of a subscription',
        description: 'As it counts now; asking takes nothing of them.',
        tags: ['subscriptions'],
        params: SubscriptionParams,
        response: { 200: SubscriptionLimits },
      },
    },
    async ({ raw, params }) => {
      const store = await opened(api)
      const row = await subscriptionFor(api, store, actorOf(accessOf(raw)), params.subscription)
      const resources = api.declared()?.resources
      const plan = resources && planRows(resources).get(row.plan)
      if (resources === undefined || plan === undefined)
        throw new AdminError(409, `plan ${row.plan} is not in force`)
      const items = await api.limits.read({
        subscription: row.id,
        sinceMs: row.since ?? 0,
        plan: plan as unknown as PlanRow,
        operations: operationsOf(resources, api.published(), row.product),
        credentials: await credentialsOf(store, row.application),
      })
      return { plan: row.plan, items: [...items] }
    },
  )
}

/** Those that have a name. */
function operationsOf(resources: Resources, published: PublishedApis, product: string): readonly string[] {
  const { namespace, name } = partsOf(product)
  const apis = resources.get(Product, namespace, name)?.body.spec.apis ?? []
  const all = apis.flatMap(({ name: api, operations }) => {
    if (operations !== undefined) return operations
    return published[`${namespace}/${api}`]?.operations ?? []
  })
  return [...new Set(all)]
}

async function credentialsOf({ db }: Pick<Store, 'db'>, application: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('credentials')
    .select('id')
    .where('application', '=', application)
    .where('revoked', 'is', null)
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}
