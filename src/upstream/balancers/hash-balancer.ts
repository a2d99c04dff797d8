import type { Balancer, Candidate, PickInfo, RandomSource } from './balancer.ts'
import { hash } from './hash.ts'
import type { TextOf } from './hash-settings.ts'
import { Sampler } from './sampler.ts'

/** Who asks with the same text comes to the same endpoint, in every worker; who has none comes to any of them, by weight. */
export abstract class HashBalancer<E extends Candidate> implements Balancer<E> {
  readonly sticky = true
  protected endpoints: readonly E[] = []
  /** With which it was built. */
  private weights: readonly number[] = []
  private readonly text: TextOf
  private readonly sampler: Sampler

  constructor(text: TextOf, random: RandomSource) {
    this.text = text
    this.sampler = new Sampler(random)
  }

  /** What is looked into by `of`, made of `endpoints` in whatever order they are; there are two or more. */
  protected abstract build(): void
  /** Of a 32-bit integer; another than `exclude`. */
  protected abstract of(hashed: number, exclude: E | null): E

  update(endpoints: readonly E[]): void {
    const same = this.isBuiltOf(endpoints)
    this.endpoints = endpoints
    if (same) return
    this.weights = endpoints.map(({ weight }) => weight)
    this.sampler.update(endpoints)
    if (endpoints.length > 1) this.build()
  }

  /** Most of what is told of endpoints changes nothing about them. */
  private isBuiltOf(endpoints: readonly E[]): boolean {
    const { endpoints: before, weights } = this
    if (endpoints.length !== before.length) return false
    return endpoints.every((endpoint, i) => endpoint === before[i] && endpoint.weight === weights[i])
  }

  pick(exclude: E | null, asker: PickInfo | null): E | null {
    const { endpoints } = this
    if (endpoints.length <= 1) return endpoints[0] ?? null
    const text = asker === null ? undefined : this.text(asker)
    return text === undefined ? this.any(exclude) : this.of(hash(text), exclude)
  }

  private any(exclude: E | null): E {
    const { endpoints, sampler } = this
    const index = sampler.draw()
    return endpoints[endpoints[index] === exclude ? sampler.drawOther(index) : index]!
  }
}
