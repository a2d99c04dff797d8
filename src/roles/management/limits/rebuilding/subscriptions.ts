import { inPieces } from '../../consumer-reads.ts'
import type { LoadedSubscription, Store } from '../../store/store.ts'

/** Those that count something, all or of these plans. */
export async function subscribersOf(
  store: Store,
  plans: readonly string[] | null = null,
): Promise<readonly LoadedSubscription[]> {
  const all: LoadedSubscription[] = []
  const isWanted = ({ status, plan }: LoadedSubscription): boolean =>
    status !== 'pending' && plans?.includes(plan) !== false
  await store.load({ subscriptions: some => void all.push(...some.filter(isWanted)) })
  return all
}

/** Those of these that have begun, or come to another plan, with their last change. */
export async function changedPlans(
  store: Store,
  ids: readonly string[],
): Promise<readonly LoadedSubscription[]> {
  const rows = await inPieces(ids, some =>
    store.db
      .selectFrom('subscriptions')
      .select(['id', 'application', 'product', 'plan', 'status', 'since', 'planSince'])
      .select(['previousPlan', 'previousSince', 'updated'])
      .where('id', 'in', some)
      .where('status', '=', 'active')
      .execute(),
  )
  return rows.filter(({ planSince, updated }) => planSince === updated)
}
