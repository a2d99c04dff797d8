import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { breaker, FAULT_S, runOf, SECONDS, trip } from './breaker.ts'

const [FROM_MS, UNTIL_MS] = FAULT_S.map(seconds => seconds * 1000) as [number, number]

suite('a breaker before a backend that hangs for thirty seconds', () => {
  for (const seed of [1, 2, 3])
    test(`opens once half of ten seconds has failed, tries, and closes (seed ${seed})`, () => {
      const { told, load, bad } = runOf(trip, seed)
      const steps = told.map(({ what }) => what)
      assert.equal(steps.join(' '), `open ${'half-open open '.repeat(4)}half-open closed`)
      const [opened, closed] = [told[0]!.atMs, told.at(-1)!.atMs]
      assert.ok(opened > FROM_MS + 5_000 && opened < FROM_MS + 7_000, `${opened}`)
      assert.ok(closed > UNTIL_MS && closed < UNTIL_MS + trip.openMs + 1_000, `${closed}`)
      // Of a thousand in a second only probes come through, of all four workers together.
      const [from, until] = [Math.ceil(opened / 1000), Math.floor(closed / 1000)]
      assert.equal(load.sum(from, until), 4 * trip.probes)
      assert.equal(bad.sum(Math.ceil(closed / 1000), SECONDS), 0, 'and then all is well')
    })

  test('who is refused does not wait', () => {
    const { waitsMs } = runOf(trip, 4)
    assert.ok(waitsMs.filter(ms => ms === 0).length > 20_000)
  })
})

isShownAsItIs(breaker)
