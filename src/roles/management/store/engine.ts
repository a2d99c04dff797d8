import type { Compilable, Expression, Kysely, RawBuilder, Transaction } from 'kysely'
import type { Tables } from './tables.ts'

/** What differs between SQLite and PostgreSQL. Whatever fails in it is a StoreError, unless a query is wrong. */
export interface Engine {
  readonly name: 'sqlite' | 'postgres'
  /** Without a password. */
  readonly place: string
  /** Sees what is committed. */
  readonly reader: Kysely<Tables>
  /** Milliseconds since 1970 by the clock of the database, which all that share it agree on. */
  readonly nowMs: RawBuilder<number>
  /** What columns of text are made of: compared byte by byte, so that both have the same order. */
  readonly text: RawBuilder<unknown>
  /** May be given up and begun anew by the database (Retry). */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Reads of one moment, on a connection of their own, which may take as long as they want. */
  snapshot(): Promise<Snapshot>
  /** What a query finds, in pieces, while it runs once. `db` is a snapshot. */
  rows<Row>(db: Kysely<Tables>, query: RowQuery<Row>): AsyncIterable<readonly Row[]>
  /** Within a transaction that takes long: it waits for somebody who is slow. */
  patient(db: Transaction<Tables>): Promise<void>
  /** Within a transaction that changes something: all who listen are to be woken when it is committed. */
  announce(db: Transaction<Tables>, revision: number): Promise<void>
  /** Calls whenever another process may have committed a change. */
  listen(wake: () => void): { close(): Promise<void> }
  /** A database that may be waited for, to change its tables. */
  migrating<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>
  /** Null where there is none of the database's own. */
  backup: ((file: string) => Promise<void>) | null
  close(): Promise<void>
}

/** A select. */
export type RowQuery<Row> = Expression<Row> & Compilable<Row>

export interface Snapshot extends AsyncDisposable {
  readonly db: Kysely<Tables>
}

/** The database has rolled a transaction back and says that it may succeed if it is run again. */
export class Retry extends Error {}
