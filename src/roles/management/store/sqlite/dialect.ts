import { setTimeout } from 'node:timers/promises'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
} from 'kysely'
import { StoreError } from '../errors.ts'
import type { SqliteConnection } from './connection.ts'

/** How long a transaction waits for another process to end its own. */
const lockWaitMs = 5_000

export class NodeSqliteDialect extends SqliteDialect {
  private readonly connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    super({ database: connection })
    this.connection = connection
  }

  override createDriver(): Driver {
    return new NodeSqliteDriver(this.connection)
  }

  override createAdapter(): DialectAdapter {
    return new TransactionalAdapter()
  }
}

class NodeSqliteDriver extends SqliteDriver {
  private readonly connection: SqliteConnection
  private pieces: InPieces | null = null

  constructor(connection: SqliteConnection) {
    super({ database: connection })
    this.connection = connection
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    this.pieces ??= new InPieces(await super.acquireConnection(), this.connection)
    return this.pieces
  }

  /**
   * At once as a writer: who reads first and writes then is refused where somebody has written in between, and no
   * waiting helps. Waits by itself, since SQLite would hold the thread for as long.
   */
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const begin = CompiledQuery.raw(this.connection.readOnly ? 'begin' : 'begin immediate')
    const endMs = performance.now() + lockWaitMs
    for (;;) {
      try {
        await connection.executeQuery(begin)
        return
      } catch (error) {
        if (!(error instanceof StoreError && error.code === 'busy') || performance.now() > endMs) throw error
        await setTimeout(20)
      }
    }
  }

  /** A full disk has SQLite roll back by itself. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.connection.database.isTransaction) await super.rollbackTransaction(connection)
  }
}

/** Kysely's own has each row by itself. */
class InPieces implements DatabaseConnection {
  private readonly whole: DatabaseConnection
  private readonly connection: SqliteConnection

  constructor(whole: DatabaseConnection, connection: SqliteConnection) {
    this.whole = whole
    this.connection = connection
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.whole.executeQuery<Row>(query)
  }

  async *streamQuery<Row>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<Row>> {
    let rows: Row[] = []
    for (const row of this.connection.prepare(query.sql).iterate(query.parameters)) {
      rows.push(row as Row)
      if (rows.length < size) continue
      yield await Promise.resolve({ rows })
      rows = []
    }
    if (rows.length > 0) yield { rows }
  }
}

/** SQLite makes and changes tables within transactions, which kysely does not count on. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
