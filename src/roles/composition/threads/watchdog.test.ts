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

test('what a heap holds counts also while its code is loaded', () => {
  const watchdog = new Watchdog(new Beat(), limits)
  assert.equal(looks(watchdog, 1), null)
  assert.ok(watchdog.isStill)
  watchdog.seen(1001)
  assert.equal(looks(watchdog, 1)?.reason, 'heap')
})
