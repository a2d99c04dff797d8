import type { LoadedApplication, LoadedCredential, LoadedSubscription, Store } from './store/store.ts'

// Of some records what Store.load gives of all.

/** What one statement takes at most: SQLite has 32,766 parameters, PostgreSQL 65,535. */
const MOST_IDS = 10_000

export async function inPieces<T>(
  ids: readonly string[],
  read: (some: readonly string[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const all: T[] = []
  for (let from = 0; from < ids.length; from += MOST_IDS)
    all.push(...(await read(ids.slice(from, from + MOST_IDS))))
  return all
}

export async function applicationsOf(store: Store, accounts: readonly string[]): Promise<readonly string[]> {
  const rows = await inPieces(accounts, some =>
    store.db.selectFrom('applications').select('id').where('account', 'in', some).execute(),
  )
  return rows.map(({ id }) => id)
}

export async function credentialsOf(
  store: Store,
  applications: readonly string[],
): Promise<readonly string[]> {
  const rows = await inPieces(applications, some =>
    store.db.selectFrom('credentials').select('id').where('application', 'in', some).execute(),
  )
  return rows.map(({ id }) => id)
}

export function readApplications(
  store: Store,
  ids: readonly string[],
): Promise<readonly LoadedApplication[]> {
  return inPieces(ids, some =>
    store.db
      .selectFrom('applications')
      .innerJoin('accounts', 'accounts.id', 'applications.account')
      .select(['applications.id', 'applications.name', 'applications.account', 'applications.status'])
      .select(['accounts.name as accountName', 'accounts.status as accountStatus'])
      .where('applications.id', 'in', some)
      .execute(),
  )
}

/** Those that are not revoked. */
export function readCredentials(store: Store, ids: readonly string[]): Promise<readonly LoadedCredential[]> {
  return inPieces(ids, some =>
    store.db
      .selectFrom('credentials')
      .innerJoin('applications', 'applications.id', 'credentials.application')
      .select(['credentials.id', 'credentials.application', 'credentials.kind', 'credentials.keyId'])
      .select(['credentials.hash', 'credentials.pepper', 'credentials.scopes'])
      .select(['credentials.expires', 'credentials.notBefore', 'applications.account'])
      .where('credentials.id', 'in', some)
      .where('credentials.revoked', 'is', null)
      .execute(),
  )
}

/** Those that are pending, active or suspended. */
export function readSubscriptions(
  store: Store,
  ids: readonly string[],
): Promise<readonly LoadedSubscription[]> {
  return inPieces(ids, some =>
    store.db
      .selectFrom('subscriptions')
      .select(['id', 'application', 'product', 'plan', 'status', 'since', 'planSince'])
      .select(['previousPlan', 'previousSince'])
      .where('id', 'in', some)
      .where('status', 'in', ['pending', 'active', 'suspended'])
      .execute(),
  )
}
