import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { Turns, type Sharer } from './turns.ts'

/** The same, plainly: who had a turn is put at the end of the list of clients. */
class Model {
  order: { client: string; own: Sharer[] }[] = []

  add(one: Sharer): void {
    const known = this.order.find(({ client }) => client === one.client)
    if (known === undefined) this.order.push({ client: one.client, own: [one] })
    else known.own.push(one)
  }

  delete(one: Sharer): boolean {
    const known = this.order.find(({ own }) => own.includes(one))
    if (known === undefined) return false
    known.own = known.own.filter(other => other !== one)
    this.order = this.order.filter(({ own }) => own.length > 0)
    return true
  }

  next(): Sharer | null {
    const first = this.order.shift()
    if (first === undefined) return null
    const one = first.own.shift()!
    if (first.own.length > 0) this.order.push(first)
    return one
  }
}

const clients = fc.constantFrom('a', 'b', 'c')
const step = fc.oneof(
  fc.record({ does: fc.constant('add' as const), client: clients }),
  fc.record({ does: fc.constant('delete' as const), which: fc.nat(30) }),
  fc.record({ does: fc.constant('next' as const) }),
)

test('who comes is served in turn by client, and may leave', () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const turns = new Turns<Sharer>()
      const model = new Model()
      const all: Sharer[] = []
      for (const one of steps) {
        if (one.does === 'add') {
          const sharer = { client: one.client }
          all.push(sharer)
          turns.add(sharer, all.length)
          model.add(sharer)
        } else if (one.does === 'next') assert.equal(turns.next(), model.next())
        else if (all.length > 0) {
          const sharer = all[one.which % all.length]!
          assert.equal(turns.delete(sharer), model.delete(sharer))
        }
        const here = model.order.flatMap(({ own }) => own)
        assert.equal(turns.size, here.length)
        assert.equal(turns.sharers, model.order.length)
        assert.deepEqual(
          [...turns],
          all.filter(sharer => here.includes(sharer)),
          'in the order in which they came',
        )
        for (const { client, own } of model.order) assert.deepEqual([...turns.of(client)], own)
      }
      for (const [i, sharer] of all.entries())
        assert.equal(turns.since(sharer), [...turns].includes(sharer) ? i + 1 : undefined)
    }),
  ))

test('what most is: the longest there first, and nobody where one more would be as many', () => {
  const turns = new Turns<Sharer>()
  const own = Array.from({ length: 3 }, () => ({ client: 'a' }))
  for (const one of own) turns.add(one)
  turns.add({ client: 'b' })
  assert.deepEqual([...turns.most('c')], own)
  assert.deepEqual([...turns.most('b')], own)
  turns.add({ client: 'b' })
  assert.deepEqual([...turns.most('b')], [])
})
