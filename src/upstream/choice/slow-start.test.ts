import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { SlowStart } from './slow-start.ts'

const endpoint = (declaredWeight = 1) => ({ declaredWeight, weight: declaredWeight })

function world(windowMs: number) {
  const clock = new FakeClock()
  let serving: readonly ReturnType<typeof endpoint>[] = []
  const slowStart = new SlowStart(clock, () => slowStart.weigh(serving, windowMs))
  const serve = (...list: typeof serving): void => {
    serving = list
    slowStart.weigh(serving, windowMs)
  }
  return { clock, serve, slowStart }
}

test('one that comes beside others has a tenth, and more with time, until all of its weight', () => {
  const { clock, serve } = world(10_000)
  const [old, young] = [endpoint(), endpoint(20)]
  serve(old)
  serve(old, young)
  assert.deepEqual([old.weight, young.weight], [1, 2])
  clock.advance(5000)
  assert.deepEqual([old.weight, young.weight], [1, 10])
  clock.advance(5000)
  assert.deepEqual([old.weight, young.weight], [1, 20])
  assert.deepEqual(clock.waits, [], 'there is nothing left to wait for')
})

test('the first ones have all at once, and so has one that comes when there is no other', () => {
  const { clock, serve } = world(10_000)
  const [one, two, three] = [endpoint(), endpoint(5), endpoint(7)]
  serve(one, two)
  assert.deepEqual([one.weight, two.weight, clock.waits], [1, 5, []])
  serve()
  serve(three)
  assert.equal(three.weight, 7)
})

test('it begins again with each return', () => {
  const { clock, serve } = world(10_000)
  const [old, one] = [endpoint(), endpoint()]
  serve(old)
  serve(old, one)
  clock.advance(20_000)
  assert.equal(one.weight, 1)
  serve(old)
  serve(old, one)
  assert.equal(one.weight, 0.1)
})

test('another change in between takes nothing from who is on the way', () => {
  const { clock, serve } = world(10_000)
  const [old, one, two] = [endpoint(), endpoint(), endpoint()]
  serve(old)
  serve(old, one)
  clock.advance(5000)
  serve(old, one, two)
  assert.deepEqual([one.weight, two.weight], [0.5, 0.1])
  assert.equal(clock.waits.length, 1)
})

test('without a window weights are as declared, and nothing waits', () => {
  const { clock, serve } = world(0)
  const [one, two] = [endpoint(3), endpoint(4)]
  serve(one)
  two.declaredWeight = 5
  serve(one, two)
  assert.deepEqual([one.weight, two.weight, clock.waits], [3, 5, []])
})
