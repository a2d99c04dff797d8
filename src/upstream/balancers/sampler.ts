import { weightsDiffer, type Candidate, type RandomSource } from './balancer.ts'

/**
 * Draws an index in proportion to weight, in O(1) and without allocating: Vose's
 * alias method. Each slot holds one index up to its share, and another beyond it.
 */
export class Sampler {
  private readonly random: RandomSource
  private size = 0
  /** Null while all weights are equal: then a slot is an index. */
  private share: Float64Array | null = null
  private alias = new Int32Array(0)

  constructor(random: RandomSource) {
    this.random = random
  }

  update(endpoints: readonly Candidate[]): void {
    this.size = endpoints.length
    this.share = null
    if (weightsDiffer(endpoints)) this.build(endpoints)
  }

  /** An index; the sampler must not be empty. */
  draw(): number {
    const at = this.random() * this.size
    const slot = Math.floor(at)
    if (this.share === null) return slot
    // The fraction is as random as the slot: one draw serves both.
    return at - slot < this.share[slot]! ? slot : this.alias[slot]!
  }

  /** An index other than `taken`. Draws a few times, then steps on: with very different weights draws alone might take long. */
  drawOther(taken: number): number {
    for (let tries = 0; tries < 4; tries++) {
      const index = this.draw()
      if (index !== taken) return index
    }
    return (taken + 1) % this.size
  }

  private build(endpoints: readonly Candidate[]): void {
    const { size } = this
    const total = endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0)
    const share = Float64Array.from(endpoints, endpoint => (endpoint.weight * size) / total)
    const alias = Int32Array.from(endpoints, (_, i) => i)
    const small: number[] = []
    const large: number[] = []
    for (let i = 0; i < size; i++) (share[i]! < 1 ? small : large).push(i)
    while (small.length > 0 && large.length > 0) {
      const less = small.pop()!
      const more = large.pop()!
      alias[less] = more
      share[more] = share[more]! + share[less]! - 1
      ;(share[more]! < 1 ? small : large).push(more)
    }
    // What is left over is 1 but for rounding.
    for (const i of small) share[i] = 1
    for (const i of large) share[i] = 1
    this.share = share
    this.alias = alias
  }
}
