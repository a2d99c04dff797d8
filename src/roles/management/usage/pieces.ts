import { DAY_MS, HOUR_MS, MINUTE_MS } from './entry.ts'
import { levels, type UsageTable } from './entry-store.ts'
import type { Retention } from './retention.ts'

/** Rows of one table whose bucket is in [fromMs, toMs). */
export interface Piece {
  readonly table: UsageTable
  readonly fromMs: number
  readonly toMs: number
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** From the coarsest. */
const coarse = levels.toReversed()

/** How finely usage of this moment is still kept. */
export function finenessMs(atMs: number, nowMs: number, { minutesMs, hoursMs }: Retention): number {
  // What is about to be removed is not counted on.
  if (atMs >= nowMs - minutesMs + HOUR_MS) return MINUTE_MS
  return atMs >= nowMs - hoursMs + DAY_MS ? HOUR_MS : DAY_MS
}

/** Moved outwards, to where buckets of this length begin. */
export function outwards({ fromMs, toMs }: Span, fromLengthMs: number, toLengthMs = fromLengthMs): Span {
  return {
    fromMs: Math.floor(fromMs / fromLengthMs) * fromLengthMs,
    toMs: Math.ceil(toMs / toLengthMs) * toLengthMs,
  }
}

/** All that is between: days where there are whole ones, then hours, then minutes; as few rows as can be. */
export function piecesOf({ fromMs, toMs }: Span, level = 0): readonly Piece[] {
  const one = coarse[level]
  if (one === undefined || fromMs >= toMs) return []
  const { table, lengthMs } = one
  const first = Math.ceil(fromMs / lengthMs) * lengthMs
  const last = Math.floor(toMs / lengthMs) * lengthMs
  if (first >= last) return piecesOf({ fromMs, toMs }, level + 1)
  return [
    ...piecesOf({ fromMs, toMs: first }, level + 1),
    { table, fromMs: first, toMs: last },
    ...piecesOf({ fromMs: last, toMs }, level + 1),
  ]
}
