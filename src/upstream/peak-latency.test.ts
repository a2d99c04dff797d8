import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '../../test/support/clock.ts'
import { PeakLatency } from './peak-latency.ts'

type Answer = readonly [latencyMs: number, failed: boolean, atMs: number]

const known = (clock: FakeClock, answers: readonly Answer[]): PeakLatency => {
  const latency = new PeakLatency(clock)
  for (const [ms, failed, atMs] of answers) {
    clock.advance(atMs - clock.now())
    latency.observe(ms, failed)
  }
  return latency
}

/** What it is taken for at the time of the clock: as slow as one that is so slow now. */
function costMs(latency: PeakLatency, clock: FakeClock): number {
  const second = new PeakLatency(clock)
  second.observe(1000, false)
  return latency.over(second) * 1000
}

/** Each row: answers (latency, whether it failed, at which time), when it is asked, and what it is then. */
// oxfmt-ignore
for (const [what, answers, atMs, expected] of [
  ['the first answer is all that is known', [[20, false, 0]], 0, 20],
  ['a slower one counts at once', [[20, false, 0], [500, false, 1]], 1, 500],
  ['a faster one hardly', [[500, false, 0], [20, false, 100]], 100, 495],
  ['it fades in silence', [[500, false, 0]], 10_000, 184],
  ['a fast failure makes it slower', [[20, false, 0], [0.2, true, 0]], 0, 40],
  ['again and again', [[20, false, 0], [0.2, true, 0], [0.2, true, 0], [0.2, true, 0]], 0, 160],
  ['a slow failure counts as it is', [[20, false, 0], [900, true, 0]], 0, 900],
  ['a first failure is no better than it was slow', [[3, true, 0]], 0, 3],
  ['and never nothing', [[0, true, 0]], 0, 1],
] as const)
  test(what, () => {
    const clock = new FakeClock(0)
    assert.ok(known(clock, []).unknown)
    const latency = known(clock, answers)
    assert.ok(!latency.unknown)
    clock.advance(atMs - clock.now())
    assert.equal(Math.round(costMs(latency, clock)), expected)
  })

test('failures alone never make it slower than is forgotten within a minute', () => {
  const clock = new FakeClock(0)
  const latency = known(
    clock,
    Array.from({ length: 1000 }, (_, i) => [1, true, i] as const),
  )
  assert.equal(Math.round(costMs(latency, clock)), 5000)
  clock.advance(60_000)
  assert.ok(costMs(latency, clock) < 13)
})

test('it is never outside of what it has seen, while nothing fails', () => {
  const list = fc.array(fc.tuple(fc.double({ min: 0.01, max: 1e5, noNaN: true }), fc.nat(1000)), {
    minLength: 1,
  })
  fc.assert(
    fc.property(list, answers => {
      const clock = new FakeClock(0)
      let atMs = 0
      const latency = known(
        clock,
        answers.map(([ms, laterMs]) => [ms, false, (atMs += laterMs)] as const),
      )
      const all = answers.map(([ms]) => ms)
      const cost = costMs(latency, clock)
      assert.ok(cost <= Math.max(...all) * 1.000001 && cost >= Math.min(...all) * 0.999999, `${cost}`)
      assert.ok(cost >= all.at(-1)! * 0.999999, 'a slower answer counts at once')
    }),
  )
})
