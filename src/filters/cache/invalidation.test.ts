import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../http/fields.ts'
import { invalidated } from './invalidation.ts'

const url = 'http://A.example/items'

for (const [what, asked, fields, also] of [
  ['nothing else', url, [], []],
  ['what Location names', url, ['Location', '/items/1?a'], ['http://A.example/items/1?a']],
  ['what Content-Location names', url, ['Content-Location', 'b'], ['http://A.example/b']],
  ['nothing of another origin', url, ['Location', 'http://b.example/'], []],
  ['nothing that is no URL', url, ['Location', 'http://1.2.3.256/'], []],
  ['nothing else where its own is none', 'http://1.2.3.256/items', ['Location', '/items/1'], []],
] as const)
  test(`beside what was asked for, ${what} is true no more`, () => {
    assert.deepEqual(invalidated(asked, new Fields([...fields])), [asked, ...also])
  })
