import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashBackwards, hashForwards, PieceTable } from './pieces.ts'

for (const hash of [hashForwards, hashBackwards])
  test(`finds what a Map finds, within a longer text (${hash.name})`, () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 4 })
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 40 }), word, word, word, (keys, before, piece, after) => {
        const map = new Map(keys.map((key, i) => [key, i]))
        const table = PieceTable.of(map, hash)
        for (const key of [...keys, piece])
          assert.equal(table.find(hash(key), before + key + after, before.length, key.length), map.get(key))
      }),
    )
  })

test('equal hashes are not equal keys', () => {
  const table = PieceTable.of(
    new Map([
      ['one', 1],
      ['two', 2],
      ['three', 3],
    ]),
    () => 7,
  )
  assert.deepEqual(
    ['one', 'two', 'three', 'four'].map(key => table.find(7, key, 0, key.length)),
    [1, 2, 3, undefined],
  )
})

test('an empty table finds nothing', () => {
  assert.equal(PieceTable.of(new Map(), hashForwards).find(0, '', 0, 0), undefined)
})
