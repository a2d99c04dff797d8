import type { Balancer, BalancerType, Candidate, RandomSource } from './balancer.ts'
import { Sampler } from './sampler.ts'

export const random: BalancerType = {
  type: 'Random',
  does: 'at random',
  make: (_balancing, { random: source }) => new Random(source),
}

/** Each attempt at random, in proportion to weight. */
class Random<E extends Candidate> implements Balancer<E> {
  private readonly sampler: Sampler
  private endpoints: readonly E[] = []

  constructor(source: RandomSource) {
    this.sampler = new Sampler(source)
  }

  update(endpoints: readonly E[]): void {
    this.endpoints = endpoints
    this.sampler.update(endpoints)
  }

  pick(exclude: E | null): E | null {
    const { endpoints, sampler } = this
    if (endpoints.length <= 1) return endpoints[0] ?? null
    const index = sampler.draw()
    return endpoints[endpoints[index] === exclude ? sampler.drawOther(index) : index]!
  }
}
