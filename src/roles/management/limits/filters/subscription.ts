import type { FilterType } from '../../../../filters/filter.ts'
import { subscribedNote } from '../../../../filters/identity.ts'
import type { FilterConfig } from '../../../../snapshot/rule.ts'
import { inspectSubscription } from '../inspect.ts'
import { standingNote } from '../standing.ts'
import { ApiStandings } from '../standings.ts'
import { WorkerLimits } from '../worker-limits.ts'
import type { PlanConfig } from './plan.ts'

export interface SubscriptionConfig extends FilterConfig, Omit<PlanConfig, 'type'> {
  readonly type: 'subscription'
}

/** Finds by which subscription a request is made, for rules that go by that; whether it may be made the plan says. */
export const subscription: FilterType<SubscriptionConfig> = {
  type: 'subscription',
  role: 'management',
  phase: 'subscription',
  describe: ({ products }) => `by ${products.map(({ product }) => product).join(', ')}`,
  inspect: inspectSubscription,
  compile({ products }, kit) {
    const standings = new ApiStandings(products, WorkerLimits.of(kit).standings)
    return {
      request(x) {
        const standing = standings.of(x)
        x.notes.set(standingNote, standing)
        const { subscribed } = standing
        if (subscribed !== null) x.notes.set(subscribedNote, subscribed)
        return undefined
      },
    }
  },
}
