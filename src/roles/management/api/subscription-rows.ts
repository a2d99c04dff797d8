import type { Subscription } from '../../../api/shapes/subscription.ts'
import { Product } from '../kinds/product.ts'
import type { Actor } from '../access/actor.ts'
import { PLATFORM, type Scope } from '../access/scope.ts'
import type { Store } from '../store/store.ts'
import { forbidden, missing } from './allow.ts'
import type { ManagementApi } from './context.ts'
import { partsOf } from './object-names.ts'
import { objectScope } from './object-scope.ts'
import { timeOf, timeOrNull } from './times.ts'

/** With the names of who has subscribed. */
export function subscriptionRows({ db }: Pick<Store, 'db'>) {
  return db
    .selectFrom('subscriptions')
    .innerJoin('applications', 'applications.id', 'subscriptions.application')
    .innerJoin('accounts', 'accounts.id', 'applications.account')
    .innerJoin('organizations', 'organizations.id', 'accounts.organization')
    .selectAll('subscriptions')
    .select([
      'applications.name as applicationName',
      'accounts.id as accountId',
      'accounts.name as accountName',
      'organizations.id as organizationId',
      'organizations.name as organizationName',
    ])
}

export type SubscriptionRow = Awaited<ReturnType<ReturnType<typeof subscriptionRows>['execute']>>[number]

/** Who consumes, and who owns what is consumed. */
export interface Sides {
  readonly consumer: Scope
  readonly owner: Scope
}

export function sidesOf(api: ManagementApi, row: SubscriptionRow): Sides {
  const { namespace, name } = partsOf(row.product)
  const product = api.declared()?.resources.get(Product, namespace, name)
  return {
    consumer: { organization: row.organizationId, account: row.accountId },
    owner: product === undefined ? PLATFORM : objectScope(api, product),
  }
}

/** One that who asks may see, of either side. */
export async function subscriptionFor(
  api: ManagementApi,
  store: Pick<Store, 'db'>,
  actor: Actor,
  id: string,
): Promise<SubscriptionRow> {
  const row = await subscriptionRows(store).where('subscriptions.id', '=', id).executeTakeFirst()
  const sides = row && sidesOf(api, row)
  const isSeen =
    sides !== undefined &&
    (actor.can('subscriptions:read', sides.consumer) || actor.can('subscriptions:read', sides.owner))
  if (row === undefined || !isSeen) throw missing(`subscription ${id}`)
  return row
}

/** Throws unless it is the consumer's who asks. */
export function mayWrite(actor: Actor, row: SubscriptionRow): void {
  const consumer = { organization: row.organizationId, account: row.accountId }
  if (!actor.can('subscriptions:write', consumer))
    throw forbidden('subscriptions:write', `subscription ${row.id}`)
}

/** For the audit. */
export function nameOfRow({ accountName, applicationName, product }: SubscriptionRow): string {
  return `${accountName}/${applicationName} → ${product}`
}

export function subscriptionView(row: SubscriptionRow): Subscription {
  const { id, product, plan, status, since, planSince, previousPlan, approvedBy, reason } = row
  return {
    id,
    application: { id: row.application, name: row.applicationName },
    account: { id: row.accountId, name: row.accountName },
    organization: { id: row.organizationId, name: row.organizationName },
    product,
    plan,
    status,
    since: timeOrNull(since),
    planSince: timeOrNull(planSince),
    previousPlan,
    approvedBy,
    reason: reason ?? '',
    createdAt: timeOf(row.created),
    updatedAt: timeOf(row.updated),
  }
}
