import type { Balancer, Candidate, RandomSource } from './balancer.ts'
import { Sampler } from './balancer-sampler.ts'

/** Each attempt at random, in proportion to weight. */
export class Random<E extends Candidate> implements Balancer<E> {
  private readonly sampler: Sampler
  private endpoints: readonly E[] = []

  constructor(random: RandomSource = Math.random) {
    this.sampler = new Sampler(random)
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
