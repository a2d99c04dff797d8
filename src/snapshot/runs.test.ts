import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { difference } from './runs.ts'

const lists = fc.array(fc.nat(12), { maxLength: 20 })

/** Whether these have come to it at some places, and others are as they were. */
function isBetween(list: readonly number[], some: readonly number[], come: readonly number[]): boolean {
  let [i, j] = [0, 0]
  for (const one of list)
    if (some[i] === one) i++
    else if (come[j] === one) j++
    else return false
  return i === some.length && j === come.length
}

test('what has gone and come makes one list of the other, in their order', () => {
  fc.assert(
    fc.property(lists, lists, fc.nat(20), (before, after, most) => {
      const found = difference(before, after, most)
      if (found === null) return
      const { gone, come } = found
      assert.ok(gone.length <= most && come.length <= most)
      const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b)
      assert.deepEqual(sorted([...before, ...come]), sorted([...after, ...gone]))
    }),
  )
})

test('a list that has lost and got no more than that is found out', () => {
  const changes = fc.record({
    before: fc.uniqueArray(fc.nat(500), { minLength: 30, maxLength: 60 }),
    gone: fc.array(fc.nat(59), { maxLength: 3 }),
    come: fc.array(fc.nat(59), { maxLength: 3 }),
  })
  fc.assert(
    fc.property(changes, ({ before, gone, come }) => {
      const stays = before.filter((_, i) => !gone.includes(i))
      const after = come.reduce((list, at, n) => list.toSpliced(at, 0, 1000 + n), stays)
      const found = difference(before, after, 6)
      assert.ok(found !== null)
      assert.ok(isBetween(before, stays, found.gone), 'gone')
      assert.equal(found.come.length, come.length)
    }),
  )
})

test('too much is nothing that is told', () => {
  assert.equal(difference([1, 2, 3], [4, 5, 6], 2), null)
  assert.deepEqual(difference([1, 2], [1, 2], 0), { gone: [], come: [] })
  assert.deepEqual(difference([], [1], 1), { gone: [], come: [1] })
})
