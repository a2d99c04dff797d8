import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { QueryValue } from './call-options.ts'
import { queryOf } from './request-text.ts'

/** As a backend reads it. */
const table: readonly (readonly [
  query: Readonly<Record<string, QueryValue>>,
  sent: readonly (readonly [string, string])[],
])[] = [
  [{}, []],
  [
    { a: 1, b: true, c: null, d: undefined },
    [
      ['a', '1'],
      ['b', 'true'],
    ],
  ],
  [
    { tags: ['x', 'y z'] },
    [
      ['tags', 'x'],
      ['tags', 'y z'],
    ],
  ],
  [
    { filter: { author: { name: 'Ada' }, tags: ['x', 'y'], none: null } },
    [
      ['filter[author][name]', 'Ada'],
      ['filter[tags]', 'x'],
      ['filter[tags]', 'y'],
    ],
  ],
]

suite('a query', () => {
  for (const [query, sent] of table)
    test(JSON.stringify(query), () => assert.deepEqual([...new URLSearchParams(queryOf(query))], sent))
})
