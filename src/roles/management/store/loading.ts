import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { headOf } from './feed.ts'
import type { LoadedApplication, LoadedCredential, LoadedSubscription, Loader } from './store.ts'
import type { Tables } from './tables.ts'

/** Rows of one piece: what SQLite reads in about 10 ms, for which it holds the thread. */
const pieceRows = 2_000

/** What the data plane needs, of the moment that `db` is a snapshot of. */
export async function load(db: Kysely<Tables>, loader: Loader): Promise<number> {
  const { revision } = await headOf(db)
  if (loader.applications !== undefined) await pieces(after => applications(db, after), loader.applications)
  if (loader.subscriptions !== undefined)
    await pieces(after => subscriptions(db, after), loader.subscriptions)
  if (loader.credentials !== undefined) await pieces(after => credentials(db, after), loader.credentials)
  return revision
}

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

function applications(db: Kysely<Tables>, after: string): Promise<LoadedApplication[]> {
  return db
    .selectFrom('applications as a')
    .innerJoin('accounts as c', 'c.id', 'a.account')
    .select(['a.id', 'a.name', 'a.account', 'a.status', 'c.name as accountName', 'c.status as accountStatus'])
    .where('a.id', '>', after)
    .orderBy('a.id')
    .limit(pieceRows)
    .execute()
}

function subscriptions(db: Kysely<Tables>, after: string): Promise<LoadedSubscription[]> {
  return db
    .selectFrom('subscriptions')
    .select(['id', 'application', 'product', 'plan', 'status'])
    .select(['since', 'planSince', 'previousPlan', 'previousSince'])
    .where('status', 'in', ['pending', 'active', 'suspended'])
    .where('id', '>', after)
    .orderBy('id')
    .limit(pieceRows)
    .execute()
}

function credentials(db: Kysely<Tables>, after: string): Promise<LoadedCredential[]> {
  return db
    .selectFrom('credentials as k')
    .innerJoin('applications as a', 'a.id', 'k.application')
    .select(['k.id', 'k.application', 'a.account', 'k.kind', 'k.keyId', 'k.hash', 'k.pepper', 'k.scopes'])
    .select(['k.expires', 'k.notBefore'])
    .where('k.revoked', 'is', null)
    .where('k.id', '>', after)
    .orderBy('k.id')
    .limit(pieceRows)
    .execute()
}
