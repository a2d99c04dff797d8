import { setTimeout } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import type { Clock } from '../../../upstream/clock.ts'
import { AuditChain } from './audit-chain.ts'
import { readAudit } from './audit-pages.ts'
import { OpenChange, OpenWrite, batchRows } from './change.ts'
import { dump } from './dump.ts'
import { Retry, type Engine } from './engine.ts'
import { StoreError } from './errors.ts'
import { compact, headOf } from './feed.ts'
import { Follow } from './follow.ts'
import { KeptAnswers } from './idempotency.ts'
import { StoreLeases } from './leases.ts'
import { load } from './loading.ts'
import { readersOf } from './record-reader.ts'
import { restore } from './restore.ts'
import { readSetting } from './settings.ts'
import type {
  Actor,
  AuditFault,
  AuditQuery,
  ChangeTx,
  Follower,
  Following,
  Idempotency,
  Leases,
  Loader,
  Page,
  Readers,
  Store,
  WriteTx,
} from './store.ts'
import type { AuditRow, Tables } from './tables.ts'

/** All others wait for who changes something: it is ended after this long. */
const transactionLimitMs = 8_000
/** How often a transaction is begun that the database gives up because of another. */
const tries = 5

/** The store on either engine. Its readers are assigned by `storeOn`. */
class DatabaseStore {
  readonly engine: 'sqlite' | 'postgres'
  readonly place: string
  readonly id: string
  readonly db: Kysely<Tables>
  readonly idempotency: Idempotency
  readonly leases: Leases
  private readonly on: Engine
  private readonly clock: Clock
  private readonly follows = new Set<Follow>()
  private listening: { close(): Promise<void> } | null = null

  constructor(engine: Engine, clock: Clock, id: string) {
    this.on = engine
    this.clock = clock
    this.engine = engine.name
    this.place = engine.place
    this.id = id
    this.db = engine.reader
    this.idempotency = new KeptAnswers(work => this.transaction(work), this.now)
    this.leases = new StoreLeases(engine)
  }

  async change<T>(actor: Actor, work: (tx: ChangeTx) => Promise<T>): Promise<T> {
    try {
      return await this.transaction(async db => {
        const tx = await OpenChange.begin(db, this.now(), actor)
        const result = await work(tx)
        await tx.end(this.on, db)
        return result
      })
    } finally {
      // Also where it failed: a commit of which nothing was heard may have arrived.
      this.wake()
    }
  }

  write<T>(work: (tx: WriteTx) => Promise<T>): Promise<T> {
    return this.transaction(db => work(new OpenWrite(db, this.now())))
  }

  async snapshot<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    await using snapshot = await this.on.snapshot()
    return await work(snapshot.db)
  }

  async revision(): Promise<number> {
    return (await headOf(this.db)).revision
  }

  follow(afterRevision: number, follower: Follower): Following {
    this.listening ??= this.on.listen(() => this.wake())
    const followed = {
      db: this.db,
      store: this.id,
      clock: this.clock,
      shared: this.engine === 'postgres',
      closed: (one: Follow) => void this.follows.delete(one),
    }
    const follow = new Follow(followed, afterRevision, follower)
    this.follows.add(follow)
    return follow
  }

  load(loader: Loader): Promise<number> {
    return this.snapshot(db => load(this.on, db, loader))
  }

  compact(beforeMs: number): Promise<number> {
    return this.transaction(db => compact(db, beforeMs))
  }

  async used(table: 'credentials' | 'tokens', lastUsed: ReadonlyMap<string, number>): Promise<void> {
    // In the order of their ids, so that two processes do not wait for each other.
    const rows = [...lastUsed].sort(([a], [b]) => (a < b ? -1 : 1))
    for (let i = 0; i < rows.length; i += batchRows)
      await this.transaction(db => markUsed(db, table, rows.slice(i, i + batchRows)))
  }

  setting(key: string): Promise<string | null> {
    return readSetting(this.db, key)
  }

  audit(query: AuditQuery): Promise<Page<AuditRow>> {
    return readAudit(this.db, query)
  }

  verifyAudit(): Promise<{ readonly entries: number; readonly fault: AuditFault | null }> {
    return this.snapshot(db => AuditChain.verify(db))
  }

  async backup(file: string): Promise<void> {
    if (this.on.backup === null)
      throw new StoreError(
        'invalid',
        `${this.engine} has its own tools for a copy (pg_dump); a dump goes everywhere`,
      )
    await this.on.backup(file)
  }

  dump(): AsyncIterable<string> {
    return dump(this.on)
  }

  async restore(lines: AsyncIterable<string>): Promise<{ readonly rows: number }> {
    try {
      return await this.on.transaction(db => restore(this.on, db, lines))
    } finally {
      this.wake()
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.follows].map(one => one.close()))
    await this.listening?.close()
    await this.on.close()
  }

  private wake(): void {
    for (const follow of this.follows) follow.wake()
  }

  private async transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++)
      try {
        return await this.once(work)
      } catch (error) {
        if (!(error instanceof Retry)) throw error
        if (tried === tries) throw new StoreError('busy', `given up after ${tries} tries`, { cause: error })
        await setTimeout(Math.random() * 20 * tried)
      }
  }

  private async once<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    let worked = false
    try {
      return await this.on.transaction(async db => {
        const result = await this.within(transactionLimitMs, work(db))
        worked = true
        return result
      })
    } catch (cause) {
      if (!worked || !(cause instanceof StoreError) || cause.code !== 'unavailable') throw cause
      // Only the commit was left.
      throw new StoreError('unavailable', cause.message, { cause, uncertain: true })
    }
  }

  /** Whatever it still does afterwards fails, as its transaction is over. */
  private within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = new StoreError('busy', `a transaction was not done after ${limitMs} ms`)
      const cancel = this.clock.after(limitMs, () => reject(late))
      work.then(resolve, reject).finally(cancel)
    })
  }

  private readonly now = (): number => Math.trunc(this.clock.now())
}

export function storeOn(engine: Engine, clock: Clock, id: string): Store {
  const store: DatabaseStore & Readers = Object.assign(
    new DatabaseStore(engine, clock, id),
    readersOf(engine.reader),
  )
  return store
}

/** Only ever later. */
async function markUsed(
  db: Kysely<Tables>,
  table: 'credentials' | 'tokens',
  rows: readonly (readonly [string, number])[],
): Promise<void> {
  for (const [id, at] of rows)
    await db
      .updateTable(table)
      .set({ lastUsed: at })
      .where('id', '=', id)
      .where(eb => eb.or([eb('lastUsed', 'is', null), eb('lastUsed', '<', at)]))
      .execute()
}
