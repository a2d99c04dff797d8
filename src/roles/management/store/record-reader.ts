import type { ExpressionBuilder, ExpressionWrapper, Kysely, SqlBool } from 'kysely'
import {
  recordKinds,
  type ListQuery,
  type Page,
  type Reader,
  type Readers,
  type RecordTable,
} from './store.ts'
import type { Recorded, Tables } from './tables.ts'

/** The same queries are made on every table of records, whatever else is in them. */
export type AnyRow = Recorded & Readonly<Record<string, unknown>>
type AnyTables = Record<string, AnyRow>

const defaultLimit = 100

export function readersOf(db: Kysely<Tables>): Readers {
  const tables = Object.keys(recordKinds) as RecordTable[]
  return Object.fromEntries(tables.map(table => [table, new RecordReader(db, table)])) as unknown as Readers
}

export class RecordReader<Row extends Recorded> implements Reader<Row> {
  protected readonly rows: Kysely<AnyTables>
  private readonly from: RecordTable

  constructor(db: Kysely<Tables>, table: RecordTable) {
    this.rows = db as unknown as Kysely<AnyTables>
    this.from = table
  }

  async get(id: string): Promise<Row | null> {
    const row = await this.rows.selectFrom(this.from).selectAll().where('id', '=', id).executeTakeFirst()
    return (row as Row | undefined) ?? null
  }

  async find(where: ListQuery<Row>['where']): Promise<Row | null> {
    const { items } = await this.list({ ...(where && { where }), limit: 1 })
    return items[0] ?? null
  }

  async list({ where = {}, after = null, limit = defaultLimit }: ListQuery<Row> = {}): Promise<Page<Row>> {
    let query = this.rows.selectFrom(this.from).selectAll().where(matching(where))
    if (after !== null) query = query.where('id', '>', after)
    const rows = (await query
      .orderBy('id')
      .limit(limit + 1)
      .execute()) as unknown as Row[]
    return pageOf(rows, limit, row => row.id)
  }
}

/** One row more than is wanted says that there are more. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursor: (row: Row) => string): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? cursor(last) : null }
}

/** Fields and what they must be, as a condition of a query. */
export function matching(where: Readonly<Record<string, unknown>>) {
  return (eb: ExpressionBuilder<AnyTables, string>): ExpressionWrapper<AnyTables, string, SqlBool> =>
    eb.and(
      Object.entries(where)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => {
          if (value === null) return eb(name, 'is', null)
          // Nothing is one of none.
          if (Array.isArray(value))
            return value.length === 0 ? eb.lit(false) : eb(name, 'in', value as unknown[])
          return eb(name, '=', value)
        }),
    )
}
