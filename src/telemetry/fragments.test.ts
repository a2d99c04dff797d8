import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fragments } from './fragments.ts'

test('however small the cache, the text is that of these values', () => {
  const few = fc.constantFrom('', 'a', 'b', 'ab', '\u20ac', 'x'.repeat(40))
  const values = fc.tuple(few, few, few, fc.nat({ max: 3 }))
  for (const slots of [1, 4, 64])
    fc.assert(
      fc.property(fc.array(values, { maxLength: 60 }), list => {
        const fragments = new Fragments(slots, (...all) => JSON.stringify(all))
        for (const all of list) assert.equal(fragments.of(...all), JSON.stringify(all))
      }),
    )
})

test('what was made is not made again', () => {
  let made = 0
  const fragments = new Fragments(64, a => `${a}${++made}`)
  assert.equal(fragments.of('a', '', '', 0), 'a1')
  assert.equal(fragments.of(['x', 'a'].join('').slice(1), '', '', 0), 'a1')
})
