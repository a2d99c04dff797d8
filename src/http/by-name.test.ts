import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { ByName } from './by-name.ts'

const name = fc.oneof(fc.constantFrom('a 1', '__proto__', 'constructor', ''), fc.string({ maxLength: 2 }))
const steps = fc.array(fc.record({ comes: fc.boolean(), name }), { maxLength: 200 })

test('what comes is found and goes as in a Map', () =>
  fc.assert(
    fc.property(steps, all => {
      const table = new ByName<object>()
      const model = new Map<string, object>()
      for (const { comes, name: of } of all) {
        const one = {}
        if (comes) model.set(of, one)
        else model.delete(of)
        if (comes) table.set(of, one)
        else table.delete(of)
        assert.equal(table.size, model.size)
      }
      for (const { name: of } of all) assert.equal(table.get(of), model.get(of))
      assert.deepEqual(new Set(table.values()), new Set(model.values()))
    }),
  ))
