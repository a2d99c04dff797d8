import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Engine } from './engine.ts'
import { headOf } from './feed.ts'
import type { Tables } from './tables.ts'

/** Of no use elsewhere: who does what just now, answers to requests that came twice, the feed. */
type Left = 'leases' | 'idempotency' | 'changes' | 'head'

/** By which column each table is ordered; the order of the tables is that in which they can be put back. */
const orders: Readonly<Record<Exclude<keyof Tables, Left>, string>> = {
  organizations: 'id',
  users: 'id',
  teams: 'id',
  teamMembers: 'id',
  accounts: 'id',
  roleBindings: 'id',
  tokens: 'id',
  applications: 'id',
  credentials: 'id',
  subscriptions: 'id',
  objects: 'id',
  usageSeries: 'id',
  usageMinutes: 'bucket',
  usageHours: 'bucket',
  usageDays: 'bucket',
  usageWriters: 'writer',
  quotaCounters: 'key',
  settings: 'key',
  audit: 'seq',
}
export const dumped = Object.entries(orders) as readonly (readonly [keyof typeof orders, string])[]

/** The first line. */
export interface DumpHead {
  readonly portcullis: 'store'
  readonly format: 1
  readonly revision: number
  readonly auditSeq: number
  readonly auditHash: string
  /** See `Head.needs`. */
  readonly needs: string
}

/** The last line: without it, the dump is half of one. */
export interface DumpEnd {
  readonly end: true
  readonly rows: number
  /** Hexadecimal, of all lines before with their ends. */
  readonly sha256: string
}

export type DumpRow = readonly [table: string, row: Readonly<Record<string, unknown>>]

/** Lines without their ends, of one moment. */
export async function* dump(engine: Engine): AsyncGenerator<string> {
  await using snapshot = await engine.snapshot()
  const { db } = snapshot
  const digest = createHash('sha256')
  const line = (value: DumpHead | DumpRow): string => {
    const text = JSON.stringify(value)
    digest.update(`${text}\n`)
    return text
  }
  const { revision, auditSeq, auditHash, needs } = await headOf(db)
  yield line({ portcullis: 'store', format: 1, revision, auditSeq, auditHash, needs })
  let rows = 0
  for (const [table, order] of dumped)
    for await (const piece of engine.rows(db, db.selectFrom(table).selectAll().orderBy(sql.ref(order))))
      for (const row of piece) {
        rows++
        yield line([table, row as DumpRow[1]])
      }
  const end: DumpEnd = { end: true, rows, sha256: digest.digest('hex') }
  yield JSON.stringify(end)
}
