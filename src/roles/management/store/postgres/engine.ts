import { CamelCasePlugin, Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import type { Engine, RowQuery, Snapshot } from '../engine.ts'
import type { Tables } from '../tables.ts'
import { Listener } from './listener.ts'
import { StorePool, migrating } from './pool.ts'

/** How long a dump waits for who takes it, or a restore for who has it. */
const patienceMs = 600_000
const pieceRows = 2_000

/** Several processes may use one database. */
export class PostgresEngine implements Engine {
  readonly name = 'postgres'
  readonly place: string
  readonly reader: Kysely<Tables>
  readonly nowMs = sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`
  readonly text = sql`text collate "C"`
  readonly backup = null
  private readonly url: string

  constructor(url: string) {
    this.url = url
    this.place = withoutPassword(url)
    this.reader = kysely(new StorePool(url))
  }

  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.reader.transaction().setIsolationLevel('read committed').execute(work)
  }

  async snapshot(): Promise<Snapshot> {
    const begin = this.reader
      .startTransaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
    const db = await begin.execute()
    await this.patient(db)
    // All that a cursor finds is wanted, not the first of it soon.
    await sql`select set_config('cursor_tuple_fraction', '1', true)`.execute(db)
    return { db, [Symbol.asyncDispose]: () => db.rollback().execute() }
  }

  /** By a cursor: without statistics, PostgreSQL reads the whole table for each page that is asked for by itself. */
  async *rows<Row>(db: Kysely<Tables>, query: RowQuery<Row>): AsyncIterable<readonly Row[]> {
    await sql`declare pieces cursor for ${query}`.execute(db)
    try {
      for (;;) {
        const { rows } = await sql<Row>`fetch forward ${sql.lit(pieceRows)} from pieces`.execute(db)
        if (rows.length === 0) return
        yield rows
      }
    } finally {
      await sql`close pieces`.execute(db)
    }
  }

  async patient(db: Transaction<Tables>): Promise<void> {
    await sql`select set_config('idle_in_transaction_session_timeout', ${String(patienceMs)}, true)`.execute(
      db,
    )
  }

  /** Told at the commit, and not at all where it fails. */
  async announce(db: Transaction<Tables>, revision: number): Promise<void> {
    await sql`select pg_notify('portcullis', ${String(revision)})`.execute(db)
  }

  listen(wake: () => void): { close(): Promise<void> } {
    return new Listener(this.url, wake)
  }

  async migrating<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    const db = kysely(new StorePool(this.url, migrating))
    try {
      return await work(db)
    } finally {
      await db.destroy()
    }
  }

  close(): Promise<void> {
    return this.reader.destroy()
  }
}

function kysely(pool: StorePool): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin()],
  })
}

function withoutPassword(text: string): string {
  const url = new URL(text)
  if (url.password !== '') url.password = '***'
  for (const name of url.searchParams.keys()) if (name.includes('password')) url.searchParams.set(name, '***')
  return url.href
}
