import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../test/support/head.ts'
import { headerValue, queryValue, queryValues } from './request-values.ts'

for (const [query, name, expected] of [
  ['', 'a', undefined],
  ['?', 'a', undefined],
  ['?', '', ''],
  ['?a=1', 'a', '1'],
  ['?a=1', 'b', undefined],
  ['?a=1', 'A', undefined],
  ['?aa=1&a=2', 'a', '2'],
  ['?b=1&a=2&c=3', 'a', '2'],
  ['?a=1&a=2', 'a', '1'],
  ['?a', 'a', ''],
  ['?a=', 'a', ''],
  ['?a&b=1', 'a', ''],
  ['?a&b=1', 'b', '1'],
  ['?a=b=c', 'a', 'b=c'],
  ['?=1', '', '1'],
  ['?&&a=1', 'a', '1'],
  ['?a=x%20y', 'a', 'x y'],
  ['?a=x+y', 'a', 'x+y'],
  ['?a=%C3%A9', 'a', 'é'],
  ['?a=%E2%82%AC%F0%9F%98%80', 'a', '€😀'],
  ['?a=%FF', 'a', '\u{FFFD}'],
  ['?a=%26b%3D1&c=2', 'b', undefined],
  ['?%61=1', 'a', '1'],
  ['?%61b=1', 'a', undefined],
  ['?b=%61&a=1', 'a', '1'],
  ['?a%20b=1', 'a b', '1'],
  ['?a=100%', 'a', '100%'],
  ['?a=%zz', 'a', '%zz'],
] as const)
  test(`parameter ${JSON.stringify(name)} of ${JSON.stringify(query)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(queryValue(query, name), expected)
    assert.equal(queryValues(query, name)[0], expected)
  })

test('what encodeURIComponent writes is read, the first of each name, and all', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 })
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), pairs => {
      const query = `?${pairs.map(pair => pair.map(encodeURIComponent).join('=')).join('&')}`
      for (const [name] of pairs) {
        if (name === '') continue
        const values = pairs.flatMap(([of, value]) => (of === name ? [value] : []))
        assert.equal(queryValue(query, name), values[0])
        assert.deepEqual(queryValues(query, name), values)
      }
    }),
  )
})

test('headers: any case, combined, and those that the codec keeps', () => {
  const head = requestHead({
    authority: 'Shop.example:8080',
    fields: ['X-A', '1', 'x-b', '2', 'x-A', '3'],
    length: 5,
    hasLength: true,
    upgrade: 'websocket',
  })
  for (const [name, expected] of [
    ['x-a', '1, 3'],
    ['x-b', '2'],
    ['x-c', undefined],
    ['host', 'Shop.example:8080'],
    ['content-length', '5'],
    ['upgrade', 'websocket'],
    ['connection', undefined],
  ] as const)
    assert.equal(headerValue(head, name), expected, name)
  assert.equal(headerValue(requestHead(), 'content-length'), undefined)
  assert.equal(headerValue(requestHead(), 'upgrade'), undefined)
})
