import type { Kysely } from 'kysely'
import type { Engine, RowQuery } from './engine.ts'
import { headOf } from './feed.ts'
import type { LoadedApplication, LoadedCredential, LoadedSubscription, Loader } from './store.ts'
import type { Tables } from './tables.ts'

/** What the data plane needs, of the moment that `db` is a snapshot of. */
export async function load(engine: Engine, db: Kysely<Tables>, loader: Loader): Promise<number> {
  const { revision } = await headOf(db)
  const each = async <Row>(query: RowQuery<Row>, take: Take<Row> | undefined): Promise<void> => {
    if (take !== undefined) for await (const rows of engine.rows(db, query)) await take(rows)
  }
  await each(applications(db), loader.applications)
  await each(subscriptions(db), loader.subscriptions)
  await each(credentials(db), loader.credentials)
  return revision
}

type Take<Row> = (rows: readonly Row[]) => void | Promise<void>

function applications(db: Kysely<Tables>): RowQuery<LoadedApplication> {
  return db
    .selectFrom('applications as a')
    .innerJoin('accounts as c', 'c.id', 'a.account')
    .select(['a.id', 'a.name', 'a.account', 'a.status', 'c.name as accountName', 'c.status as accountStatus'])
}

function subscriptions(db: Kysely<Tables>): RowQuery<LoadedSubscription> {
  return db
    .selectFrom('subscriptions')
    .select(['id', 'application', 'product', 'plan', 'status'])
    .select(['since', 'planSince', 'previousPlan', 'previousSince'])
    .where('status', 'in', ['pending', 'active', 'suspended'])
}

function credentials(db: Kysely<Tables>): RowQuery<LoadedCredential> {
  return db
    .selectFrom('credentials as k')
    .innerJoin('applications as a', 'a.id', 'k.application')
    .select(['k.id', 'k.application', 'a.account', 'k.kind', 'k.keyId', 'k.hash', 'k.pepper', 'k.scopes'])
    .select(['k.expires', 'k.notBefore'])
    .where('k.revoked', 'is', null)
}
