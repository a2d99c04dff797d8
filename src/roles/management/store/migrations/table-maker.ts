import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Engine } from '../engine.ts'

/** What a column takes: text, an integer of 64 bits, a number, or the id of a row of that table. With `?`, or nothing. */
export type Column = 'text' | 'integer' | 'real' | 'text?' | 'integer?' | `${string}.id` | `${string}.id?`

interface Indices {
  readonly unique?: readonly (readonly string[])[]
  readonly index?: readonly (readonly string[])[]
}

/** Makes tables that are the same in both engines. */
export class TableMaker {
  private readonly db: Kysely<unknown>
  private readonly engine: Engine

  constructor(db: Kysely<unknown>, engine: Engine) {
    this.db = db
    this.engine = engine
  }

  /** A table of records: with `id` as its primary key, `version`, `created`, `updated`. */
  async record(table: string, columns: Readonly<Record<string, Column>>, indices?: Indices): Promise<void> {
    const own = { id: 'text', version: 'integer', created: 'integer', updated: 'integer' } as const
    await this.table(table, ['id'], { ...own, ...columns }, indices)
  }

  async table(
    table: string,
    primaryKey: readonly string[],
    columns: Readonly<Record<string, Column>>,
    { unique = [], index = [] }: Indices = {},
  ): Promise<void> {
    const parts = Object.entries(columns).map(([name, column]) => this.column(name, column))
    const key = sql`primary key (${names(primaryKey)})`
    await sql`create table ${sql.id(table)} (${sql.join([...parts, key])})`.execute(this.db)
    for (const of of unique) await this.index(table, of, sql`unique`)
    for (const of of index) await this.index(table, of, sql``)
  }

  async uniqueWhere(table: string, columns: readonly string[], where: RawBuilder<unknown>): Promise<void> {
    await this.index(table, columns, sql`unique`, sql`where ${where}`)
  }

  private column(name: string, column: Column): RawBuilder<unknown> {
    const type = column.replace('?', '')
    const nullable = column.endsWith('?') ? sql`` : sql`not null`
    const [parent, id] = type.split('.')
    if (type === 'real') return sql`${sql.id(name)} double precision ${nullable}`
    if (type === 'integer') return sql`${sql.id(name)} bigint ${nullable}`
    const text = sql`${sql.id(name)} ${this.engine.text} ${nullable}`
    return id === undefined ? text : sql`${text} references ${sql.id(parent!)} (id)`
  }

  private async index(
    table: string,
    columns: readonly string[],
    unique: RawBuilder<unknown>,
    where: RawBuilder<unknown> = sql``,
  ): Promise<void> {
    const name = `${table}_by_${columns.join('_')}`
    await sql`create ${unique} index ${sql.id(name)} on ${sql.id(table)} (${names(columns)}) ${where}`.execute(
      this.db,
    )
  }
}

function names(columns: readonly string[]): RawBuilder<unknown> {
  return sql.join(columns.map(one => sql.id(one)))
}
