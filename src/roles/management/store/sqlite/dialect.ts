import { setTimeout } from 'node:timers/promises'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
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

  constructor(connection: SqliteConnection) {
    super({ database: connection })
    this.connection = connection
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

/** SQLite makes and changes tables within transactions, which kysely does not count on. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
