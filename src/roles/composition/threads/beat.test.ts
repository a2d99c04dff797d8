import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Beat } from './beat.ts'

test('a buffer is counted once', () => {
  const beat = new Beat()
  beat.measure()
  const before = beat.externalBytes
  const held = Buffer.alloc(64 * 1024 ** 2)
  beat.measure()
  const grown = (beat.externalBytes - before) / held.length
  assert.ok(grown > 0.9 && grown < 1.5, `${grown} times`)
})
