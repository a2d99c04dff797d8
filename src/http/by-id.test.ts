import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'

import { ById } from './by-id.ts'

interface Named {
  readonly id: number
}

const ids = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 2 ** 30 - 1 }))
const steps = fc.array(fc.record({ opens: fc.boolean(), id: ids }), { maxLength: 300 })

test('what comes is found and goes as in a Map', () =>
  fc.assert(
    fc.property(steps, all => {
      const table = new ById<Named>()
      const model = new Map<number, Named>()
      for (const { opens, id } of all) {
        if (!opens) {
          table.delete(id)
          model.delete(id)
        } else if (!model.has(id)) {
          const one = { id }
          table.add(one)
          model.set(id, one)
        }
        assert.equal(table.size, model.size)
      }
      for (const { id } of all) assert.equal(table.get(id), model.get(id))
      assert.deepEqual(new Set(table.values()), new Set(model.values()))
    }),
  ))

test('who goes through them does not meet those that go meanwhile', () => {
  const table = new ById<Named>()
  for (let id = 1; id < 200; id += 2) table.add({ id })
  const met = []
  for (const { id } of table.values()) {
    met.push(id)
    table.delete(id)
    table.delete(id ^ 2)
  }
  assert.equal(met.length, 50)
  assert.equal(table.size, 0)
})

test('all are gone after clear', () => {
  const table = new ById<Named>()
  for (let id = 1; id < 40; id += 2) table.add({ id })
  table.clear()
  assert.equal(table.get(1), undefined)
  assert.deepEqual([...table.values()], [])
})

// A Map fails this: each of its tables keeps the next one, and that its entries, until a full collection.
test('what is over dies young, however long the table lives', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'minor' | 'major' }) => void
  const table = new ById<{ id: number; body: number[] }>()
  collect({ type: 'major' })
  const before = oldBytes()
  for (let id = 1; id < 20_000; id += 2) {
    table.add({ id, body: Array.from({ length: 250 }, () => id) })
    table.delete(id - 32)
    if (id % 200 === 1) collect({ type: 'minor' })
  }
  // All of them are 20 MB.
  assert.ok(oldBytes() - before < 2_000_000, `${oldBytes() - before} bytes have got old`)
})

function oldBytes(): number {
  return getHeapSpaceStatistics().find(space => space.space_name === 'old_space')!.space_used_size
}
