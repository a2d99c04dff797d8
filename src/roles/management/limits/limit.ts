import { policyItem, ratePolicy } from '../../../filters/rate-limit/fields.ts'
import type { Rate } from '../../../filters/rate-limit/gcra.ts'
import type { LimitRow } from '../rows.ts'
import { windowAt, type Window, type WindowLength } from './windows/windows.ts'

const LENGTH_MS = { Second: 1_000, Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 } as const

/** Of the registry of quota units; cost is a unit of ours, which a client may take for a comment. */
const UNITS = { Requests: '', Bytes: 'content-bytes', Cost: 'cost' } as const

/** One limit of a plan or policy, as it is enforced. */
export class Limit {
  readonly row: LimitRow
  readonly name: string
  readonly isQuota: boolean
  /** Whether it only says that it is exceeded. */
  readonly flags: boolean
  /** Whether what a request takes of it is known at its end alone. */
  readonly isSettled: boolean
  /** Of a Rate; of a Quota it means nothing. */
  readonly rate: Rate
  private readonly operations: ReadonlySet<string> | null
  private window: Window | null = null

  constructor(row: LimitRow) {
    this.row = row
    this.name = row.name
    this.isQuota = row.kind === 'Quota'
    this.flags = row.exceeded === 'Flag'
    this.isSettled = row.unit === 'Bytes'
    const windowMs = row.kind === 'Rate' ? LENGTH_MS[row.per as keyof typeof LENGTH_MS] : 0
    this.rate = { requests: row.amount, windowMs, burst: row.burst }
    this.operations = row.operations === null ? null : new Set(row.operations)
  }

  /** Whether it counts for several nodes together. */
  get isExact(): boolean {
    return this.row.counters === 'Exact'
  }

  /** Microseconds of one unit of a Rate; may be less than one. */
  get intervalUs(): number {
    return (this.rate.windowMs * 1_000) / this.row.amount
  }

  counts(operation: string): boolean {
    return this.operations === null || this.operations.has(operation)
  }

  /** How much room there must be for what costs so much: bytes are counted when they have passed, and must find some. */
  needOf(cost: number): number {
    return this.isSettled ? Math.max(1, cost) : cost
  }

  /** Of a Quota, for who subscribed at `sinceMs`. Of a calendar it is the same for all, and looked for once. */
  windowAt(wallMs: number, sinceMs: number): Window {
    const { per, timeZone, anchor } = this.row
    // Translation has seen to it that a Quota has no window of a second.
    const length = per as WindowLength
    if (anchor === 'Subscription') return windowAt(length, timeZone, sinceMs, wallMs)
    if (this.window === null || !isWithin(this.window, wallMs))
      this.window = windowAt(length, timeZone, null, wallMs)
    return this.window
  }

  /** Its item of RateLimit-Policy. */
  policyItem(window: Window | null): string {
    const { amount, unit } = this.row
    if (window === null) return ratePolicy(this.name, this.rate, UNITS[unit])
    const seconds = Math.round((window.endMs - window.startMs) / 1000)
    return policyItem(this.name, amount, seconds, UNITS[unit])
  }
}

export function isWithin({ startMs, endMs }: Window, atMs: number): boolean {
  return atMs >= startMs && atMs < endMs
}
