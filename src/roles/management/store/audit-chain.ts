import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { canonicalJson } from './canonical-json.ts'
import type { Actor, AuditEntry, AuditFault } from './store.ts'
import type { AuditRow, Tables } from './tables.ts'

const pageRows = 1_000

/**
 * Entries of the audit, each of which has the hash of the one before in its own: SHA-256 (hexadecimal) of the canonical
 * JSON of all its fields but the hash. The first has '' before it. Whoever changes, removes or inserts an entry changes
 * all hashes behind it; the last is in `head`.
 */
export class AuditChain {
  seq: number
  hash: string

  constructor(seq: number, hash: string) {
    this.seq = seq
    this.hash = hash
  }

  append(entry: AuditEntry, actor: Actor, at: number): AuditRow {
    const row = {
      seq: this.seq + 1,
      at,
      actor: actor.actor,
      by: actor.by,
      action: entry.action,
      kind: entry.kind,
      object: entry.object,
      // As it can be written: half of a surrogate pair is read back as another character, and so another hash.
      name: (entry.name ?? '').toWellFormed(),
      organization: entry.organization ?? null,
      before: jsonOrNull(entry.before),
      after: jsonOrNull(entry.after),
      request: actor.request,
      prevHash: this.hash,
    }
    this.seq = row.seq
    this.hash = hashOf(row)
    return { ...row, hash: this.hash }
  }

  /** Takes an entry that was written, or says what is wrong with it. */
  private fault(row: AuditRow): AuditFault | null {
    const seq = this.seq + 1
    const { hash, ...rest } = row
    if (row.seq !== seq) return { seq, reason: `entry ${seq} is missing` }
    if (row.prevHash !== this.hash) return { seq, reason: 'it does not follow the entry before it' }
    if (hashOf(rest) !== hash) return { seq, reason: 'it was changed: its hash is of something else' }
    this.seq = seq
    this.hash = hash
    return null
  }

  /** The whole chain, of one moment (`db` is a snapshot). */
  static async verify(
    db: Kysely<Tables>,
  ): Promise<{ readonly entries: number; readonly fault: AuditFault | null }> {
    const head = await db.selectFrom('head').select(['auditSeq', 'auditHash']).executeTakeFirstOrThrow()
    const chain = new AuditChain(0, '')
    for (;;) {
      const rows = await pageAfter(db, chain.seq)
      for (const row of rows) {
        const fault = chain.fault(row)
        if (fault !== null) return { entries: chain.seq, fault }
      }
      if (rows.length < pageRows) break
    }
    const { seq, hash } = chain
    if (seq === head.auditSeq && hash === head.auditHash) return { entries: seq, fault: null }
    const reason =
      seq < head.auditSeq
        ? `entry ${seq + 1} is missing`
        : 'the last entry is not the one that was written last'
    return { entries: seq, fault: { seq: Math.min(seq + 1, head.auditSeq), reason } }
  }
}

function pageAfter(db: Kysely<Tables>, seq: number): Promise<AuditRow[]> {
  return db.selectFrom('audit').selectAll().where('seq', '>', seq).orderBy('seq').limit(pageRows).execute()
}

function hashOf(row: Omit<AuditRow, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(row)).digest('hex')
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : canonicalJson(value)
}
