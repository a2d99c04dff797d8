import type { Kysely, Transaction } from 'kysely'
import { AuditChain } from './audit-chain.ts'
import type { Engine } from './engine.ts'
import { KeptAnswers } from './idempotency.ts'
import { writersOf } from './records.ts'
import { readSetting, writeSetting } from './settings.ts'
import type { Actor, AuditEntry, ChangeKind, ChangeTx, Idempotency, WriteTx } from './store.ts'
import type { Head, Tables } from './tables.ts'

/** Rows of one statement: each has a parameter for each column, and SQLite takes 32,766 of them. */
export const batchRows = 500

export class OpenWrite implements WriteTx {
  readonly db: Kysely<Tables>
  readonly idempotency: Idempotency
  readonly now: number

  constructor(db: Transaction<Tables>, now: number) {
    this.db = db
    this.now = now
    this.idempotency = new KeptAnswers(
      work => work(db),
      () => now,
    )
  }

  setting(key: string): Promise<string | null> {
    return readSetting(this.db, key)
  }

  setSetting(key: string, value: string | null): Promise<void> {
    return writeSetting(this.db, key, value, this.now)
  }
}

/** A change that is under way: what it has done goes into audit and feed at its end. */
export class OpenChange extends OpenWrite {
  readonly revision: number
  private readonly head: Head
  private readonly actor: Actor
  private readonly entries: AuditEntry[] = []
  private readonly changes = new Map<string, { readonly kind: ChangeKind; readonly id: string }>()

  private constructor(db: Transaction<Tables>, now: number, head: Head, actor: Actor) {
    super(db, now)
    this.head = head
    this.revision = head.revision
    this.actor = actor
  }

  /** Takes its turn: whoever begins later waits here until this one is committed or rolled back. */
  static async begin(db: Transaction<Tables>, now: number, actor: Actor): Promise<OpenChange & ChangeTx> {
    const head = await db
      .updateTable('head')
      .set(eb => ({ revision: eb('revision', '+', 1) }))
      .returningAll()
      .executeTakeFirstOrThrow()
    const change = new OpenChange(db, now, head, actor)
    return Object.assign(change, writersOf(change))
  }

  audit(entry: AuditEntry): void {
    this.entries.push(entry)
  }

  changed(kind: ChangeKind, id: string): void {
    this.changes.set(`${kind} ${id}`, { kind, id })
  }

  /** Writes down what was done. False where nothing was: then there is no such revision. */
  async end(engine: Engine, db: Transaction<Tables>): Promise<boolean> {
    const { revision, now: at, changes } = this
    const rows = [...changes.values()].map((one, ordinal) => ({ revision, ordinal, at, ...one }))
    for (let i = 0; i < rows.length; i += batchRows)
      await db
        .insertInto('changes')
        .values(rows.slice(i, i + batchRows))
        .execute()
    const chain = new AuditChain(this.head.auditSeq, this.head.auditHash)
    const entries = this.entries.map(entry => chain.append(entry, this.actor, at))
    for (let i = 0; i < entries.length; i += batchRows)
      await db
        .insertInto('audit')
        .values(entries.slice(i, i + batchRows))
        .execute()
    const reached = rows.length > 0 ? revision : revision - 1
    await db
      .updateTable('head')
      .set({ revision: reached, auditSeq: chain.seq, auditHash: chain.hash })
      .execute()
    if (rows.length > 0) await engine.announce(db, revision)
    return rows.length > 0
  }
}
