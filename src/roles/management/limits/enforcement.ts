import type { Exchange, Failure } from '../../../filters/filter.ts'
import { overQuotaNote } from '../../../filters/identity.ts'
import type { Kit } from '../../../filters/kit.ts'
import { chargeNote, chargeOf, type Charge } from './charge.ts'
import { denialOf, type Denials } from './denial.ts'
import type { Limit } from './limit.ts'
import type { Metered } from './metered.ts'
import type { LimitStore } from './store/limit-store.ts'

/** What one filter does about limits, of whatever they are: `owner` (`Plan/default/gold`) tells them apart. */
export class Enforcement {
  private readonly store: LimitStore
  private readonly outcomes: Outcomes
  private readonly denials: Denials

  constructor(store: LimitStore, kit: Kit, denials: Denials) {
    this.store = store
    this.outcomes = new Outcomes(kit.metrics)
    this.denials = denials
  }

  /** Takes of all, or refuses; what other limits have let the request take before is then given back. */
  take(x: Exchange, owner: string, metered: Metered): Failure | undefined | Promise<Failure | undefined> {
    const before = x.notes.get(chargeNote)
    // It stands on a Gateway and on a route of it: that is one limit.
    if (chargeOf(before, owner) !== null) return undefined
    const charge = this.store.charge(owner, metered, before ?? null)
    if (charge instanceof Promise) return charge.then(made => this.judge(x, made))
    return this.judge(x, charge)
  }

  /** What a client is to know, in whatever answer it gets. */
  tell(x: Exchange, owner: string): void {
    const charge = chargeOf(x.notes.get(chargeNote), owner)
    if (charge === null || charge.told) return
    charge.told = true
    if (charge.state === '') return
    x.response.fields.add('RateLimit-Policy', charge.policies)
    x.response.fields.add('RateLimit', charge.state)
  }

  /** Adds to what was taken of some limits: so much as `more` says, and nothing where it says 0. */
  settle(charge: Charge, more: (limit: Limit, taken: number) => number): void {
    if (charge.outcome !== 'taken') return
    const { meters } = charge.metered
    const costs = meters.map(({ limit }, i) => more(limit, charge.costs[i]!))
    if (costs.every(cost => cost === 0)) return
    this.store.settle(charge, costs)
    charge.state = charge.metered.state
  }

  private judge(x: Exchange, charge: Charge): Failure | undefined {
    x.notes.set(chargeNote, charge)
    this.outcomes.count(charge)
    if (charge.outcome === 'taken') {
      if (charge.exceeded.length > 0) x.notes.set(overQuotaNote, true)
      return undefined
    }
    for (let one = charge.before; one !== null; one = one.before) {
      this.store.giveBack(one)
      if (one.outcome === 'taken') one.state = one.metered.state
    }
    return this.refusal(charge)
  }

  private refusal({ owner, outcome, exceeded, metered, retrySeconds }: Charge): Failure {
    if (outcome === 'unavailable') return { failure: 'limit_store_unavailable', detail: owner }
    // Not 429: it is not the client that was too fast.
    if (outcome === 'full')
      return { failure: 'proxy_overloaded', detail: 'there is no place left to count another client in' }
    const limits = exceeded.map(i => metered.meters[i]!.limit)
    return denialOf(owner, limits, retrySeconds, this.denials)
  }
}

type OutcomeName = 'allowed' | 'over' | 'denied' | 'uncounted' | 'unavailable'
type Counts = Readonly<Record<OutcomeName, { add(n: number): void }>>

/** portcullis_limit_total, of each limit that was met. */
class Outcomes {
  private readonly metrics: Kit['metrics']
  private readonly byLimit = new WeakMap<Limit, Counts>()

  constructor(metrics: Kit['metrics']) {
    this.metrics = metrics
  }

  count({ owner, metered: { meters }, outcome, exceeded }: Charge): void {
    for (let i = 0; i < meters.length; i++) {
      const { limit } = meters[i]!
      const isExceeded = exceeded.includes(i)
      // Of a refused request only those count it that refused it.
      if (outcome === 'taken') this.of(owner, limit)[isExceeded ? 'over' : 'allowed'].add(1)
      else if (outcome === 'unavailable') this.of(owner, limit).unavailable.add(1)
      else if (isExceeded) this.of(owner, limit)[outcome === 'full' ? 'uncounted' : 'denied'].add(1)
    }
  }

  private of(owner: string, limit: Limit): Counts {
    let counts = this.byLimit.get(limit)
    if (counts === undefined) this.byLimit.set(limit, (counts = this.make(owner, limit.name)))
    return counts
  }

  private make(of: string, limit: string): Counts {
    const counter = (outcome: OutcomeName) =>
      this.metrics.counter('portcullis_limit_total', { of, limit, outcome })
    return {
      allowed: counter('allowed'),
      over: counter('over'),
      denied: counter('denied'),
      uncounted: counter('uncounted'),
      unavailable: counter('unavailable'),
    }
  }
}
