import { createHash } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import { dumped, type DumpEnd, type DumpHead, type DumpRow } from './dump.ts'
import type { Engine } from './engine.ts'
import { StoreError } from './errors.ts'
import { knows } from './migrations.ts'
import type { Tables } from './tables.ts'

const batchRows = 200

/** Puts the lines of a dump into a store that nobody has used yet; in one transaction, so all of them or none. */
export async function restore(
  engine: Engine,
  db: Transaction<Tables>,
  lines: AsyncIterable<string>,
): Promise<{ readonly rows: number }> {
  await engine.patient(db)
  await refuseUsed(engine, db)
  const reading = new Reading(engine, db)
  for await (const line of lines) if (line !== '') await reading.take(line)
  return { rows: await reading.end() }
}

/** Nobody else writes meanwhile: the row of `head` is held. */
async function refuseUsed(engine: Engine, db: Kysely<Tables>): Promise<void> {
  const { revision } = await db
    .updateTable('head')
    .set(eb => ({ revision: eb('revision', '+', 0) }))
    .returning('revision')
    .executeTakeFirstOrThrow()
  const used = revision > 0 ? 'organizations' : await firstWithRows(db)
  if (used !== null)
    throw new StoreError('not-empty', `${engine.place} is in use: a dump is restored into an empty store`)
  await db.deleteFrom('organizations').execute()
}

/** The organisation that every store begins with has no version yet. */
async function firstWithRows(db: Kysely<Tables>): Promise<string | null> {
  const made = await db.selectFrom('organizations').select('id').where('version', '>', 0).executeTakeFirst()
  if (made !== undefined) return 'organizations'
  for (const [table] of dumped) {
    if (table === 'organizations') continue
    const row = await db.selectFrom(table).selectAll().limit(1).executeTakeFirst()
    if (row !== undefined) return table
  }
  return null
}

class Reading {
  private readonly engine: Engine
  private readonly db: Kysely<Record<string, Record<string, unknown>>>
  private readonly digest = createHash('sha256')
  private head: DumpHead | null = null
  private last: DumpEnd | null = null
  private table = ''
  private batch: DumpRow[1][] = []
  private lines = 0
  private rows = 0

  constructor(engine: Engine, db: Kysely<Tables>) {
    this.engine = engine
    this.db = db as unknown as Kysely<Record<string, Record<string, unknown>>>
  }

  async take(line: string): Promise<void> {
    this.lines++
    if (this.last !== null) throw this.invalid('nothing is expected behind the end')
    const value = this.parse(line)
    if (isEnd(value)) {
      this.last = value
      return
    }
    this.digest.update(`${line}\n`)
    if (this.head === null) this.head = this.begin(value)
    else await this.row(value)
  }

  /** How many rows there were. */
  async end(): Promise<number> {
    await this.flush()
    const { head, last } = this
    if (head === null || last === null)
      throw this.invalid('the dump ends too early: its last line is missing')
    if (last.rows !== this.rows || last.sha256 !== this.digest.digest('hex'))
      throw this.invalid('the dump was changed: its checksum is of something else')
    const { revision, auditSeq, auditHash, needs } = head
    await this.db.updateTable('head').set({ revision, auditSeq, auditHash, needs }).execute()
    return this.rows
  }

  private begin(value: unknown): DumpHead {
    const head = value as Partial<DumpHead> | null
    if (head?.portcullis !== 'store' || head.format !== 1)
      throw this.invalid('the first line is not that of a dump of a store, format 1')
    const { needs = '' } = head
    if (!knows(this.engine, needs))
      throw new StoreError('newer', `the dump is of a newer version of portcullis (it needs ${needs})`)
    return head as DumpHead
  }

  private async row(value: unknown): Promise<void> {
    const [table, row] = Array.isArray(value) ? (value as unknown[]) : []
    if (!dumped.some(([name]) => name === table) || typeof row !== 'object' || row === null)
      throw this.invalid('["table", {row}] of a known table is expected')
    if (table !== this.table || this.batch.length >= batchRows) await this.flush()
    this.table = String(table)
    this.batch.push(row as DumpRow[1])
    this.rows++
  }

  private async flush(): Promise<void> {
    const { batch } = this
    if (batch.length === 0) return
    this.batch = []
    try {
      await this.db.insertInto(this.table).values(batch).execute()
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unavailable') throw error
      throw this.invalid(`these rows of ${this.table} cannot be taken: ${String(error)}`, error)
    }
  }

  private parse(line: string): unknown {
    try {
      return JSON.parse(line)
    } catch (error) {
      throw this.invalid('this is no JSON', error)
    }
  }

  private invalid(what: string, cause?: unknown): StoreError {
    return new StoreError('invalid', `line ${this.lines}: ${what}`, { cause })
  }
}

function isEnd(value: unknown): value is DumpEnd {
  return typeof value === 'object' && value !== null && 'end' in value
}
