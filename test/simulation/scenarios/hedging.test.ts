import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { latencyOf } from '../engine/records.ts'
import { hedging, runOf, SECONDS, settings, shareOf, SLOW_S } from './hedging.ts'

suite('where one answer in fifty is late, wherever it comes from', () => {
  test('one in a hundred is late without hedging', () => {
    assert.ok(latencyOf(runOf(null, 2), 0.99, 10, SLOW_S) > 300)
  })

  for (const seed of [1, 2, 3])
    test(`hardly any is with it, and when all are it stays within its share (seed ${seed})`, () => {
      const run = runOf(settings, seed)
      assert.ok(latencyOf(run, 0.99, 10, SLOW_S) < 100)
      for (let second = 0; second + 10 <= SECONDS; second++) {
        const share = shareOf(run, second, second + 10)
        // What it is a share of are the ten seconds before.
        assert.ok(share < 0.06, `${share} from second ${second} on`)
      }
      for (const [second, count] of run.hedges.entries())
        assert.ok(count < 0.4 * run.asked.counts[second]!, `${count} in second ${second}`)
    })
})

isShownAsItIs(hedging)
