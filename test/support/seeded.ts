import type { RandomSource } from '../../src/upstream/balancers/balancer.ts'

/** mulberry32: the same numbers in every run. */
export function seeded(seed: number): RandomSource {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
