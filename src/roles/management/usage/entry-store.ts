import type { Kysely } from 'kysely'
import type { Store } from '../store/store.ts'
import type { Tables, UsageRow } from '../store/tables.ts'
import { noSums, plus, textOf, type Dimensions } from './dimensions.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Entry, type EntryId, type EntryRow } from './entry.ts'
import type { EntryStore } from './ledger.ts'
import { NumberSet } from './number-set.ts'
import { seriesId, SeriesStore } from './series-store.ts'

/** From the finest; an entry goes into all of them. */
export const levels = [
  { table: 'usageMinutes', lengthMs: MINUTE_MS },
  { table: 'usageHours', lengthMs: HOUR_MS },
  { table: 'usageDays', lengthMs: DAY_MS },
] as const

export type UsageTable = (typeof levels)[number]['table']

/** Each has six parameters; SQLite takes 32,766. */
const ROWS_OF_A_STATEMENT = 1_000

/** Entries in the store: minutes, and the hours and days that they are part of, in one transaction. */
export class StoredEntries implements EntryStore {
  private readonly store: Pick<Store, 'write'>
  private readonly series: SeriesStore
  private readonly nowMs: () => number

  /** `nowMs`: since 1970. */
  constructor(store: Pick<Store, 'write'>, nowMs: () => number) {
    this.store = store
    this.nowMs = nowMs
    this.series = new SeriesStore(nowMs)
  }

  async write(entry: Entry): Promise<void> {
    const rows = withIds(entry.rows())
    const series = new Map(rows.map(row => [row.series, row.dimensions]))
    const made = await this.store.write(async ({ db }) => {
      if (!(await this.enter(db, entry.id))) return []
      const ids = await this.series.make(db, series)
      for (const { table, lengthMs } of levels) await addRows(db, table, sumRows(rows, lengthMs))
      return ids
    })
    // Of a transaction that was rolled back nothing may be remembered.
    this.series.remember(made)
  }

  /** False where it is there already. Who else writes the same entry waits here. */
  private async enter(db: Kysely<Tables>, { writer, number }: EntryId): Promise<boolean> {
    const at = this.nowMs()
    const { entries } = await db
      .insertInto('usageWriters')
      .values({ writer, entries: '[]', at })
      // Where it is there, that takes the row, and gives what it has.
      .onConflict(conflict => conflict.column('writer').doUpdateSet({ at }))
      .returning('entries')
      .executeTakeFirstOrThrow()
    const numbers = NumberSet.parse(entries)
    if (!numbers.add(number)) return false
    await db
      .updateTable('usageWriters')
      .set({ entries: numbers.toString() })
      .where('writer', '=', writer)
      .execute()
    return true
  }
}

interface SeriesRow extends EntryRow {
  readonly series: string
}

function withIds(rows: Iterable<EntryRow>): readonly SeriesRow[] {
  const ids = new Map<string, string>()
  const idOf = (one: Dimensions): string => {
    const text = textOf(one)
    const known = ids.get(text)
    if (known !== undefined) return known
    const id = seriesId(one)
    ids.set(text, id)
    return id
  }
  return [...rows].map(row => ({ ...row, series: idOf(row.dimensions) }))
}

/** In the order of their keys, so that two processes that add to the same rows wait for one another, and not in a circle. */
function sumRows(rows: readonly SeriesRow[], lengthMs: number): readonly UsageRow[] {
  const sums = new Map<string, UsageRow>()
  for (const row of rows) {
    const { minuteMs, series } = row
    const bucket = Math.floor(minuteMs / lengthMs) * lengthMs
    const key = `${bucket} ${series}`
    sums.set(key, { bucket, series, ...plus(row, sums.get(key) ?? noSums) })
  }
  return [...sums.values()].toSorted((a, b) => a.bucket - b.bucket || (a.series < b.series ? -1 : 1))
}

async function addRows(db: Kysely<Tables>, table: UsageTable, rows: readonly UsageRow[]): Promise<void> {
  for (let i = 0; i < rows.length; i += ROWS_OF_A_STATEMENT)
    await db
      .insertInto(table)
      .values(rows.slice(i, i + ROWS_OF_A_STATEMENT))
      .onConflict(conflict =>
        conflict.columns(['bucket', 'series']).doUpdateSet(eb => ({
          requests: eb(eb.ref(`${table}.requests`), '+', eb.ref('excluded.requests')),
          requestBytes: eb(eb.ref(`${table}.requestBytes`), '+', eb.ref('excluded.requestBytes')),
          responseBytes: eb(eb.ref(`${table}.responseBytes`), '+', eb.ref('excluded.responseBytes')),
          cost: eb(eb.ref(`${table}.cost`), '+', eb.ref('excluded.cost')),
        })),
      )
      .execute()
}
