import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CounterAreas, counterMemory } from './counters.ts'
import { SharedWindow } from './window.ts'

const SECOND = 1_000_000

/** As two workers have it. */
function pair(bits: readonly number[] = [29, 22], intervalMs = 10_000, buckets = 4) {
  const memory = counterMemory(new Uint8Array(16), { buckets, reserve: 1 })
  const [one, other] = [1, 2].map(
    owner => new SharedWindow(new CounterAreas(memory, owner).scope('test'), 'key', intervalMs, bits),
  ) as [SharedWindow, SharedWindow]
  const sums = (window: SharedWindow, nowUs: number): readonly number[] => {
    window.read(nowUs)
    return [...window.sums]
  }
  return { one, other, sums }
}

suite('sums of the last ten seconds', () => {
  test('are of both workers', () => {
    const { one, other, sums } = pair()
    one.add([3, 1], 0)
    other.add([5, 0], SECOND)
    assert.deepEqual(sums(one, SECOND), [8, 1])
    assert.deepEqual(sums(other, SECOND), [8, 1])
  })

  for (const [seconds, expected] of [
    [0, [1, 1]],
    [9, [1, 1]],
    [10, [0, 0]],
    [14, [0, 0]],
    [1_000_000, [0, 0]],
  ] as const)
    test(`have ${String(expected)} after ${seconds} s`, () => {
      const { one, other, sums } = pair()
      one.add([1, 1], SECOND / 2)
      assert.deepEqual(sums(other, SECOND / 2 + seconds * SECOND), expected)
    })

  test('go on for ever, whichever place a tenth has', () => {
    const { one, sums } = pair()
    for (let second = 0; second < 100; second++) {
      one.add([1, second], second * SECOND)
      const from = Math.max(0, second - 9)
      let expected = 0
      for (let i = from; i <= second; i++) expected += i
      assert.deepEqual(sums(one, second * SECOND), [second - from + 1, expected], `second ${second}`)
    }
  })

  test('are asked before anything is added', () => {
    const { one, other, sums } = pair()
    const most = (window: SharedWindow) => (): boolean => window.sums[1]! >= 3
    const taken = [one, other, one, other, one].map((window, i) =>
      window.add([0, 1], i * SECOND, most(window)),
    )
    assert.deepEqual(taken, [true, true, true, false, false])
    assert.deepEqual(sums(one, 4 * SECOND), [0, 3])
  })

  test('keep each field to itself, up to what one tenth can hold', () => {
    const { one, sums } = pair([17, 17, 17])
    const most = 2 ** 17 - 1
    one.add([most, 0, most], 0)
    assert.deepEqual(sums(one, 0), [most, 0, most])
    // A tenth that is full says how much there was of each, and takes no more.
    one.add([1, 1, 0], 0)
    assert.deepEqual(sums(one, 0), [most, 0, most])
    one.add([1, 1, 0], SECOND)
    assert.deepEqual(sums(one, SECOND), [most + 1, 1, most])
  })

  // A number of the longer time lives on for the whole of it, in a place of the ring that comes again every 14 s.
  for (const [before, after] of [
    [300_000, 10_000],
    [10_000, 300_000],
  ] as const)
    test(`begin anew where they are of ${after / 1000} s and were of ${before / 1000} s`, () => {
      const memory = counterMemory(new Uint8Array(16), { buckets: 4, reserve: 1 })
      const of = (intervalMs: number): SharedWindow =>
        new SharedWindow(new CounterAreas(memory, 1).scope('test'), 'key', intervalMs, [29, 22])
      const old = of(before)
      for (let slot = 0; slot < 10; slot++) old.add([500, 0], slot * before * 100)
      const next = of(after)
      for (let second = 0; second < 40; second++) {
        next.add([1, 0], before * 1000 + second * SECOND)
        next.read(before * 1000 + second * SECOND)
        const expected = after === 10_000 ? Math.min(second + 1, 10) : second + 1
        assert.equal(next.sums[0], expected, `second ${second}`)
      }
    })

  test('say so where nothing can be counted', () => {
    const memory = counterMemory(new Uint8Array(16), { buckets: 1, reserve: 1 })
    const full = Array.from(
      { length: 200 },
      (_, i) => new SharedWindow(new CounterAreas(memory, 1).scope('test'), `key ${i}`, 10_000, [29, 22]),
    )
    assert.equal(full.map(window => window.add([1, 0], 0)).includes(false), true)
  })
})
