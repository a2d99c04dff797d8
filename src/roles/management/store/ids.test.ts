import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { newId } from './ids.ts'

suite('ids of records', () => {
  test('a UUIDv7 has its time, its version and its variant where RFC 9562 has them', () => {
    const id = newId(Date.UTC(2100, 0, 1))
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), Date.UTC(2100, 0, 1))
  })

  for (const [what, times] of [
    ['in one millisecond, more than it has numbers', Array.from({ length: 10_000 }, () => 5_000_000_000_000)],
    ['as time goes on', Array.from({ length: 1_000 }, (_, i) => 5_100_000_000_000 + i)],
    ['as the clock goes back', Array.from({ length: 1_000 }, (_, i) => 5_200_000_000_000 - i)],
  ] as const)
    test(`those made one after another are in order: ${what}`, () => {
      const ids = times.map(newId)
      assert.deepEqual(ids, ids.toSorted())
      assert.equal(new Set(ids).size, ids.length)
    })
})
