import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { latencyOf } from '../engine/records.ts'
import { concurrency, FAULT_S, runOf, SECONDS, settings } from './concurrency.ts'

const [FROM_S, UNTIL_S] = FAULT_S

suite('a backend that bears a third of what it did, for a while', () => {
  test('answers nobody in time where everybody is let through', () => {
    const { good } = runOf(null, 2)
    assert.equal(good.sum(FROM_S + 3, UNTIL_S), 0)
    assert.equal(good.sum(UNTIL_S, UNTIL_S + 3), 0, 'nor as long as it works for those who have gone')
  })

  for (const seed of [1, 2, 3])
    test(`is found out, and answers those who are let through (seed ${seed})`, () => {
      const run = runOf(settings, seed)
      assert.ok(run.good.sum(5, FROM_S) > 0.97 * (run.good.sum(5, FROM_S) + run.refused.sum(5, FROM_S)))
      // It bears 333 in a second. First it is asked next to nothing, until its least latency is known anew.
      assert.ok(run.good.sum(FROM_S + 7, UNTIL_S) > 0.3 * 333 * (UNTIL_S - FROM_S - 7))
      assert.ok(latencyOf(run, 0.5, FROM_S + 2, UNTIL_S) < 500)
      assert.ok(run.good.sum(UNTIL_S + 2, SECONDS) > 0.95 * 700 * (SECONDS - UNTIL_S - 2))
    })
})

isShownAsItIs(concurrency)
