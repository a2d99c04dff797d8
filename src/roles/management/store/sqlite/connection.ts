import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'
import { storeErrorOf } from './errors.ts'

/** Statements that are kept: to prepare one takes as long as to run it. */
const keptStatements = 200

/** A connection of node:sqlite in the shape that kysely knows. */
export class SqliteConnection implements SqliteDatabase {
  readonly database: DatabaseSync
  readonly readOnly: boolean
  private readonly statements = new Map<string, SqliteStatement>()

  constructor(file: string, readOnly: boolean) {
    this.readOnly = readOnly
    this.database = attempt(() => new DatabaseSync(file, { readOnly, timeout: 100, defensive: true }))
  }

  exec(sql: string): void {
    attempt(() => this.database.exec(sql))
  }

  prepare(sql: string): SqliteStatement {
    const kept = this.statements.get(sql)
    if (kept !== undefined) return kept
    const statement = attempt(() => new Statement(this.database.prepare(sql)))
    if (this.statements.size >= keptStatements) this.statements.clear()
    this.statements.set(sql, statement)
    return statement
  }

  close(): void {
    this.statements.clear()
    if (this.database.isOpen) this.database.close()
  }
}

class Statement implements SqliteStatement {
  readonly reader: boolean
  private readonly statement: StatementSync

  constructor(statement: StatementSync) {
    this.statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return attempt(() => this.statement.all(...values(parameters)))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return attempt(() => this.statement.run(...values(parameters)))
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.statement.iterate(...values(parameters))
  }
}

/** Kysely passes on what it was given, which its types have held to what a column takes. */
function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[]
}

function attempt<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw storeErrorOf(error)
  }
}
