import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { StatusQueue } from './status-queue.ts'

const all = (queue: StatusQueue): readonly string[] => {
  const taken: string[] = []
  for (let key = queue.take(); key !== undefined; key = queue.take()) taken.push(key)
  return taken
}

test('what was added last comes first, and each fourth is the one that waits longest', () => {
  const queue = new StatusQueue()
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) queue.add(key)
  assert.deepEqual(all(queue), ['f', 'e', 'd', 'a', 'c', 'b'])
})

test('what is added again while it waits is taken once, in its last place', () => {
  const queue = new StatusQueue()
  for (const key of ['a', 'b', 'c', 'a']) queue.add(key)
  assert.equal(queue.size, 3)
  assert.deepEqual(all(queue), ['a', 'c', 'b'])
})

test('where more comes than is taken, nothing waits for ever', () => {
  const queue = new StatusQueue()
  queue.add('first')
  const taken: (string | undefined)[] = []
  for (let n = 0; n < 20; n++) {
    queue.add(`${n}a`)
    queue.add(`${n}b`)
    taken.push(queue.take())
  }
  assert.ok(taken.includes('first'))
})

test('whatever is added and taken, it has what a set has, and keeps no more than that', () => {
  const steps = fc.array(fc.oneof(fc.nat(50), fc.constant(null), fc.constant('all' as const)), {
    maxLength: 5_000,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, list => {
      const queue = new StatusQueue()
      const set = new Set<string>()
      for (const step of list) {
        if (typeof step === 'number') {
          queue.add(`${step}`)
          set.add(`${step}`)
        } else if (step === null) {
          const key = queue.take()
          assert.equal(key !== undefined, set.size > 0)
          if (key !== undefined) assert.ok(set.delete(key))
        } else if (list.length % 7 === 0) {
          queue.clear()
          set.clear()
        }
        assert.equal(queue.size, set.size)
      }
      assert.deepEqual(new Set(all(queue)), set)
    }),
    { numRuns: 30 },
  )
})
