import type { Kysely } from 'kysely'
import type { UsageRetention } from '../../../api/shapes/usage.ts'
import type { Store } from '../store/store.ts'
import type { Tables } from '../store/tables.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './entry.ts'
import { levels, type UsageTable } from './entry-store.ts'

/** How long rows are kept. */
export interface Retention {
  readonly minutesMs: number
  readonly hoursMs: number
  readonly daysMs: number
}

/** Two days; a quarter with some days to spare; three years and two months. */
const defaultPeriods: UsageRetention = { minutesHours: 48, hoursDays: 100, daysDays: 1_155 }
export const defaultRetention: Retention = retentionFrom(defaultPeriods)

/** Of `settings`. */
export const RETENTION_SETTING = 'usage.retention'

/** At one time: a statement holds the thread, with SQLite. */
const BUCKETS_AT_ONCE: Readonly<Record<UsageTable, number>> = {
  usageMinutes: 10 * MINUTE_MS,
  usageHours: HOUR_MS,
  usageDays: DAY_MS,
}

const SERIES_AT_ONCE = 1_000

/** Writers that have been silent for so long have left nothing that could still come. */
const WRITER_MS = 400 * DAY_MS

export async function periodsOf(store: Pick<Store, 'setting'>): Promise<UsageRetention> {
  const text = await store.setting(RETENTION_SETTING)
  return text === null
    ? defaultPeriods
    : { ...defaultPeriods, ...(JSON.parse(text) as Partial<UsageRetention>) }
}

export async function retentionOf(store: Pick<Store, 'setting'>): Promise<Retention> {
  return retentionFrom(await periodsOf(store))
}

function retentionFrom({ minutesHours, hoursDays, daysDays }: UsageRetention): Retention {
  return { minutesMs: minutesHours * HOUR_MS, hoursMs: hoursDays * DAY_MS, daysMs: daysDays * DAY_MS }
}

/** Removes what is older than it is to be kept, and then series of which nothing is left. Answers how many rows. */
export async function removeOld(
  store: Pick<Store, 'db' | 'write'>,
  { minutesMs, hoursMs, daysMs }: Retention,
  nowMs: number,
): Promise<number> {
  const kept: Readonly<Record<UsageTable, number>> = {
    usageMinutes: minutesMs,
    usageHours: hoursMs,
    usageDays: daysMs,
  }
  const removed = { usageMinutes: 0, usageHours: 0, usageDays: 0 }
  for (const { table, lengthMs } of levels) {
    // A bucket is as old as its end.
    const beforeMs = Math.floor((nowMs - kept[table]) / lengthMs) * lengthMs
    removed[table] = await removeBefore(store, table, beforeMs)
  }
  // Days are kept longest.
  if (removed.usageDays > 0) await removeUnused(store, nowMs)
  return removed.usageMinutes + removed.usageHours + removed.usageDays
}

async function removeBefore(
  store: Pick<Store, 'db' | 'write'>,
  table: UsageTable,
  beforeMs: number,
): Promise<number> {
  let removed = 0
  for (;;) {
    const { first } = await store.db
      .selectFrom(table)
      .select(eb => eb.fn.min('bucket').as('first'))
      .where('bucket', '<', beforeMs)
      .executeTakeFirstOrThrow()
    // Of no rows the smallest is null, whatever its type says.
    if ((first as number | null) === null) return removed
    const endMs = Math.min(beforeMs, Number(first) + BUCKETS_AT_ONCE[table])
    const { numDeletedRows } = await store.write(({ db }) =>
      db.deleteFrom(table).where('bucket', '<', endMs).executeTakeFirstOrThrow(),
    )
    removed += Number(numDeletedRows)
  }
}

/** Whoever has made one lately has not forgotten that it is there (series-store.ts), and its rows may be under way. */
async function removeUnused(store: Pick<Store, 'db' | 'write'>, nowMs: number): Promise<void> {
  let after = ''
  for (;;) {
    const ids = await store.db
      .selectFrom('usageSeries')
      .select('id')
      .where('id', '>', after)
      .orderBy('id')
      .limit(SERIES_AT_ONCE)
      .execute()
    const last = ids.at(-1)?.id
    if (last === undefined) break
    await store.write(({ db }) => removeBetween(db, after, last, nowMs - DAY_MS))
    after = last
  }
  await store.write(({ db }) =>
    db
      .deleteFrom('usageWriters')
      .where('at', '<', nowMs - WRITER_MS)
      .execute(),
  )
}

async function removeBetween(
  db: Kysely<Tables>,
  after: string,
  last: string,
  beforeMs: number,
): Promise<void> {
  await db
    .deleteFrom('usageSeries')
    .where('id', '>', after)
    .where('id', '<=', last)
    .where('created', '<', beforeMs)
    .where('id', 'not in', withRows(db, 'usageDays', after, last))
    .where('id', 'not in', withRows(db, 'usageHours', after, last))
    .where('id', 'not in', withRows(db, 'usageMinutes', after, last))
    .execute()
}

function withRows(db: Kysely<Tables>, table: UsageTable, after: string, last: string) {
  return db.selectFrom(table).select('series').where('series', '>', after).where('series', '<=', last)
}
