import { cellOf } from './cell.ts'
import { fromText, plus, textOf, type Dimensions, type Sums } from './dimensions.ts'
import { NUMBERS_OF_A_CELL, OTHER, type Flush } from './flush.ts'

/** An entry of the ledger: what is written in one transaction, or not at all, and never twice. */
export interface EntryId {
  /** Of a process: UUID. */
  readonly writer: string
  /** From 1, in its process. */
  readonly number: number
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** Rows of one entry. 40 MB; 1,000 series that are busy for an hour and a half, while the database is away. */
const MOST_ROWS = 100_000

export interface EntryRow extends Sums {
  readonly dimensions: Dimensions
  readonly minuteMs: number
}

/**
 * What flushes have brought, added up by minute and series. Where there is no room for that, first the minutes of an
 * hour become one, then consumers and operations of an API: what was counted stays the same.
 */
export class Entry {
  readonly id: EntryId
  private readonly mostRows: number
  /** By minute, then by the text of the dimensions. */
  private minutes = new Map<number, Map<string, Sums>>()
  private rowCount = 0
  /** The minutes of an hour are one from now on. */
  private byHour = false
  private withoutNames = false
  requests = 0

  constructor(id: EntryId, mostRows = MOST_ROWS) {
    this.id = id
    this.mostRows = mostRows
  }

  get size(): number {
    return this.rowCount
  }

  add(flush: Flush): void {
    for (const { dimensions, ...sums } of rowsOf(flush)) this.addRow(flush.minuteMs, dimensions, sums)
    if (this.rowCount > this.mostRows) this.shrink()
  }

  *rows(): Generator<EntryRow> {
    for (const [minuteMs, series] of this.minutes)
      for (const [text, sums] of series) yield { dimensions: fromText(text), minuteMs, ...sums }
  }

  toJson(): string {
    const { id, minutes } = this
    return JSON.stringify({
      format: 1,
      id,
      minutes: [...minutes].map(([minuteMs, series]) => [minuteMs, [...series]]),
    })
  }

  /** Throws where it is none. */
  static fromJson(text: string): Entry {
    const { format, id, minutes } = JSON.parse(text) as Saved
    if (format !== 1) throw new Error(`it is of format ${String(format)}, and this version knows 1`)
    const entry = new Entry({ writer: String(id.writer), number: Number(id.number) })
    for (const [minuteMs, series] of minutes)
      for (const [one, sums] of series) entry.addRow(minuteMs, fromText(one), sums)
    return entry
  }

  private addRow(minuteMs: number, dimensions: Dimensions, sums: Sums): void {
    const at = this.byHour ? Math.floor(minuteMs / HOUR_MS) * HOUR_MS : minuteMs
    const text = textOf(this.withoutNames ? nameless(dimensions) : dimensions)
    let series = this.minutes.get(at)
    if (series === undefined) this.minutes.set(at, (series = new Map<string, Sums>()))
    const before = series.get(text)
    if (before === undefined) this.rowCount++
    series.set(text, before === undefined ? sums : plus(before, sums))
    this.requests += sums.requests
  }

  private shrink(): void {
    if (!this.byHour) this.byHour = true
    else this.withoutNames = true
    const rows = [...this.rows()]
    this.minutes = new Map()
    this.rowCount = this.requests = 0
    for (const { dimensions, minuteMs, ...sums } of rows) this.addRow(minuteMs, dimensions, sums)
    if (this.rowCount > this.mostRows && !this.withoutNames) this.shrink()
  }
}

interface Saved {
  readonly format: unknown
  readonly id: EntryId
  readonly minutes: readonly (readonly [number, readonly (readonly [string, Sums])[]])[]
}

function* rowsOf({ apis }: Flush): Generator<Sums & { readonly dimensions: Dimensions }> {
  for (const { api, version, consumers } of apis)
    for (const { operations, subscription, application, account, product, plan, credential } of consumers)
      for (const { operation, cells } of operations)
        for (let i = 0; i < cells.length; i += NUMBERS_OF_A_CELL) {
          const { overQuota, ...cell } = cellOf(cells[i]!)
          const who = { subscription, application, account, product, plan, credential }
          yield {
            dimensions: { api, version, operation, ...who, ...cell, overQuota: String(overQuota) },
            requests: cells[i + 1]!,
            requestBytes: cells[i + 2]!,
            responseBytes: cells[i + 3]!,
            cost: cells[i + 4]!,
          }
        }
}

/** How it ended is left, and of which API it was. */
function nameless(one: Dimensions): Dimensions {
  return {
    ...one,
    operation: OTHER,
    subscription: OTHER,
    application: OTHER,
    account: OTHER,
    product: OTHER,
    plan: OTHER,
    credential: OTHER,
  }
}
