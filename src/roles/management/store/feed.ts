import type { Kysely } from 'kysely'
import type { Change } from './store.ts'
import type { Head, Tables } from './tables.ts'

/** Revisions of one reading. */
const windowRevisions = 500

export type Feed =
  | {
      readonly kind: 'changes'
      readonly changes: readonly Change[]
      readonly upTo: number
      readonly more: boolean
    }
  /** What lies between is not kept any more, or this is not the database that it was. */
  | { readonly kind: 'gap'; readonly store: string; readonly revision: number }

/**
 * What was committed after a revision. `head` is changed in each transaction that adds to the feed, so that all up to
 * its revision is there to be read; and as there is no revision without an entry, what is missing shows.
 */
export async function changesAfter(db: Kysely<Tables>, ofStore: string, after: number): Promise<Feed> {
  const { store, revision } = await headOf(db)
  const gap = { kind: 'gap', store, revision } as const
  if (store !== ofStore || revision < after) return gap
  const upTo = Math.min(revision, after + windowRevisions)
  const changes = upTo === after ? [] : await between(db, after, upTo)
  const revisions = new Set(changes.map(change => change.revision))
  if (revisions.size !== upTo - after) return gap
  return { kind: 'changes', changes, upTo, more: upTo < revision }
}

export function headOf(db: Kysely<Tables>): Promise<Head> {
  return db.selectFrom('head').selectAll().executeTakeFirstOrThrow()
}

/** Takes away what is older, and how many it were. */
export async function compact(db: Kysely<Tables>, beforeMs: number): Promise<number> {
  const old = await db
    .selectFrom('changes')
    .select(eb => eb.fn.max('revision').as('revision'))
    .where('at', '<', beforeMs)
    .executeTakeFirst()
  const revision = old?.revision ?? null
  if (revision === null) return 0
  const { numDeletedRows } = await db
    .deleteFrom('changes')
    .where('revision', '<=', revision)
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}

async function between(db: Kysely<Tables>, after: number, upTo: number): Promise<Change[]> {
  const rows = await db
    .selectFrom('changes')
    .select(['revision', 'kind', 'id', 'at'])
    .where('revision', '>', after)
    .where('revision', '<=', upTo)
    .orderBy('revision')
    .orderBy('ordinal')
    .execute()
  return rows as Change[]
}
