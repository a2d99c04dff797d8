import { newId } from '../ids.ts'
import type { Store } from '../store.ts'
import { actor } from './consumer.ts'

const rowsAtOnce = 1_000

/** So many credentials of as many applications of one account, each with a subscription; in a few statements, so without audit. */
export function fill(store: Store, count: number): Promise<void> {
  return store.change(actor, async tx => {
    const { id: organization } = (await tx.organizations.find({ name: 'default' }))!
    const { id: account } = await tx.accounts.insert({
      organization,
      name: newId(),
      title: '',
      status: 'active',
    })
    for (let done = 0; done < count; done += rowsAtOnce)
      await some({ account, db: tx.db, revision: tx.revision }, Math.min(rowsAtOnce, count - done))
  })
}

interface Filling {
  readonly account: string
  readonly db: Store['db']
  readonly revision: number
}

async function some({ account, db, revision: version }: Filling, count: number): Promise<void> {
  const own = () => ({ id: newId(), version, created: 1, updated: 1 })
  const applications = Array.from({ length: count }, () => {
    const record = own()
    return { ...record, account, name: record.id, title: '', status: 'active' as const }
  })
  await db.insertInto('applications').values(applications).execute()
  const credentials = applications.map(({ id: application }) => ({
    ...own(),
    application,
    name: 'key',
    kind: 'api-key' as const,
    keyId: newId().slice(-16) + newId().slice(0, 8),
    prefix: 'pc_live_x',
    hash: 'x'.repeat(43),
    pepper: 1,
    scopes: '',
    expires: null,
    notBefore: null,
    lastUsed: null,
    revoked: null,
    replaces: null,
  }))
  await db.insertInto('credentials').values(credentials).execute()
  const subscriptions = applications.map(({ id: application }) => ({
    ...own(),
    application,
    product: 'default/pets',
    plan: 'default/free',
    status: 'active' as const,
    since: 1,
    planSince: 1,
    previousPlan: null,
    previousSince: null,
    approvedBy: null,
    reason: null,
  }))
  await db.insertInto('subscriptions').values(subscriptions).execute()
}
