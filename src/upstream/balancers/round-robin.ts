import {
  weightsDiffer,
  type Balancer,
  type BalancerType,
  type Candidate,
  type RandomSource,
} from './balancer.ts'

export const roundRobin: BalancerType = {
  type: 'RoundRobin',
  does: 'in turn',
  make: (_balancing, { random }) => new RoundRobin(random),
}

/**
 * Round robin, with weights smooth (as nginx has it): every choice adds to each
 * endpoint's credit its weight, takes the one with the most, and charges it the
 * sum of all weights. Over a cycle of that sum, shares are exact, and heavy
 * endpoints are spread out instead of served in bursts.
 *
 * Equal weights (what Kubernetes endpoints always have) cost one increment. With
 * different ones a choice looks at each endpoint: a precomputed schedule would be
 * O(1), but as long as the sum of weights (256 × 1000 at worst) and rebuilt with
 * every endpoint change; 256 additions are under half a microsecond.
 */
class RoundRobin<E extends Candidate> implements Balancer<E> {
  private readonly random: RandomSource
  private endpoints: readonly E[] = []
  /** Null while all weights are equal. */
  private credit: Float64Array | null = null
  /** -1 before the first endpoints came. */
  private next = -1

  constructor(random: RandomSource) {
    this.random = random
  }

  update(endpoints: readonly E[]): void {
    this.credit = weightsDiffer(endpoints) ? this.carryCredit(endpoints) : null
    this.endpoints = endpoints
    // A random start: workers that all began with the first endpoint would meet there again after every restart.
    if (this.next < 0 && endpoints.length > 0) this.next = Math.floor(this.random() * endpoints.length)
  }

  pick(exclude: E | null): E | null {
    const { endpoints } = this
    if (endpoints.length === 0) return null
    if (endpoints.length === 1) return endpoints[0]!
    return this.credit === null ? this.pickNext(exclude) : this.pickRichest(this.credit, exclude)
  }

  private pickNext(exclude: E | null): E {
    const chosen = this.step()
    return chosen === exclude ? this.step() : chosen
  }

  private step(): E {
    const { endpoints } = this
    const at = this.next < endpoints.length ? this.next : 0
    this.next = at + 1
    return endpoints[at]!
  }

  private pickRichest(credit: Float64Array, exclude: E | null): E {
    const { endpoints } = this
    let total = 0
    let best = -1
    let most = -Infinity
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!
      // The excluded one gets no credit either, or a series of failures would buy it a burst later.
      if (endpoint === exclude) continue
      total += endpoint.weight
      const now = (credit[i]! += endpoint.weight)
      if (now > most) {
        most = now
        best = i
      }
    }
    credit[best]! -= total
    return endpoints[best]!
  }

  /** Who stays keeps its credit: with frequent endpoint changes a fresh start would always favour the heaviest. */
  private carryCredit(endpoints: readonly E[]): Float64Array {
    const credit = new Float64Array(endpoints.length)
    const old = this.credit
    if (old === null) return credit
    const before = new Map(this.endpoints.map((endpoint, i) => [endpoint, old[i]!]))
    for (let i = 0; i < endpoints.length; i++) credit[i] = before.get(endpoints[i]!) ?? 0
    return credit
  }
}
