import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CallFailure } from '../calls/failure.ts'
import { answerReading, envelope, messageEnvelope, messagesOf } from './envelopes.ts'

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
