import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, check, constantFrom, integer, property, record } from 'fast-check'
import { BoundedQueue, type Slow } from './bounded-queue.ts'

const drained = <T>(queue: BoundedQueue<T>): readonly T[] => {
  const all: T[] = []
  for (let one = queue.take(); one !== undefined; one = queue.take()) all.push(one)
  return all
}

suite('what waits for a slow client', () => {
  test('is refused where it is too much', () => {
    const queue = new BoundedQueue<number>({ messages: 2 })
    assert.deepEqual(
      [1, 2, 3].map(one => queue.offer(one, 1, null)),
      [true, true, false],
    )
  })

  test('is refused where it is too long together', () => {
    const queue = new BoundedQueue<number>({ bytes: 10 })
    assert.equal(queue.offer(1, 100, null), true, 'one may always wait')
    assert.equal(queue.offer(2, 1, null), false)
  })

  test('loses the oldest, and counts them', () => {
    const queue = new BoundedQueue<number>({ messages: 2, policy: 'drop-oldest' })
    for (const one of [1, 2, 3, 4]) queue.offer(one, 1, null)
    assert.equal(queue.missed, 2)
    assert.deepEqual(drained(queue), [3, 4])
  })

  test('is replaced by what has the same key, at its place', () => {
    const queue = new BoundedQueue<string>({ messages: 2, policy: { coalesce: (data: string) => data[0]! } })
    for (const one of ['a1', 'b1', 'a2', 'a3']) assert.equal(queue.offer(one, 1, { data: one }), true)
    assert.equal(queue.offer('c1', 1, { data: 'c1' }), false)
    assert.deepEqual(drained(queue).slice(0, 2), ['a3', 'b1'])
    assert.equal(queue.offer('a4', 1, { data: 'a4' }), true, 'what has been taken is no longer replaced')
  })

  test('is never more than may be', () => {
    const policy = constantFrom<NonNullable<Slow<number>['policy']>>('drop-oldest', {
      coalesce: data => String(data % 3),
    })
    const offers = array(record({ value: integer({ min: 0, max: 9 }), bytes: integer({ min: 0, max: 9 }) }))
    check(
      property(policy, offers, (how, all) => {
        const queue = new BoundedQueue<{ bytes: number }>({ messages: 4, bytes: 12, policy: how })
        for (const { value, bytes } of all) if (!queue.offer({ bytes }, bytes, { data: value })) return
        const left = drained(queue)
        assert.ok(left.length <= 4)
        assert.ok(left.length === 1 || left.reduce((sum, one) => sum + one.bytes, 0) <= 12)
      }),
    )
  })
})
