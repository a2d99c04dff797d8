import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemsOf } from './request-items.ts'
import { BadRequest } from './violations.ts'

test('an array has items, however deep they are no mistake of ours', () => {
  assert.deepEqual(
    itemsOf(Buffer.from('[{"a":1},2]')).map(item => Buffer.from(item).toString()),
    ['{"a":1}', '2'],
  )
  const deep = 100_000
  assert.throws(() => itemsOf(Buffer.from('['.repeat(deep) + ']'.repeat(deep))), BadRequest)
})
