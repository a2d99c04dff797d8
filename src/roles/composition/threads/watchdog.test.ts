import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Beat, BEAT_MS } from './beat.ts'
import { Watchdog, type Verdict } from './watchdog.ts'

const limits = { heapBytes: 1000, externalBytes: 1000, stallMs: 5 * BEAT_MS }

function looks(watchdog: Watchdog, count: number): Verdict | null {
  let verdict: Verdict | null = null
  for (let i = 0; i < count; i++) verdict ??= watchdog.look()
  return verdict
}

test('a loop stands still once its code is loaded, and not while that takes long', () => {
  const watchdog = new Watchdog(new Beat(), limits)
  assert.equal(looks(watchdog, 50), null)
  watchdog.loaded()
  assert.equal(looks(watchdog, 4), null)
  assert.equal(looks(watchdog, 1)?.reason, 'stalled')
})

test('what a heap has counts also while its code is loaded, twice the limit since nothing is collected then', () => {
  const watchdog = new Watchdog(new Beat(), limits)
  assert.equal(looks(watchdog, 1), null)
  assert.ok(watchdog.isStill)
  watchdog.seen(1001)
  assert.equal(looks(watchdog, 1), null)
  watchdog.seen(2001)
  assert.equal(looks(watchdog, 1)?.reason, 'heap')
})

test('a thread that is late by a look or two has garbage in its heap', () => {
  const watchdog = new Watchdog(new Beat(), limits)
  watchdog.seen(2001)
  assert.equal(looks(watchdog, 2), null)
  assert.equal(looks(watchdog, 1)?.reason, 'heap')
})

test('what a thread has counts when a collection has left it', () => {
  const beat = new Beat()
  const watchdog = new Watchdog(beat, limits)
  let collections = 0
  /** One beat of a thread that has so much, of which so much is held, and one look at it. */
  const turn = (heapBytes: number, heldBytes: number): Verdict | null => {
    const before = collections
    const wasCollected = beat.isCollected
    beat.measure(() => collections++)
    if (!wasCollected) beat.write(collections > before ? heldBytes : heapBytes, 0)
    return watchdog.look()
  }
  // Of each that is asked for there are two; then it is let alone for a second.
  for (let n = 0; n < 12; n++) assert.equal(turn(1500, 500), null)
  assert.equal(collections, 2)
  // What is far above is not let alone.
  for (let n = 0; n < 2; n++) assert.equal(turn(2500, 500), null)
  assert.equal(collections, 4)
  const verdicts = Array.from({ length: 14 }, () => turn(1500, 1100))
  assert.equal(verdicts.find(verdict => verdict !== null)?.reason, 'heap')
})

test('buffers count when a collection has left them', () => {
  const beat = new Beat()
  const watchdog = new Watchdog(beat, limits)
  const turn = (held: number): Verdict | null => {
    beat.measure(() => undefined)
    beat.write(500, beat.isCollected ? held : 1500)
    return watchdog.look()
  }
  for (let n = 0; n < 12; n++) assert.equal(turn(900), null)
  const verdicts = Array.from({ length: 14 }, () => turn(1100))
  assert.equal(verdicts.find(verdict => verdict !== null)?.reason, 'external')
})
