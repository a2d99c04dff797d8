import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BodyRate } from './body-rate.ts'

/** 240 bytes a second over 3 s: 720 bytes. */
const rateOf = (...looks: readonly (readonly [ms: number, bytes: number])[]): BodyRate => {
  const rate = new BodyRate(240, 3_000)
  for (const [ms, bytes] of looks) rate.add(ms, bytes)
  return rate
}

const each = (times: number, ms: number, bytes: number): [number, number][] =>
  Array.from({ length: times }, () => [ms, bytes])
const half = (bytes: number, times: number): [number, number][] => each(times, 500, bytes)

for (const [what, looks, lagMs] of [
  ['nothing known', [], 0],
  ['nothing for less than the time', half(0, 5), 0],
  ['nothing for the time', half(0, 6), 3_000],
  ['nothing for twice the time', half(0, 12), 6_000],
  ['a byte a second', half(0.5, 12), 6_000],
  ['exactly the rate', half(120, 12), 0],
  ['just below', half(119, 12), 6_000],
  ['all at once, then nothing for less than the time', [[500, 10_000], ...half(0, 5)], 0],
  ['all at once, then nothing for the time', [[500, 10_000], ...half(0, 6)], 3_000],
  ['nothing for long, then the rate again', [...half(0, 20), [500, 720]], 0],
  ['bursts that make up for silences', [...half(0, 5), [500, 720], ...half(0, 5), [500, 720]], 0],
  ['looks far apart', [[5_000, 0]], 5_000],
  ['looks close together', each(310, 10, 1), 3_100],
] as const)
  test(`a body that brought ${what}: ${lagMs} ms behind`, () => assert.equal(rateOf(...looks).lagMs, lagMs))

test('no rate is asked for, or nobody waits for it: never behind', () => {
  for (const rate of [new BodyRate(0, 3_000), new BodyRate(240, Infinity)]) {
    for (let i = 0; i < 100; i++) rate.add(500, 0)
    assert.equal(rate.lagMs, 0)
  }
})

test('whoever keeps the rate in every look is never behind, and whoever never does always is', () => {
  const look = fc.integer({ min: 1, max: 1_000 })
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 200 }), all => {
      const good = rateOf(...all.map(ms => [ms, Math.ceil(ms * 0.24)] as const))
      const bad = rateOf(...all.map(ms => [ms, ms * 0.23] as const))
      const totalMs = all.reduce((sum, ms) => sum + ms, 0)
      assert.equal(good.lagMs, 0)
      assert.equal(bad.lagMs > 0, totalMs >= 3_000)
    }),
  )
})
