import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sharedState } from '../../../test/support/shared-state.ts'
import { RateCounter, type Rate } from './gcra.ts'

const SECOND = 1_000_000

function counter(rate: Rate): RateCounter {
  const made = new RateCounter(sharedState().counters('test'), rate)
  made.aim('client', 'crowd')
  return made
}

test('a burst passes at once, then one for each interval', () => {
  const limit = counter({ requests: 10, windowMs: 1_000, burst: 3 })
  const passed = (atUs: number): string => limit.take(5 * SECOND + atUs)
  assert.deepEqual([0, 0, 0, 0].map(passed), ['taken', 'taken', 'taken', 'denied'])
  assert.equal(passed(99_999), 'denied')
  assert.equal(passed(100_000), 'taken')
  assert.equal(passed(100_000), 'denied')
  assert.deepEqual([400_000, 400_000, 400_000, 400_000].map(passed), ['taken', 'taken', 'taken', 'denied'])
})

test('there is no edge at which twice as much passes', () => {
  const limit = counter({ requests: 100, windowMs: 60_000, burst: 1 })
  let passed = 0
  for (let us = 0; us < 60 * SECOND; us += 1_000) if (limit.take(us) === 'taken') passed++
  assert.equal(passed, 100)
})

for (const [taken, afterUs, remaining, reset] of [
  [0, 0, 3, 0],
  [1, 0, 2, 2],
  [2, 0, 1, 4],
  [3, 0, 0, 2],
  [3, 1_900_000, 0, 1],
  [3, 2_000_000, 1, 4],
  [3, 6_000_000, 3, 0],
] as const)
  test(`${taken} of 3 taken, and ${afterUs / 1e6} s later ${remaining} are left`, () => {
    const limit = counter({ requests: 30, windowMs: 60_000, burst: 3 })
    for (let i = 0; i < taken; i++) limit.take(SECOND)
    limit.hasRoom(SECOND + afterUs)
    assert.deepEqual([limit.remaining, limit.resetSeconds], [remaining, reset])
  })

test('what is given back is as if it had not been taken', () => {
  const rate = { requests: 1, windowMs: 1_000, burst: 5 }
  const [one, two] = [counter(rate), counter(rate)]
  for (const limit of [one, two]) for (let i = 0; i < 3; i++) limit.take(SECOND)
  one.take(SECOND)
  one.giveBack(SECOND)
  assert.deepEqual([one.remaining, one.resetSeconds], [two.remaining, two.resetSeconds])
  for (const expected of ['taken', 'taken', 'denied']) assert.equal(one.take(SECOND), expected)
})

test('what costs more takes more, and what was had is taken although there is no room', () => {
  const limit = counter({ requests: 10, windowMs: 1_000, burst: 10 })
  assert.equal(limit.hasRoom(SECOND, 11), false)
  assert.equal(limit.secondsUntil(11), Infinity)
  assert.equal(limit.take(SECOND, 7), 'taken')
  assert.equal(limit.remaining, 3)
  assert.equal(limit.take(SECOND, 4), 'denied')
  assert.equal(limit.charge(SECOND, 23), 'taken')
  assert.deepEqual([limit.remaining, limit.resetSeconds, limit.secondsUntil(10)], [0, 3, 3])
  limit.giveBack(SECOND, 25)
  assert.equal(limit.remaining, 5)
  limit.giveBack(SECOND, 99)
  assert.equal(limit.remaining, 10)
})

test('of a gigabyte a second no more passes than is declared, and not much less', () => {
  const limit = new RateCounter(
    sharedState().counters('test'),
    { requests: 1e9, windowMs: 1_000, burst: 1e6 },
    true,
  )
  limit.aim('client', 'crowd')
  let passed = 0
  for (let us = 0; us < 10_000; us++)
    for (let i = 0; i < 2; i++) if (limit.take(SECOND + us, 1_000) === 'taken') passed += 1_000
  assert.ok(passed <= 1e7 + 1e6 && passed > 0.98e7, String(passed))
})

test('in no stretch of time more passes than the burst and what the time has brought', () => {
  const rate = fc.record({
    requests: fc.integer({ min: 1, max: 1_000 }),
    windowMs: fc.constantFrom(1_000, 60_000, 3_600_000),
    burst: fc.integer({ min: 1, max: 50 }),
  })
  const steps = fc.array(fc.integer({ min: 0, max: 3 * SECOND }), { maxLength: 200 })
  fc.assert(
    fc.property(rate, steps, (declared, pauses) => {
      const limit = counter(declared)
      const taken: number[] = []
      let nowUs = SECOND
      for (const pause of pauses) {
        nowUs += pause
        if (limit.take(nowUs) === 'taken') taken.push(nowUs)
      }
      const perUs = declared.requests / (declared.windowMs * 1000)
      for (let i = 0; i < taken.length; i++)
        for (let j = i; j < taken.length; j++)
          assert.ok(j - i + 1 <= declared.burst + (taken[j]! - taken[i]!) * perUs + 1e-6)
    }),
  )
})

test('one who keeps to the pace is never refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 5 }), (requests, burst) => {
      const limit = counter({ requests, windowMs: 1_000, burst })
      for (let i = 0; i < 100; i++)
        assert.equal(limit.take(SECOND + Math.ceil((i * SECOND) / requests) + i), 'taken')
    }),
  )
})
