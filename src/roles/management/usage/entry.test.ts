import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { plus, noSums, type Sums } from './dimensions.ts'
import { Entry, HOUR_MS, MINUTE_MS } from './entry.ts'
import { OTHER } from './flush.ts'
import { anyFlush } from '../../../../test/support/flushes.ts'

const id = { writer: 'w', number: 1 }

function totals(entry: Entry): Sums {
  let sums = noSums
  for (const row of entry.rows()) sums = plus(sums, row)
  return sums
}

function filled(flushes: Iterable<Parameters<Entry['add']>[0]>, mostRows?: number): Entry {
  const entry = new Entry(id, mostRows)
  for (const flush of flushes) entry.add(flush)
  return entry
}

test('flushes in any order make the same entry', () => {
  fc.assert(
    fc.property(fc.array(anyFlush, { maxLength: 6 }), flushes => {
      const rows = (entry: Entry) => [...entry.rows()].map(row => JSON.stringify(row)).toSorted()
      assert.deepEqual(rows(filled(flushes)), rows(filled(flushes.toReversed())))
    }),
  )
})

test('it is the same when it has been a file', () => {
  fc.assert(
    fc.property(fc.array(anyFlush, { maxLength: 4 }), flushes => {
      const entry = filled(flushes)
      const again = Entry.fromJson(entry.toJson())
      assert.deepEqual([...again.rows()], [...entry.rows()])
      assert.deepEqual([again.id, again.size, again.requests], [entry.id, entry.size, entry.requests])
    }),
  )
})

test('where there is little room nothing that was counted is lost', () => {
  fc.assert(
    fc.property(fc.array(anyFlush, { maxLength: 8 }), fc.integer({ min: 1, max: 20 }), (flushes, most) => {
      const entry = filled(flushes, most)
      assert.deepEqual(totals(entry), totals(filled(flushes)))
      assert.equal(entry.requests, totals(entry).requests)
    }),
  )
})

function flushAt(minuteMs: number, applications: readonly string[]): Parameters<Entry['add']>[0] {
  const operations = [{ operation: 'get', cells: [0, 1, 0, 0, 0] }]
  const consumers = applications.map(application => ({
    subscription: '',
    application,
    account: '',
    product: '',
    plan: '',
    credential: '',
    operations,
  }))
  return { book: 'b', number: 1, minuteMs, apis: [{ api: 'default/a', version: 'v1', consumers }] }
}

test('first the minutes of an hour become one, then names go', () => {
  const entry = new Entry(id, 3)
  for (let minute = 0; minute < 10; minute++) entry.add(flushAt(HOUR_MS + minute * MINUTE_MS, ['a', 'b']))
  assert.deepEqual(
    [...entry.rows()].map(({ minuteMs, requests, dimensions }) => [
      minuteMs,
      requests,
      dimensions.application,
    ]),
    [
      [HOUR_MS, 10, 'a'],
      [HOUR_MS, 10, 'b'],
    ],
  )
  entry.add(flushAt(HOUR_MS, ['c', 'd']))
  assert.deepEqual(
    [...entry.rows()].map(({ minuteMs, requests, dimensions }) => [
      minuteMs,
      requests,
      dimensions.application,
    ]),
    [[HOUR_MS, 22, OTHER]],
  )
})

for (const [what, text] of [
  ['no JSON', '{'],
  ['another format', '{"format":2,"id":{"writer":"w","number":1},"minutes":[]}'],
] as const)
  test(`a file with ${what} is no entry`, () => assert.throws(() => Entry.fromJson(text)))
