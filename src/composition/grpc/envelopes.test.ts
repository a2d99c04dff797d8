import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CallFailure } from '../calls/failure.ts'
import {
  answerReading,
  envelope,
  messageEnvelope,
  messagesOf,
  onlyMessage,
  tellMessages,
} from './envelopes.ts'

const LIMIT = 70_000

async function* inPieces(body: Uint8Array, piece: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += piece) {
    await Promise.resolve()
    yield body.subarray(at, at + piece)
  }
}

const read = (body: Uint8Array, piece = 16_384, encoding = 'gzip'): Promise<Uint8Array[]> =>
  Array.fromAsync(messagesOf(inPieces(body, piece), answerReading('a get', encoding, LIMIT)))

const prefix = (flag: number, length: number): Buffer => {
  const bytes = Buffer.alloc(5)
  bytes[0] = flag
  bytes.writeUInt32BE(length, 1)
  return bytes
}

suite('messages of a body', () => {
  const messages = [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(LIMIT, 7), Buffer.from('z')]

  for (const piece of [1, 2, 4, 5, 7, 1_000, 1_000_000])
    test(`come whole, however they are cut: every ${piece} bytes`, async () => {
      const body = Buffer.concat([
        envelope(0, messages[0]!),
        envelope(0, messages[1]!),
        await messageEnvelope(messages[2]!, true),
        envelope(0, messages[3]!),
      ])
      assert.deepEqual(
        (await read(body, piece)).map(one => Buffer.from(one)),
        messages,
      )
    })

  test('come before their body ends', async () => {
    const waits = Promise.withResolvers<void>()
    async function* body() {
      yield Buffer.concat([envelope(0, messages[0]!), prefix(0, 3)])
      await waits.promise
      yield Buffer.from('end')
    }
    const found = messagesOf(body(), answerReading('', undefined, LIMIT))
    assert.equal(String((await found.next()).value), 'abc')
    waits.resolve()
    assert.equal(String((await found.next()).value), 'end')
    assert.equal((await found.next()).done, true)
  })

  test('that are good come before one of the same piece that is not', async () => {
    for (const bad of [prefix(2, 0), prefix(0, LIMIT + 1), framed(Buffer.from('no gzip'))]) {
      const found = messagesOf(
        inPieces(Buffer.concat([envelope(0, messages[0]!), framed(gzipSync('packed')), bad]), 16_384),
        answerReading('', 'gzip', LIMIT),
      )
      assert.equal(String((await found.next()).value), 'abc')
      assert.equal(String((await found.next()).value), 'packed')
      await assert.rejects(found.next(), CallFailure)
    }
  })

  test('of one piece are inflated one after the other, and counted while they are taken', async () => {
    const one = framed(gzipSync(Buffer.alloc(LIMIT)))
    let most = 0
    let bytes = 0
    const holding = {
      add(more: number) {
        bytes += more
        most = Math.max(most, bytes)
      },
    }
    const body = Buffer.concat(Array.from({ length: 50 }, () => one))
    const found = messagesOf(inPieces(body, body.length), { ...answerReading('', 'gzip', LIMIT), holding })
    assert.equal((await found.next()).value!.length, LIMIT)
    assert.ok(bytes >= LIMIT, `${bytes} are counted of one that is here`)
    for await (const { length } of found) assert.equal(length, LIMIT)
    assert.ok(most < 2 * LIMIT, `${most} at once`)
    assert.equal(bytes, 0)
  })

  for (const [what, body, expected] of [
    ['one', envelope(0, messages[0]!), 'abc'],
    ['one that is compressed', framed(gzipSync('abc')), 'abc'],
    ['none', Buffer.alloc(0), null],
    ['two', Buffer.concat([envelope(0, messages[0]!), envelope(0, messages[0]!)]), 'several'],
    [
      'one and a compressed one',
      Buffer.concat([envelope(0, messages[0]!), framed(gzipSync('z'))]),
      'several',
    ],
    [
      'a compressed one and one',
      Buffer.concat([framed(gzipSync('z')), envelope(0, messages[0]!)]),
      'several',
    ],
    ['two compressed ones', Buffer.concat([framed(gzipSync('z')), framed(gzipSync('z'))]), 'several'],
  ] as const)
    test(`of a body that has ${what}`, async () => {
      const only = await onlyMessage(body, answerReading('', 'gzip', LIMIT))
      assert.equal(only instanceof Uint8Array ? Buffer.from(only).toString() : only, expected)
    })

  test('below a kibibyte are not compressed', async () => {
    assert.equal((await messageEnvelope(Buffer.alloc(1023), true))[0], 0)
    assert.equal((await messageEnvelope(Buffer.alloc(1024), true))[0], 1)
  })

  for (const [what, body, encoding, failure] of [
    ['longer than the limit', prefix(0, LIMIT + 1), 'gzip', 'http_response_body_size'],
    ['four gigabytes long', prefix(0, 0xffff_ffff), 'gzip', 'http_response_body_size'],
    [
      'longer than the limit when it is inflated',
      framed(gzipSync(Buffer.alloc(LIMIT + 1))),
      'gzip',
      'http_response_body_size',
    ],
    ['cut short', prefix(0, 3), 'gzip', 'backend_response_invalid'],
    ['cut short in its prefix', prefix(0, 3).subarray(0, 3), 'gzip', 'backend_response_invalid'],
    ['no gzip', framed(Buffer.from('abc')), 'gzip', 'backend_response_invalid'],
    [
      'gzip that is cut short',
      framed(gzipSync('abcdef').subarray(0, 12)),
      'gzip',
      'backend_response_invalid',
    ],
    ['compressed and nobody said how', framed(gzipSync('abc')), 'identity', 'backend_response_invalid'],
    ['compressed by another way', framed(gzipSync('abc')), 'snappy', 'backend_response_invalid'],
    ['of an unknown flag', prefix(2, 0), 'gzip', 'backend_response_invalid'],
  ] as const)
    test(`one that is ${what} is ${failure}`, () =>
      assert.rejects(read(body, 16_384, encoding), (error: unknown) => {
        assert.ok(error instanceof CallFailure, String(error))
        assert.equal(error.failure, failure)
        return true
      }))
})

function framed(message: Uint8Array): Buffer {
  return Buffer.concat([prefix(1, message.length), message])
}

suite('messages of a body that is here already', () => {
  const good = [envelope(0, Buffer.from('abc')), envelope(0, Buffer.alloc(0)), envelope(0, Buffer.from('z'))]
  for (const [what, behind] of [
    ['and nothing else', Buffer.alloc(0)],
    ['one of unknown flags', prefix(2, 0)],
    ['one that is too long', prefix(0, LIMIT + 1)],
    ['one that is cut short', prefix(0, 1)],
    ['a prefix that is cut short', prefix(0, 1).subarray(0, 3)],
    ['one that is compressed', framed(gzipSync('packed'))],
  ] as const)
    test(`are those that are read piece by piece: ${what}`, async () => {
      const body = Buffer.concat([...good, behind])
      const reading = answerReading('a get', undefined, LIMIT)
      const outcome = async (find: (found: string[]) => unknown): Promise<unknown> => {
        const found: string[] = []
        try {
          await find(found)
          return [found, 'ends']
        } catch (error) {
          return [found, error]
        }
      }
      const expected = await outcome(async found => {
        for await (const one of messagesOf(inPieces(body, body.length), reading)) found.push(String(one))
      })
      const said = await outcome(found =>
        tellMessages(body, reading, (start, end) => void found.push(String(body.subarray(start, end)))),
      )
      assert.deepEqual(said, expected)
    })
})
