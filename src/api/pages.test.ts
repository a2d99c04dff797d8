import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pageOf } from './pages.ts'
import { listOf, listQuery } from './shapes/list.ts'
import { Type } from 'typebox'
import { validatorOf } from './validator.ts'

const itself = (key: string) => key

test('pages of any size together are the list', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 7 }), (keys, limit) => {
      const all = keys.toSorted((a, b) => (a < b ? -1 : 1))
      const got: string[] = []
      for (let cursor: string | undefined; ;) {
        const { items, next } = pageOf(all, { limit, cursor }, itself)
        got.push(...items)
        if (next === null) break
        assert.equal(items.length, limit)
        cursor = next
      }
      assert.deepEqual(got, all)
    }),
  )
})

test('a cursor stays good when what it was made of has gone', () => {
  const { next } = pageOf(['a', 'b', 'd'], { limit: 2 }, itself)
  assert.deepEqual(pageOf(['a', 'c', 'd'], { limit: 2, cursor: next! }, itself), {
    items: ['c', 'd'],
    next: null,
  })
})

test('a list has a limit, and takes no parameter that it does not know', () => {
  const check = validatorOf({
    schema: listQuery({ q: Type.Optional(Type.String()) }),
    httpPart: 'querystring',
  })
  const rows: readonly (readonly [query: Record<string, unknown>, taken: Record<string, unknown> | null])[] =
    [
      [{}, { limit: 100 }],
      [
        { limit: '7', q: 'a' },
        { limit: 7, q: 'a' },
      ],
      [{ limit: '0' }, null],
      [{ limit: '1001' }, null],
      [{ limit: 'x' }, null],
      [{ Q: 'a' }, null],
    ]
  for (const [query, taken] of rows) {
    assert.equal(check(query), taken !== null)
    if (taken !== null) assert.deepEqual(query, taken)
  }
  const answer = validatorOf({ schema: listOf(Type.String(), 'names'), httpPart: 'body' })
  assert.equal(answer({ items: ['a'], next: null }), true)
  assert.equal(answer({ items: [1], next: null }), false)
})
