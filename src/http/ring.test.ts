import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ring, type Linked } from './ring.ts'

class Item implements Linked<Item> {
  before: Item | null = null
  after: Item | null = null
  readonly name: number

  constructor(name: number) {
    this.name = name
  }
}

test('who is met may leave, and the others are met', () => {
  const ring = new Ring<Item>()
  for (let i = 0; i < 5; i++) ring.push(new Item(i))
  const met = []
  for (const item of ring) {
    met.push(item.name)
    if (item.name % 2 === 0) ring.remove(item)
  }
  assert.deepEqual(met, [0, 1, 2, 3, 4])
  assert.deepEqual(
    Array.from(ring, item => item.name),
    [1, 3],
  )
})

test('who has left knows nobody any more', () => {
  const ring = new Ring<Item>()
  const items = [0, 1, 2].map(i => new Item(i))
  for (const item of items) ring.push(item)
  ring.remove(items[1]!)
  assert.deepEqual([items[1]!.before, items[1]!.after], [null, null])
})
