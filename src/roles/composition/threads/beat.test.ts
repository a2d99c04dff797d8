import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Beat } from './beat.ts'
import { collectGarbage } from './heap.ts'

test('a buffer is counted once', () => {
  const beat = new Beat()
  beat.measure(collectGarbage)
  const before = beat.externalBytes
  const held = Buffer.alloc(64 * 1024 ** 2)
  beat.measure(collectGarbage)
  const grown = (beat.externalBytes - before) / held.length
  assert.ok(grown > 0.9 && grown < 1.5, `${grown} times`)
})

test('garbage counts until a collection is asked for, and what was left is there until it is read', () => {
  const beat = new Beat()
  let garbage: unknown = Array.from({ length: 1_000_000 }, (_, i) => ({ i }))
  beat.measure(collectGarbage)
  assert.ok(garbage)
  garbage = null
  const before = beat.heapBytes
  beat.askCollection()
  beat.measure(collectGarbage)
  assert.ok(beat.isCollected)
  const left = beat.heapBytes
  assert.ok(left < before - 16 * 1024 ** 2, `${left} of ${before} bytes`)
  garbage = Array.from({ length: 1_000_000 }, (_, i) => ({ i }))
  beat.measure(collectGarbage)
  assert.equal(beat.heapBytes, left)
  beat.forgetCollection()
  beat.measure(collectGarbage)
  assert.ok(garbage)
  assert.ok(beat.heapBytes > left)
})

test('buffers that nobody has count no more when they have been collected, whatever else was made by then', () => {
  const beat = new Beat()
  const held = Buffer.alloc(64 * 1024 ** 2)
  beat.measure(collectGarbage)
  const before = beat.externalBytes
  let garbage: Buffer | null = null
  for (let n = 0; n < 5; n++) {
    garbage = Buffer.alloc(64 * 1024 ** 2)
    beat.measure(collectGarbage)
    assert.ok(garbage)
    garbage = null
    beat.askCollection()
    beat.measure(collectGarbage)
    assert.ok(beat.isCollected)
    assert.ok(
      Math.abs(beat.externalBytes - before) < 16 * 1024 ** 2,
      `${beat.externalBytes}, before ${before}`,
    )
    beat.forgetCollection()
  }
  assert.ok(held)
})
