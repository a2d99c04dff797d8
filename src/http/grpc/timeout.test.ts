import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTimeout, writeTimeout } from './timeout.ts'

for (const [ms, text] of [
  [0.4, '1m'],
  [1.9, '1m'],
  [250, '250m'],
  [99_999_999, '99999999m'],
  [100_000_999, '100000S'],
] as const)
  test(`${ms} ms is written ${text}, never more than a millisecond above`, () => {
    assert.equal(writeTimeout(ms), text)
    assert.ok(readTimeout(text)! < ms + 1)
  })
