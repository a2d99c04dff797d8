import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { durationMs, formatDuration, quantityBytes } from './quantity.ts'

for (const [text, ms] of [
  ['0s', 0],
  ['1h', 3_600_000],
  ['1m30s', 90_000],
  ['500ms', 500],
  ['1h2m3s4ms', 3_723_004],
  ['30s1m', 90_000],
  ['99999h', 359_996_400_000],
  ['', undefined],
  ['10', undefined],
  ['-1s', undefined],
  ['1.5s', undefined],
  ['100000s', undefined],
  ['1s1s1s1s1s', undefined],
  ['1d', undefined],
  ['1S', undefined],
  [' 1s', undefined],
] as const)
  test(`duration ${JSON.stringify(text)} is ${ms ?? 'none'}`, () => assert.equal(durationMs(text), ms))

for (const [value, bytes] of [
  [0, 0],
  [8192, 8192],
  ['8192', 8192],
  ['8Ki', 8192],
  ['1M', 1_000_000],
  ['1k', 1000],
  ['1.5Ki', 1536],
  ['2Gi', 2 ** 31],
  ['9P', 9_000_000_000_000_000],
  ['10P', undefined],
  [-1, undefined],
  [1.5, undefined],
  ['0.3Ki', undefined],
  ['1K', undefined],
  ['1kb', undefined],
  ['1e3', undefined],
  ['100m', undefined],
  ['', undefined],
  ['Ki', undefined],
  ['-1', undefined],
] as const)
  test(`quantity ${JSON.stringify(value)} is ${bytes ?? 'no number of'} bytes`, () =>
    assert.equal(quantityBytes(value), bytes))

test('a duration that was formatted reads as it was', () => {
  fc.assert(fc.property(fc.nat(359_996_400_000), ms => durationMs(formatDuration(ms)) === ms))
})
