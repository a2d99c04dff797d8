import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MessageFields, MalformedMessage, Message } from './protobuf.ts'

test('what is written is read again', () => {
  const field = fc.integer({ min: 1, max: 2 ** 29 - 1 })
  const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
  fc.assert(
    fc.property(field, number, fc.string({ minLength: 1 }), (at, value, text) => {
      const inner = new Message().number(1, value).text(2, text)
      const read = new MessageFields(new Message().message(at, inner).end()).message(at)
      assert.equal(read.number(1), value)
      assert.equal(read.text(2), text)
    }),
  )
})

test('what has its default is not written', () => {
  assert.equal(new Message().number(1, 0).text(2, '').bytes(3, Buffer.alloc(0)).end().length, 0)
})

test('what is not there has its default', () => {
  const none = new MessageFields(Buffer.alloc(0))
  assert.equal(none.number(1), 0)
  assert.equal(none.text(1), '')
  assert.deepEqual(none.messages(1), [])
  assert.equal(none.message(1).number(1), 0)
})

test('of several numbers the last counts, and pieces of a message are one', () => {
  const twice = new Message().number(1, 3).number(1, 4)
  const pieces = new Message().message(2, new Message().number(1, 5)).message(2, new Message().text(2, 'a'))
  assert.equal(new MessageFields(twice.end()).number(1), 4)
  const { message } = { message: new MessageFields(pieces.end()).message(2) }
  assert.equal(message.number(1), 5)
  assert.equal(message.text(2), 'a')
})

for (const [what, hex, field] of [
  ['fixed64', '09 0102030405060708', 1],
  ['fixed32', '0d 01020304', 1],
] as const)
  test(`${what}, which none of ours has, is passed over`, () => {
    const read = new MessageFields(Buffer.from(`${hex} 10 07`.replaceAll(' ', ''), 'hex'))
    assert.equal(read.has(field), false)
    assert.equal(read.number(2), 7)
  })

for (const [what, hex] of [
  ['a tag alone', '08'],
  ['a number that ends early', '08 80'],
  ['a number without end', '08 ffffffffffffffffffffff01'],
  ['a text that ends early', '0a 05 61'],
  ['a length beyond everything', '0a ffffffffffffffff7f'],
  ['field 0', '00 00'],
  ['a group', '0b'],
  ['a type that is none', '0f'],
  ['fixed32 that ends early', '0d 01'],
] as const)
  test(`${what} is malformed`, () => {
    assert.throws(() => new MessageFields(Buffer.from(hex.replaceAll(' ', ''), 'hex')), MalformedMessage)
  })

test('a number in place of a text is malformed, and the other way round', () => {
  const bytes = new Message().number(1, 1).text(2, 'a').end()
  assert.throws(() => new MessageFields(bytes).text(1), MalformedMessage)
  assert.throws(() => new MessageFields(bytes).number(2), MalformedMessage)
})

test('no bytes make it throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      try {
        new MessageFields(Buffer.from(bytes)).messages(1)
      } catch (error) {
        assert.ok(error instanceof MalformedMessage)
      }
    }),
  )
})
