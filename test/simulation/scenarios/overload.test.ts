import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isShownAsItIs } from '../current.ts'
import { quantile } from '../engine/records.ts'
import { floodOf, overload, runOf } from './overload.ts'

suite('a worker that is asked for more than it can do', () => {
  test('answers nobody in time where nothing is shed', () => assert.ok(runOf(1.5, false, 2).goodput < 0.05))

  for (const [load, least] of [
    [1.25, 0.9],
    [2, 0.9],
    [3, 0.8],
  ] as const)
    for (const seed of [2, 3])
      test(`answers nine tenths, the important ones first (${load} times as much, seed ${seed})`, () => {
        const { goodput, served, refusedMs } = runOf(load, true, seed)
        assert.ok(goodput > least, `${goodput}`)
        const [critical, normal, sheddable] = served as [number, number, number]
        assert.equal(critical, 1)
        assert.ok(normal > sheddable, `${normal} ${sheddable}`)
        assert.ok(quantile(refusedMs, 0.5) < 5, `${quantile(refusedMs, 0.5)}`)
      })

  for (const load of [1.25, 3] as const)
    test(`answers the neighbours of a client that asks for too much (${load} times as much)`, () => {
      const [fair, blind] = [floodOf(load, 2), floodOf(load, 2, false)]
      const [flood, neighbours] = fair.served as [number, number]
      assert.ok(neighbours > 0.99, `${neighbours}`)
      assert.ok(neighbours > flood && neighbours > blind.served[1]!)
      assert.ok(fair.goodput > 0.98 * blind.goodput, `${fair.goodput}, was ${blind.goodput}`)
    })
})

isShownAsItIs(overload)
