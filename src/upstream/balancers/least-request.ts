import type { Balancer, BalancerType, Candidate, RandomSource } from './balancer.ts'
import { Sampler } from './sampler.ts'

export const leastRequest: BalancerType = {
  type: 'LeastRequest',
  does: 'the less busy of two at random',
  make: (_balancing, { random }) => new LeastRequest(random),
}

/**
 * The less loaded of two drawn at random (Mitzenmacher, "The Power of Two Choices
 * in Randomized Load Balancing", 2001): nearly as even as looking at all, without
 * the herd that runs to the one that looked least loaded a moment ago.
 *
 * Both are drawn in proportion to weight and compared by load for their weight;
 * the first drawn wins a tie. So an idle cluster is shared exactly by weight,
 * where comparing (active + 1) / weight would never choose a light endpoint.
 */
class LeastRequest<E extends Candidate> implements Balancer<E> {
  private readonly sampler: Sampler
  private endpoints: readonly E[] = []

  constructor(random: RandomSource) {
    this.sampler = new Sampler(random)
  }

  update(endpoints: readonly E[]): void {
    this.endpoints = endpoints
    this.sampler.update(endpoints)
  }

  pick(exclude: E | null): E | null {
    const { endpoints, sampler } = this
    if (endpoints.length <= 1) return endpoints[0] ?? null
    const one = sampler.draw()
    const other = sampler.drawOther(one)
    const a = endpoints[one]!
    const b = endpoints[other]!
    if (a === exclude) return b
    if (b === exclude) return a
    // Multiplied across instead of divided: a.active / a.weight > b.active / b.weight.
    return a.active * b.weight > b.active * a.weight ? b : a
  }
}
