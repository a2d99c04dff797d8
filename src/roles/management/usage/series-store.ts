import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Tables } from '../store/tables.ts'
import { textOf, type Dimensions } from './dimensions.ts'

/** Each has fourteen parameters; SQLite takes 32,766. */
const ROWS_OF_A_STATEMENT = 1_000
const MOST_REMEMBERED = 50_000
/** Series of which nothing is left are removed (retention.ts), days after their last row: what is remembered must be younger. */
const REMEMBERED_MS = 3_600_000

/** 96 bits: two that are the same by chance are not to be expected. */
export function seriesId(one: Dimensions): string {
  return createHash('sha256').update(textOf(one)).digest('base64url').slice(0, 16)
}

/** Which series the store has; those of late are remembered. */
export class SeriesStore {
  private readonly nowMs: () => number
  private known = new Set<string>()
  private sinceMs: number

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
    this.sinceMs = nowMs()
  }

  /** Makes those that are new, by id; answers with them, to be remembered when they are committed. */
  async make(db: Kysely<Tables>, all: ReadonlyMap<string, Dimensions>): Promise<readonly string[]> {
    if (this.nowMs() - this.sinceMs > REMEMBERED_MS || this.known.size > MOST_REMEMBERED) this.forget()
    const created = this.nowMs()
    const rows = [...all]
      .filter(([id]) => !this.known.has(id))
      // So that processes that make the same do not wait for one another in a circle.
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { overQuota, ...one }]) => ({
        ...one,
        id,
        overQuota: Number(overQuota === 'true'),
        created,
      }))
    for (let i = 0; i < rows.length; i += ROWS_OF_A_STATEMENT)
      await db
        .insertInto('usageSeries')
        .values(rows.slice(i, i + ROWS_OF_A_STATEMENT))
        .onConflict(conflict => conflict.column('id').doNothing())
        .execute()
    return rows.map(({ id }) => id)
  }

  remember(ids: readonly string[]): void {
    for (const id of ids) this.known.add(id)
  }

  private forget(): void {
    this.known = new Set()
    this.sinceMs = this.nowMs()
  }
}
