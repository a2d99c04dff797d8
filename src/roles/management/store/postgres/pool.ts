import { setTimeout } from 'node:timers/promises'
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Pool, types, type PoolClient, type PoolConfig } from 'pg'
import { breaks, storeErrorOf } from './errors.ts'

/** Nothing waits for a database longer than the sum of connecting and one statement: 15 s. */
const connectTimeoutMs = 5_000
const statementTimeoutMs = 8_000
const lockTimeoutMs = 5_000
/** A process that stands still in a transaction holds up all others for so long. */
const idleInTransactionMs = 10_000
/** A server that does not even say that a statement took too long. */
const silenceTimeoutMs = 10_000

const ordinary: PoolConfig = {
  max: 10,
  idleTimeoutMillis: 30_000,
  statement_timeout: statementTimeoutMs,
  lock_timeout: lockTimeoutMs,
  idle_in_transaction_session_timeout: idleInTransactionMs,
  query_timeout: silenceTimeoutMs,
}
/** A migration waits for that of another process, and may take long by itself. */
export const migrating: PoolConfig = { max: 2, lock_timeout: 300_000 }

export function connectionConfig(url: string): PoolConfig {
  return {
    connectionString: url,
    application_name: 'portcullis',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser },
  }
}

/** The pool as kysely wants it, whose errors are those of the store, and which keeps no connection that broke. */
export class StorePool implements PostgresPool {
  readonly options: object
  private readonly pool: Pool

  constructor(url: string, limits: PoolConfig = ordinary) {
    this.pool = new Pool({ ...connectionConfig(url), ...limits })
    this.options = this.pool.options
    // Of connections that nobody uses just now: they are gone, and the next who needs one makes it.
    this.pool.on('error', () => undefined)
  }

  async connect(): Promise<PostgresPoolClient> {
    try {
      return new StoreClient(await this.pool.connect())
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  /** A server that stands still does not answer to a good-bye either. */
  async end(): Promise<void> {
    await orAfter(1_000, this.pool.end())
  }
}

class StoreClient implements PostgresPoolClient {
  private readonly client: PoolClient
  private readonly onError: () => void
  private broken: Error | null = null

  constructor(client: PoolClient) {
    this.client = client
    // It also rejects the query that is under way; without a listener it would end the process.
    this.onError = () => undefined
    client.on('error', this.onError)
  }

  /** With a cursor, for which it would take another package. */
  query(...args: readonly unknown[]): never
  async query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // What is left unanswered on a connection would be answered to the next query.
    if (this.broken !== null) throw this.broken
    try {
      const { rows, rowCount, command } = await this.client.query(text, [...parameters])
      return {
        rows: rows as R[],
        rowCount: rowCount ?? 0,
        command: command as PostgresQueryResult<R>['command'],
      }
    } catch (error) {
      const known = storeErrorOf(error)
      if (breaks(known)) this.broken = known
      throw known
    }
  }

  release(destroy = false): void {
    this.client.off('error', this.onError)
    this.client.release(destroy || this.broken !== null)
  }
}

/** Resolves when this does, or after so long without it. */
export async function orAfter(ms: number, end: Promise<void>): Promise<void> {
  const ended = new AbortController()
  const late = setTimeout(ms, undefined, { signal: ended.signal }).catch(() => undefined)
  await Promise.race([end, late])
  ended.abort()
}

/** Counts and sums are numbers: what is counted stays below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  const { INT8, NUMERIC } = types.builtins
  if (oid === INT8 || oid === NUMERIC) return Number
  return types.getTypeParser(oid, format) as (value: string) => unknown
}
