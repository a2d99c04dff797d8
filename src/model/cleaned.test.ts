import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleaned, MOST_NESTED } from './cleaned.ts'

const nested = (levels: number): unknown =>
  JSON.parse(`${'{"a":['.repeat(levels / 2)}1${']}'.repeat(levels / 2)}`)

test('what is nested as deeply as it may be is the value itself', () => {
  const value = nested(MOST_NESTED)
  assert.deepEqual(cleaned(value), { document: value, deepAt: null })
})

test('what is nested more deeply is said with its place, and is refused once more', () => {
  for (const levels of [MOST_NESTED + 2, 100_000]) {
    const { document, deepAt } = cleaned(nested(levels))
    assert.deepEqual(deepAt, ['a', 0, 'a', 0])
    assert.deepEqual(cleaned(document).deepAt, deepAt)
  }
})
