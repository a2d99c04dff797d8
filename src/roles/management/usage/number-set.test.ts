import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NumberSet } from './number-set.ts'

const numbers = fc.array(fc.integer({ min: 1, max: 40 }))

test('it has what a Set has, after every step', () => {
  fc.assert(
    fc.property(numbers, all => {
      const ours = new NumberSet()
      const theirs = new Set<number>()
      for (const one of all) {
        assert.equal(ours.add(one), !theirs.has(one))
        theirs.add(one)
        for (let i = 0; i <= 42; i++) assert.equal(ours.has(i), theirs.has(i), String(i))
      }
    }),
  )
})

test('whatever order they come in, it is written the same, and read again', () => {
  fc.assert(
    fc.property(numbers, all => {
      const [a, b] = [all, all.toReversed()].map(order => {
        const set = new NumberSet()
        for (const one of order) set.add(one)
        return set.toString()
      })
      assert.equal(a, b)
      assert.equal(NumberSet.parse(a!).toString(), a)
    }),
  )
})

test('a year of one a second is a few characters', () => {
  const set = new NumberSet()
  for (let i = 1; i <= 100_000; i++) set.add(i)
  assert.equal(set.toString(), '[[1,100000]]')
})
