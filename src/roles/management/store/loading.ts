import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { headOf } from './feed.ts'
import type { LoadedApplication, LoadedCredential, LoadedSubscription, Loader } from './store.ts'
import type { Tables } from './tables.ts'

/** Rows of one piece: what SQLite reads in about 10 ms, for which it holds the thread. */
const pieceRows = 2_000

/**
 * What the data plane needs, of the moment that `db` is a snapshot of. Pieces are read by primary key alone, and what
 * they belong to is looked up here: PostgreSQL, until it has statistics, reads a whole table for each piece of a join
 * (12 s for 100,000 credentials on a busy machine).
 */
export async function load(db: Kysely<Tables>, loader: Loader): Promise<number> {
  const { revision } = await headOf(db)
  const accounts = new Map<string, OfAccount>()
  const accountOf = new Map<string, string>()
  await pieces(
    after => accountsAfter(db, after),
    rows => rows.forEach(row => accounts.set(row.id, { accountName: row.name, accountStatus: row.status })),
  )
  await pieces(
    after => applicationsAfter(db, after),
    rows => {
      for (const row of rows) accountOf.set(row.id, row.account)
      return loader.applications?.(rows.map(row => ({ ...row, ...accounts.get(row.account)! })))
    },
  )
  if (loader.subscriptions !== undefined)
    await pieces(after => subscriptionsAfter(db, after), loader.subscriptions)
  const { credentials } = loader
  if (credentials !== undefined)
    await pieces(
      after => credentialsAfter(db, after),
      rows => credentials(rows.map(row => ({ ...row, account: accountOf.get(row.application)! }))),
    )
  return revision
}

type OfAccount = Pick<LoadedApplication, 'accountName' | 'accountStatus'>

async function pieces<Row extends { readonly id: string }>(
  read: (after: string) => Promise<readonly Row[]>,
  take: (rows: readonly Row[]) => void | Promise<void>,
): Promise<void> {
  for (let after = ''; ;) {
    const rows = await read(after)
    const last = rows.at(-1)
    if (last === undefined) return
    await take(rows)
    if (rows.length < pieceRows) return
    after = last.id
    await setImmediate()
  }
}

function accountsAfter(db: Kysely<Tables>, after: string) {
  const rows = db.selectFrom('accounts').select(['id', 'name', 'status'])
  return rows.where('id', '>', after).orderBy('id').limit(pieceRows).execute()
}

function applicationsAfter(db: Kysely<Tables>, after: string) {
  const rows = db.selectFrom('applications').select(['id', 'name', 'account', 'status'])
  return rows.where('id', '>', after).orderBy('id').limit(pieceRows).execute()
}

function subscriptionsAfter(db: Kysely<Tables>, after: string): Promise<LoadedSubscription[]> {
  const rows = db
    .selectFrom('subscriptions')
    .select(['id', 'application', 'product', 'plan', 'status'])
    .select(['since', 'planSince', 'previousPlan', 'previousSince'])
    .where('status', 'in', ['pending', 'active', 'suspended'])
  return rows.where('id', '>', after).orderBy('id').limit(pieceRows).execute()
}

function credentialsAfter(db: Kysely<Tables>, after: string): Promise<Omit<LoadedCredential, 'account'>[]> {
  const rows = db
    .selectFrom('credentials')
    .select(['id', 'application', 'kind', 'keyId', 'hash', 'pepper', 'scopes', 'expires', 'notBefore'])
    .where('revoked', 'is', null)
  return rows.where('id', '>', after).orderBy('id').limit(pieceRows).execute()
}
