import type { Resources } from '../../../../model/resources.ts'
import type { PlanRow } from '../../rows.ts'
import { planRows } from '../../translation/plans.ts'
import { Limit } from '../limit.ts'

/** Quotas of the plans that are in force, by the plan's `namespace/name`. */
export class PlanQuotas {
  readonly byPlan: ReadonlyMap<string, readonly Limit[]>
  /** Whether several gateways count something together, be it a rate. */
  readonly hasExact: boolean

  constructor(rows: ReadonlyMap<string, PlanRow>) {
    this.hasExact = [...rows.values()].some(({ limits }) =>
      limits.some(({ counters }) => counters === 'Exact'),
    )
    this.byPlan = new Map(
      [...rows].map(([name, { limits }]) => [
        name,
        limits.map(row => new Limit(row)).filter(({ isQuota }) => isQuota),
      ]),
    )
  }

  static in(resources: Resources): PlanQuotas {
    return new PlanQuotas(planRows(resources) as unknown as ReadonlyMap<string, PlanRow>)
  }

  /** Of a plan; without those that the other has as well, however large it is there. */
  of(plan: string, other: readonly Limit[] = []): readonly Limit[] {
    const limits = this.byPlan.get(plan) ?? []
    if (other.length === 0) return limits
    const known = new Set(other.map(countsOf))
    return limits.filter(limit => !known.has(countsOf(limit)))
  }

  /** Plans that have a quota which they did not have before, and those quotas. */
  newSince(before: PlanQuotas): ReadonlyMap<string, readonly Limit[]> {
    return new Map(
      [...this.byPlan.keys()]
        .map(plan => [plan, this.of(plan, before.byPlan.get(plan))] as const)
        .filter(([, limits]) => limits.length > 0),
    )
  }
}

/** The same of two limits that count the same, in the same place. */
function countsOf({ row }: Limit): string {
  const { unit, per, name, anchor, timeZone, scope, operations, counters } = row
  return JSON.stringify([unit, per, name, anchor, timeZone, scope, operations?.toSorted(), counters])
}
