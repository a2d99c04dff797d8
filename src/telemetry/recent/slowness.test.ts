import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slowness } from './slowness.ts'

/** Numbers between 0 and 1, the same each time. */
function random(): () => number {
  let seed = 42
  return () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
}

test('about one in a hundred is slow where few come, whatever is usual', () => {
  for (const usualMs of [20, 2_000]) {
    const slowness = new Slowness()
    const next = random()
    let slow = 0
    for (let i = 0; i < 20_000; i++) if (slowness.isSlow(usualMs * (0.5 + next()), i * 1_000)) slow++
    assert.ok(slow > 60 && slow < 600, `${slow} of 20,000 requests of ${usualMs} ms`)
  }
})

test('what takes a few milliseconds is never slow', () => {
  const slowness = new Slowness()
  const next = random()
  for (let i = 0; i < 5_000; i++) assert.equal(slowness.isSlow(4 * next(), i * 100), false)
})

test('of many in one second two are slow, and what is slower than those', () => {
  const slowness = new Slowness()
  for (let i = 0; i < 2_000; i++) slowness.isSlow(10, i * 1_000)
  const at = 3_000_000
  const slow = [40, 40, 40, 45, 41, 900, 50].map(ms => slowness.isSlow(ms, at))
  assert.deepEqual(slow, [true, true, false, true, false, true, false])
  assert.equal(slowness.isSlow(60, at + 1_000), true)
})
