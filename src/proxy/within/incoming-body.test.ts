import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as holds, asyncProperty, integer } from 'fast-check'
import { IncomingBody } from './incoming-body.ts'

const nobody = { drained: () => undefined, unread: () => undefined }
const push = (body: IncomingBody, piece: Buffer): void => body.push(piece, 0, piece.length)
const bytesOf = (length: number, value = 0): Buffer => Buffer.alloc(length, value)

suite('the body of an answer, read piece by piece', () => {
  test('has small pieces that have come together as one, and large ones as they are', async () => {
    const body = new IncomingBody(nobody)
    const large = bytesOf(16 * 1024, 4)
    for (const piece of [bytesOf(10, 1), bytesOf(20, 2), bytesOf(8 * 1024 - 30, 3), bytesOf(1), large])
      push(body, piece)
    body.end(null)
    const got = await Array.fromAsync(body)
    assert.deepEqual(
      got.map(({ length }) => length),
      [8 * 1024, 1, 16 * 1024],
    )
    assert.deepEqual(got[2], large)
  })

  test('is had whole where it is little and has ended well, and else is still to be read', async () => {
    const bodyOf = (pieces: readonly number[], end: (body: IncomingBody) => void): IncomingBody => {
      const body = new IncomingBody(nobody)
      for (const length of pieces) push(body, bytesOf(length, 1))
      end(body)
      return body
    }
    const little = bodyOf([10, 20], body => body.end(null))
    assert.deepEqual(little.whole(), bytesOf(30, 1))
    assert.deepEqual(await Array.fromAsync(little), [])
    assert.deepEqual(bodyOf([], body => body.end(null)).whole(), bytesOf(0))
    const ended = (body: IncomingBody): void => body.end(null)
    const failed = (body: IncomingBody): void => body.fail(new Error('broken off'))
    const still: readonly [number, (body: IncomingBody) => void][] = [
      [8 * 1024 + 1, ended],
      [10, failed],
      [10, () => undefined],
    ]
    for (const [length, end] of still) {
      const body = bodyOf([length], end)
      assert.equal(body.whole(), null)
      const { value } = await body[Symbol.asyncIterator]().next()
      assert.equal(value?.length, length)
    }
  })

  test('has all of it in its order, and says what waits, however it comes', async () => {
    await holds(
      asyncProperty(
        array(array(integer({ min: 1, max: 6_000 }), { maxLength: 12 }), { maxLength: 8 }),
        async turns => {
          let held = 0
          const body = new IncomingBody(nobody, { add: bytes => void (held += bytes) })
          const pushed: Buffer[] = []
          const read = Array.fromAsync(body)
          for (const turn of turns) {
            for (const length of turn) {
              const piece = bytesOf(length, pushed.length)
              pushed.push(piece)
              push(body, piece)
            }
            assert.ok(held === body.waitingBytes && held >= 0)
            await new Promise(resolve => setImmediate(resolve))
          }
          body.end(null)
          const whole = Buffer.concat(pushed)
          assert.ok(Buffer.concat(await read).equals(whole))
          assert.deepEqual([held, body.takenBytes], [0, whole.length])
        },
      ),
    )
  })
})
