import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EncoderMemory } from './memory.ts'

function fill(memory: EncoderMemory, address: string, bytes = 10): (() => void)[] {
  const taken: (() => void)[] = []
  for (let back = memory.take(address, bytes); back !== null; back = memory.take(address, bytes))
    taken.push(back)
  return taken
}

test('one client comes to half, and those after it to half of what is left', () => {
  const memory = new EncoderMemory(1200)
  assert.equal(fill(memory, '192.0.2.1').length, 60)
  assert.equal(fill(memory, '192.0.2.2').length, 30)
  assert.equal(fill(memory, '192.0.2.3').length, 15)
  assert.equal(memory.usedBytes, 1050)
  assert.notEqual(memory.take('192.0.2.4', 10), null)
})

test('addresses of one /64 are one client', () => {
  const memory = new EncoderMemory(100)
  assert.equal(fill(memory, '2001:db8::1').length, 5)
  assert.equal(memory.take('2001:db8::2', 10), null)
  assert.notEqual(memory.take('2001:db8:0:1::1', 10), null)
})

test('what is given back is there again, and only once', () => {
  const memory = new EncoderMemory(100)
  const taken = fill(memory, '192.0.2.1')
  taken[0]!()
  taken[0]!()
  assert.equal(memory.usedBytes, 40)
  assert.equal(fill(memory, '192.0.2.1').length, 1)
})

test('never more than its limit, and nothing left behind', () => {
  const step = fc.record({
    client: fc.integer({ min: 1, max: 5 }),
    bytes: fc.integer({ min: 1, max: 40 }),
    back: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const memory = new EncoderMemory(200)
      const taken: (() => void)[] = []
      for (const { client, bytes, back } of steps) {
        if (back) taken.pop()?.()
        else taken.push(memory.take(`192.0.2.${client}`, bytes) ?? (() => {}))
        assert.ok(memory.usedBytes <= memory.limitBytes)
      }
      for (const back of taken) back()
      assert.equal(memory.usedBytes, 0)
      assert.equal(fill(memory, '192.0.2.9').length, 10)
    }),
  )
})
