import { StoreAway } from '../store/exact-store.ts'
import type { Meter } from '../meter.ts'

/** Clocks that differ by more are not both right, and windows of one of them would be of another time. */
const MOST_APART_MS = 86_400_000

/** What TAKE says of one counter. */
export interface Found {
  readonly outcome: 'taken' | 'over' | 'denied'
  /** Microseconds ahead of now, or used. */
  readonly value: number
}

export interface TakeAnswer {
  /** Redis's clock, milliseconds since 1970. */
  readonly nowMs: number
  /** Null: a window is not that of now. */
  readonly found: readonly Found[] | null
}

const OUTCOMES = ['taken', 'over', 'denied'] as const

/**
 * An answer to TAKE. Throws StoreAway on whatever else has come: what answers is not Redis, or answers something else,
 * and nothing of that may refuse anybody, nor stay in a clock or a counter.
 */
export function takeAnswer(answer: unknown, meters: readonly Meter[], wallMs: number): TakeAnswer {
  if (!Array.isArray(answer)) throw foreign()
  const [now, ...all] = answer as readonly unknown[]
  const nowMs = amountOf(now) / 1000
  if (Math.abs(nowMs - wallMs) > MOST_APART_MS)
    throw new StoreAway('its clock and ours are more than a day apart', true)
  if (all.length === 0) return { nowMs, found: null }
  if (all.length !== 2 * meters.length) throw foreign()
  const found = meters.map((_, i) => {
    const outcome = OUTCOMES[amountOf(all[2 * i])]
    if (outcome === undefined) throw foreign()
    return { outcome, value: amountOf(all[2 * i + 1]) }
  })
  return { nowMs, found }
}

/** An answer to NODES: this one is there at least. */
export function nodesAnswer(answer: unknown): number {
  return Math.max(1, amountOf(answer))
}

/** A whole number, as Redis has them: an integer, or its text. */
function amountOf(value: unknown): number {
  const isOne = typeof value === 'number' || (typeof value === 'string' && /^\d{1,17}$/.test(value))
  const amount = isOne ? Number(value) : -1
  if (!Number.isInteger(amount) || amount < 0) throw foreign()
  return amount
}

function foreign(): StoreAway {
  return new StoreAway('what it answers is not what was asked', true)
}
