import type { PlanRow } from '../rows.ts'
import { Limit } from './limit.ts'
import { Meter, type Counted } from './meter.ts'
import { Metered } from './metered.ts'

/** A plan, as it is enforced in one worker. */
export class PlanLimits {
  readonly row: PlanRow
  /** Lower case, or null. */
  readonly costHeader: string | null
  readonly maxCost: number
  /** Whether requests are told apart by what they cost. */
  readonly countsCost: boolean
  /** Whether credentials of one subscription have counts of their own. */
  readonly byCredential: boolean
  private readonly limits: readonly Limit[]
  private readonly costs = new Map<string, number>()

  constructor(row: PlanRow) {
    this.row = row
    this.limits = row.limits.map(limit => new Limit(limit))
    this.costHeader = row.costHeader
    this.maxCost = row.maxCost
    for (const { operations, cost } of row.costs)
      for (const operation of operations) this.costs.set(operation, cost)
    const hasCost = row.limits.some(({ unit }) => unit === 'Cost')
    this.countsCost = hasCost || row.costs.length > 0 || row.costHeader !== null
    this.byCredential = row.limits.some(({ scope }) => scope === 'Credential')
  }

  costOf(operation: string): number {
    return this.costs.get(operation) ?? 1
  }

  /** What a request of one subscription is held against; null where nothing limits it. */
  metered(counted: Counted, operation: string, credential: string): Metered | null {
    const limits = this.limits.filter(limit => limit.counts(operation))
    if (limits.length === 0) return null
    return new Metered(
      limits.map(limit => new Meter(limit, placed(limit, counted), narrower(limit, operation, credential))),
      limits.map(({ row: { unit } }) =>
        unit === 'Bytes' ? 0 : unit === 'Cost' ? this.costOf(operation) : 1,
      ),
    )
  }
}

/** A rate is soon paid for, and a quota stays for long: they do not take each other's places. */
function placed({ isQuota }: Limit, counted: Counted): Counted {
  return isQuota || counted.whose !== 'guests' ? counted : { ...counted, whose: 'strangers' }
}

function narrower({ row: { scope } }: Limit, operation: string, credential: string): string {
  if (scope === 'Operation') return ` operation ${operation}`
  return scope === 'Credential' ? ` credential ${credential}` : ''
}
