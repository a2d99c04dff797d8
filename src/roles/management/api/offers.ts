import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { AdminError } from '../../../api/errors.ts'
import type { Resource } from '../../../model/resource.ts'
import { Plan } from '../kinds/plan.ts'
import { Product } from '../kinds/product.ts'
import type { Actor } from '../access/actor.ts'
import type { Reach } from '../access/scope.ts'
import type { ManagementApi } from './context.ts'
import { within } from './lists.ts'
import { fullName, partsOf } from './object-names.ts'
import { objectScope } from './object-scope.ts'

/** A product that can be subscribed to on a plan, as they are in force. */
export interface Offers {
  readonly product: string
  readonly plan: string
  readonly needsApproval: boolean
  /** Whether who asks could approve it. */
  readonly mayApprove: boolean
}

/** Throws where there is no such offer for whoever asks. */
export function offered(api: ManagementApi, actor: Actor, product: string, plan: string): Offers {
  const resources = api.declared()?.resources
  const at = partsOf(product)
  const found = resources?.get(Product, at.namespace, at.name)
  const mayApprove = found !== undefined && actor.can('subscriptions:approve', objectScope(api, found))
  // Of a private one only its owners make subscriptions, and others are not told that it is there.
  if (found === undefined || (found.body.spec.visibility === 'Private' && !mayApprove))
    throw new AdminError(422, `body: there is no product ${product} in force`)
  const plans = (found.body.spec.plans ?? []).map(({ name }) => `${at.namespace}/${name}`)
  if (!plans.includes(plan))
    throw new AdminError(
      422,
      `body: product ${product} has no plan ${plan}, expected ${plans.length === 0 ? 'none: it has no plans' : `one of ${plans.join(', ')}`}`,
    )
  const of = partsOf(plan)
  const chosen = resources?.get(Plan, of.namespace, of.name)
  if (chosen === undefined) throw new AdminError(422, `body: plan ${plan} is not in force`)
  return { product, plan, needsApproval: chosen.body.spec.approval === 'Manual', mayApprove }
}

/** Of subscriptions: those of consumers within reach, and those to products within reach. */
export function offersWithin(api: ManagementApi, reach: Reach): RawBuilder<SqlBool> {
  const own = within(reach, { organization: 'accounts.organization', account: 'accounts.id' })
  const products = productsWithin(api, reach)
  return products.length === 0
    ? own
    : sql`(${own} or ${sql.ref('subscriptions.product')} in (${sql.join(products)}))`
}

function productsWithin(api: ManagementApi, { everywhere, organizations, teams }: Reach): readonly string[] {
  if (everywhere) return []
  return (api.declared()?.resources.all(Product) ?? [])
    .filter(product => {
      const { organization, team } = objectScope(api, product)
      return organizations.includes(organization ?? '') || teams.includes(team ?? '')
    })
    .map(nameOf)
}

function nameOf({ metadata: { namespace, name } }: Resource): string {
  return fullName(`${namespace}/${name}`)
}
