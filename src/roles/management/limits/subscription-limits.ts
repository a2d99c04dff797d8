import type { SubscriptionLimit } from '../../../api/shapes/limit.ts'
import type { ServiceKit } from '../../../translation/service.ts'
import type { PlanRow } from '../rows.ts'
import { Limit } from './limit.ts'
import { Meter, type Counted } from './meter.ts'
import { Metered, type Level } from './metered.ts'
import type { ExactStore } from './store/exact-store.ts'
import { LimitStore } from './store/limit-store.ts'
import { LocalStore } from './store/local-store.ts'

/** Of which a subscription's limits are told. */
export interface LimitsAsked {
  readonly subscription: string
  /** When it became active; milliseconds since 1970. */
  readonly sinceMs: number
  readonly plan: PlanRow
  /** All that its product has. */
  readonly operations: readonly string[]
  /** Ids of those that count. */
  readonly credentials: readonly string[]
}

/** One counter of a limit. */
interface Told {
  readonly meter: Meter
  readonly operation: string | null
  readonly credential: string | null
}

/** What is left of limits, on the main thread: reads counters, and takes nothing. */
export class LimitReader {
  private readonly kit: Pick<ServiceKit, 'counters' | 'sharedUs' | 'calendar'>
  private readonly exact: () => ExactStore | null

  /** `exact`: where limits of several gateways are counted, or null. */
  constructor(kit: LimitReader['kit'], exact: LimitReader['exact']) {
    this.kit = kit
    this.exact = exact
  }

  async read(asked: LimitsAsked): Promise<readonly SubscriptionLimit[]> {
    const told = toldOf(asked)
    const metered = new Metered(
      told.map(({ meter }) => meter),
      // What one more would need.
      told.map(({ meter }) => (meter.limit.isSettled ? 0 : 1)),
    )
    const { kit } = this
    const clock = { sharedUs: () => kit.sharedUs(), wallMs: () => kit.calendar.now() }
    const exact = this.exact()
    const store = new LimitStore(new LocalStore(kit), exact, clock)
    const isKnown = await store.look(metered)
    return told.map((one, i) => ({
      ...item(one, metered.levels[i]!, kit.calendar.now()),
      known: isKnown || !metered.exact.includes(i),
    }))
  }
}

function toldOf({ plan, subscription, sinceMs, operations, credentials }: LimitsAsked): readonly Told[] {
  const counted: Counted = { whose: 'known', key: subscription, crowd: '', sinceMs }
  return plan.limits.flatMap((row): readonly Told[] => {
    const limit = new Limit(row)
    const none = { operation: null, credential: null }
    if (row.scope === 'Operation')
      return operations
        .filter(operation => limit.counts(operation))
        .map(operation => ({
          ...none,
          operation,
          meter: new Meter(limit, counted, ` operation ${operation}`),
        }))
    if (row.scope === 'Credential')
      return credentials.map(credential => ({
        ...none,
        credential,
        meter: new Meter(limit, counted, ` credential ${credential}`),
      }))
    return [{ ...none, meter: new Meter(limit, counted) }]
  })
}

function item(
  { meter: { limit }, operation, credential }: Told,
  { outcome, used, remaining, resetSeconds }: Level,
  nowMs: number,
): Omit<SubscriptionLimit, 'known'> {
  const { name, kind, unit, per, exceeded, counters, amount, burst } = limit.row
  const most = limit.isQuota ? amount : burst
  return {
    name,
    kind,
    unit,
    per,
    operation,
    credential,
    amount: most,
    used: limit.isQuota ? used : most - remaining,
    left: remaining,
    renewsAt: Number.isFinite(resetSeconds)
      ? new Date(Math.floor((nowMs + resetSeconds * 1_000) / 1_000) * 1_000).toISOString()
      : null,
    exceeded,
    flagged: outcome === 'over',
    counters,
  }
}
