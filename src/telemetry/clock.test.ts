import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { timestamp } from './clock.ts'

test('the first time asked for may be any, also a millisecond before the epoch', () => {
  assert.equal(timestamp(-1), '1969-12-31T23:59:59.999Z')
})

test('a timestamp is what Date says, whatever was asked before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }), { minLength: 1 }),
      times => {
        for (const ms of times)
          for (const at of [ms, ms, ms - (ms % 1_000)])
            assert.equal(timestamp(at), new Date(at).toISOString())
      },
    ),
  )
})

for (const ms of [0, 1, 9, 10, 99, 100, 999, 1_000, 1_763_900_000_007])
  test(`${ms} ms are ${new Date(ms).toISOString()}`, () =>
    assert.equal(timestamp(ms), new Date(ms).toISOString()))
