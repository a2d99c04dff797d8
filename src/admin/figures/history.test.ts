import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ring } from './history.ts'

for (const [what, then, expected] of [
  ['goes on', 101, { 100: 1, 101: 2 }],
  ['leaves steps out', 103, { 100: 1, 101: NaN, 102: NaN, 103: 2 }],
  ['is set forward by more than there is', 200, { 100: NaN, 199: NaN, 200: 2 }],
  ['is set back by less than there is', 98, { 98: 2, 99: NaN, 100: 1 }],
  ['is set back by all that there is', 96, { 96: 2, 97: NaN, 100: NaN }],
  ['is set back by more', 50, { 50: 2, 51: NaN, 100: NaN }],
] as const)
  test(`a ring of four steps, where the calendar ${what}`, () => {
    const ring = new Ring(4, 1)
    ring.put(100, [1])
    ring.put(then, [2])
    const steps = Object.keys(expected).map(Number)
    assert.deepEqual(
      steps.map(step => ring.at(step, 0)),
      Object.values(expected),
    )
  })
