import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { backup } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { CamelCasePlugin, Kysely, sql, type Transaction } from 'kysely'
import { StoreError } from '../errors.ts'
import type { Engine, RowQuery, Snapshot } from '../engine.ts'
import type { Tables } from '../tables.ts'
import { SqliteConnection } from './connection.ts'
import { NodeSqliteDialect } from './dialect.ts'

/** What SQLite reads in about 10 ms, for which it holds the thread. */
const pieceRows = 2_000

/**
 * A file of one process. One connection writes; another reads, so that nobody sees what is not committed and no reader
 * waits for a transaction. SQLite's calls hold the thread: a commit for as long as the disk takes to sync.
 */
export class SqliteEngine implements Engine {
  readonly name = 'sqlite'
  readonly place: string
  readonly reader: Kysely<Tables>
  readonly nowMs = sql<number>`cast(unixepoch('subsec') * 1000 as integer)`
  readonly text = sql`text`
  private readonly writer: Kysely<Tables>
  private readonly file: string
  private readonly writing: SqliteConnection
  private readonly reading: SqliteConnection

  constructor(file: string) {
    this.file = file
    this.place = `sqlite:${file}`
    makePrivate(file)
    this.writing = open(file, false)
    this.reading = open(file, true)
    this.writer = kysely(this.writing)
    this.reader = kysely(this.reading)
  }

  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return this.writer.transaction().execute(work)
  }

  async snapshot(): Promise<Snapshot> {
    const connection = open(this.file, true)
    const db = await kysely(connection).startTransaction().execute()
    // The moment is that of the first read.
    await db.selectFrom('head').select('revision').execute()
    return {
      db,
      async [Symbol.asyncDispose]() {
        await db.rollback().execute()
        connection.close()
      },
    }
  }

  /** Others have their turn between two pieces. */
  async *rows<Row>(db: Kysely<Tables>, query: RowQuery<Row>): AsyncIterable<readonly Row[]> {
    for await (const { rows } of db.getExecutor().stream<Row>(query.compile(), pieceRows)) {
      yield rows
      await setImmediate()
    }
  }

  patient(): Promise<void> {
    return Promise.resolve()
  }

  /** Who is in this process is woken without. */
  announce(): Promise<void> {
    return Promise.resolve()
  }

  listen(): { close(): Promise<void> } {
    return { close: () => Promise.resolve() }
  }

  migrating<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return work(this.writer)
  }

  readonly backup = async (file: string): Promise<void> => {
    if (existsSync(file)) throw new StoreError('exists', `${file} is there already`)
    makePrivate(file)
    // On a connection of its own: one that is within a transaction has no moment to copy.
    const connection = open(this.file, true)
    try {
      await backup(connection.database, file)
    } finally {
      connection.close()
    }
  }

  async close(): Promise<void> {
    await this.reader.destroy()
    await this.writer.destroy()
    // Kysely leaves those open that it has not been asked anything of.
    this.reading.close()
    this.writing.close()
  }
}

function kysely(connection: SqliteConnection): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: new NodeSqliteDialect(connection),
    plugins: [new CamelCasePlugin()],
  })
}

function open(file: string, readOnly: boolean): SqliteConnection {
  const connection = new SqliteConnection(file, readOnly)
  // What was acknowledged survives a loss of power, too: in WAL, NORMAL would not sync at each commit.
  if (!readOnly) connection.exec('pragma journal_mode = wal; pragma synchronous = full')
  if (!readOnly) connection.exec('pragma journal_size_limit = 16777216')
  connection.exec('pragma foreign_keys = on')
  return connection
}

/** Before SQLite makes it, as its other files take the mode of this one. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  } catch (error) {
    throw new StoreError('unavailable', `cannot open ${file}: ${String(error)}`, { cause: error })
  }
}
