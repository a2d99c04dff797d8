import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { PER_SECOND } from '../engine/fleet.ts'
import { asked, failing, retries, runOf, slow } from './retries.ts'

const NAIVE = '3 retries, no budget'
const OURS = '3 retries, the budget'

suite('a backend that answers nothing but 503', () => {
  test('gets four times as many requests where nothing bounds retries', () => {
    const run = runOf(failing, NAIVE, 2)
    assert.ok(run.load.sum(12, 30) > 3.8 * asked(run, 12, 30))
  })

  for (const seed of [1, 2, 3])
    test(`gets a fifth more by the budget, and two fifths in no second (seed ${seed})`, () => {
      const run = runOf(failing, OURS, seed)
      for (let second = 0; second + 10 <= 42; second++) {
        const retried = run.load.sum(second, second + 10) - asked(run, second, second + 10)
        // What the budget is a share of are the ten seconds before, which may have had more.
        assert.ok(retried <= 0.22 * PER_SECOND * 10, `${retried} from second ${second} on`)
      }
      for (const [second, count] of run.load.counts.entries())
        assert.ok(count <= asked(run, second, second + 1) + 0.45 * PER_SECOND, `${count} in second ${second}`)
      assert.equal(run.bad.sum(0, 9) + run.bad.sum(31, 42), 0, 'before and after, nobody notices')
    })
})

suite('a backend that was slow for a while', () => {
  test('stays useless where nothing bounds retries', () => {
    const run = runOf(slow, NAIVE, 2)
    assert.ok(run.good.sum(32, 40) < 0.01 * asked(run, 32, 40))
  })

  test('answers everybody again by the budget', () => {
    const run = runOf(slow, OURS, 2)
    assert.equal(run.good.sum(32, 40), asked(run, 32, 40))
  })
})

isShownAsItIs(retries)
