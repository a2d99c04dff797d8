import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MessageBoundary } from './boundary.ts'

function message(bytes: number, flag = 0): Buffer {
  const prefixed = Buffer.alloc(5 + bytes, 7)
  prefixed[0] = flag
  prefixed.writeUInt32BE(bytes, 1)
  return prefixed
}

suite('whether a body is a whole number of messages', () => {
  const body = Buffer.concat([message(3), message(0), message(70_000, 1), message(0)])
  const ends = new Set([0, 8, 13, 70_018, 70_023])

  test('is known after every byte', () => {
    const boundary = new MessageBoundary()
    for (let at = 0; at <= body.length; at++) {
      assert.equal(boundary.whole, ends.has(at), `after ${at} bytes`)
      boundary.push(body, at, at + 1)
    }
  })

  test('does not depend on where it is cut', () => {
    for (const piece of [2, 3, 5, 7, 16_384, 1_000_000]) {
      const boundary = new MessageBoundary()
      for (let at = 0; at < body.length; at += piece)
        boundary.push(body, at, Math.min(body.length, at + piece))
      assert.equal(boundary.whole, true)
    }
  })

  test('a length of four bytes is no negative number', () => {
    const boundary = new MessageBoundary()
    boundary.push(Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]), 0, 6)
    assert.equal(boundary.whole, false)
  })
})
