import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { quantile } from '../engine/records.ts'
import { balancers, inTime, linkerds, ours, runOf, slowEndpoint } from './slow-endpoint.ts'

suite('where one of fifty endpoints takes twenty times as long', () => {
  for (const seed of [2, 3])
    test(`it has less by LeastRequest, and next to nothing by PeakEWMA (seed ${seed})`, () => {
      const [inTurn, least, peak] = balancers.map(type => runOf(ours, type, seed).slowShare) as [
        number,
        number,
        number,
      ]
      assert.ok(Math.abs(inTurn - 1 / 50) < 0.001, `${inTurn}`)
      assert.ok(least < 0.01, `${least}`)
      assert.ok(peak < 0.001, `${peak}`)
    })

  test('not even one request in a thousand is slow with PeakEWMA', () => {
    const { latenciesMs } = runOf(ours, 'PeakEWMA', 4)
    assert.ok(quantile(latenciesMs, 0.999) < 100)
  })
})

// "Its success rate would be approximately 95% with round robin, 99% with least loaded, and 99.9% with peak EWMA."
for (const [type, least, most] of [
  ['RoundRobin', 0.945, 0.965],
  ['LeastRequest', 0.99, 0.999],
  ['PeakEWMA', 0.999, 1],
] as const)
  test(`Linkerd's experiment comes to what Linkerd says, with ${type}`, () => {
    for (const seed of [1, 2]) {
      const share = inTime(runOf(linkerds, type, seed))
      assert.ok(share >= least && share <= most, `${share}`)
    }
  })

isShownAsItIs(slowEndpoint)
