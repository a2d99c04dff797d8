import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flat } from './flat.ts'

test('a flat copy says the same', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => flat(text) === text))
  for (const text of ['', 'plain', 'é'.repeat(9), '\u{1f600} half: \ud83d']) assert.equal(flat(text), text)
})
