import type { Kysely } from 'kysely'
import type { Tables } from '../store/tables.ts'
import { usageTotal } from './answer.ts'
import { finenessMs, outwards } from './pieces.ts'
import type { Retention } from './retention.ts'
import { outcomes } from './outcome.ts'

export type UsedUnit = 'Requests' | 'Bytes' | 'Cost'

export interface UsedQuestion {
  readonly subscription: string
  readonly unit: UsedUnit
  /** When the window began, and now; milliseconds since 1970. */
  readonly fromMs: number
  readonly nowMs: number
  /** Only these; absent all. */
  readonly operations?: readonly string[]
}

/** Who was denied has used nothing. */
const uses = outcomes.filter(outcome => !outcome.startsWith('denied_'))

/**
 * What a subscription has used of its plan, by the ledger. Where the beginning of the window is no longer known so
 * finely, it is the beginning of the hour, or day, that it is in: rather too much is used than too little.
 */
export async function usedSince(
  db: Kysely<Tables>,
  { subscription, unit, fromMs, nowMs, operations }: UsedQuestion,
  retention: Retention,
): Promise<number> {
  const span = outwards({ fromMs, toMs: nowMs + 1 }, finenessMs(fromMs, nowMs, retention), 60_000)
  const total = await usageTotal(db, {
    ...span,
    step: 'total',
    groupBy: [],
    chosen: {
      subscription: [subscription],
      outcome: uses,
      ...(operations !== undefined && { operation: operations }),
    },
    scope: null,
    order: 'key',
    limit: 1,
    after: null,
  })
  if (unit === 'Cost') return total.cost
  return unit === 'Requests' ? total.requests : total.requestBytes + total.responseBytes
}
