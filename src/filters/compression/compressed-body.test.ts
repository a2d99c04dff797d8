import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import type { FailureName } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import { CHUNKED, type ResponseHead } from '../../http/head.ts'
import { localHead } from '../../http/local.ts'
import type { BodyNext } from '../body.ts'
import { trialKit } from '../trial-kit.ts'
import { CompressedBody, WHOLE_BYTES } from './compressed-body.ts'
import { EncoderMemory } from './memory.ts'
import { Meters } from './meters.ts'
import type { Encoding } from './negotiate.ts'

const MIN_BYTES = 100

const decode: Readonly<Record<Encoding, (body: Buffer) => Buffer>> = {
  gzip: body => zlib.gunzipSync(body),
  br: body => zlib.brotliDecompressSync(body),
  zstd: body => zlib.zstdDecompressSync(body),
}

/** Takes what leaves, and is as slow as it is told. */
class Receiver implements BodyNext {
  readonly chunks: Buffer[] = []
  /** How many bytes it takes before it is full. */
  room = Infinity
  flushes = 0
  resumes = 0
  ended = false
  trailers: Fields | null = null
  failure: FailureName | null = null
  onWrite: (chunk: Buffer) => void = () => {}
  private changed = Promise.withResolvers<void>()

  get body(): Buffer {
    return Buffer.concat(this.chunks)
  }

  /** Until the condition holds, looked at whenever something has come. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.changed.promise
  }

  write(chunk: Buffer): void {
    assert.ok(!this.ended, 'bytes after the end')
    this.room -= chunk.length
    this.chunks.push(chunk)
    this.onWrite(chunk)
  }

  flush(): boolean {
    this.flushes++
    this.tell()
    return this.room > 0
  }

  resume(): void {
    this.resumes++
    this.tell()
  }

  end(trailers: Fields | null): void {
    assert.ok(!this.ended, 'ended twice')
    this.ended = true
    this.trailers = trailers
    this.tell()
  }

  fail(failure: FailureName): void {
    this.failure = failure
    this.tell()
  }

  tell(): void {
    this.changed.resolve()
    this.changed = Promise.withResolvers()
  }
}

interface Started {
  readonly response: ResponseHead
  readonly receiver: Receiver
  readonly body: CompressedBody
  readonly memory: EncoderMemory
}

function start(
  encoding: Encoding,
  { length = CHUNKED, limitBytes = 16 * 1024 * 1024, always = false, window = 'whole' as const } = {},
): Started {
  const response = localHead(200, ['Content-Type', 'text/plain', 'ETag', '"a"'], 1)
  response.length = length
  response.hasLength = length !== CHUNKED
  const receiver = new Receiver()
  const memory = new EncoderMemory(limitBytes)
  const body = new CompressedBody(
    {
      choice: { encoding, always },
      response,
      minBytes: MIN_BYTES,
      window,
      client: '192.0.2.1',
      memory,
      meters: new Meters(trialKit.metrics),
    },
    receiver,
  )
  return { response, receiver, body, memory }
}

const text = (bytes: number): Buffer => Buffer.alloc(bytes, 'The quick brown fox jumps over the lazy dog. ')
/** Bytes that do not become fewer. */
function noise(bytes: number): Buffer {
  const all = Buffer.alloc(bytes)
  for (let i = 0, x = 1; i < bytes; i++) all[i] = (x = (x * 48_271) % 2_147_483_647) & 255
  return all
}

for (const encoding of ['gzip', 'br', 'zstd'] as const) {
  test(`${encoding}: a small body that is here, whole, is compressed at once, and has a length`, () => {
    const { response, receiver, body, memory } = start(encoding)
    body.write(text(2000))
    body.write(text(3000))
    body.end(null)
    assert.ok(receiver.ended)
    assert.deepEqual(decode[encoding](receiver.body), Buffer.concat([text(2000), text(3000)]))
    assert.equal(response.length, receiver.body.length)
    assert.equal(response.fields.get('content-encoding'), encoding)
    assert.equal(response.fields.get('etag'), 'W/"a"')
    assert.equal(memory.usedBytes, 0)
  })

  test(`${encoding}: what was written before a flush can be read before the rest is there`, async () => {
    const { receiver, body, memory } = start(encoding)
    const reader = {
      gzip: zlib.createGunzip,
      br: zlib.createBrotliDecompress,
      zstd: zlib.createZstdDecompress,
    }[encoding]()
    let read = ''
    reader.on('data', (piece: Buffer) => {
      read += piece.toString()
      receiver.tell()
    })
    receiver.onWrite = chunk => reader.write(chunk)
    for (let event = 0; event < 5; event++) {
      body.write(Buffer.from(`data: ${event}\n\n`))
      assert.equal(body.flush(), true)
      await receiver.until(() => read.endsWith(`data: ${event}\n\n`))
    }
    assert.ok(memory.usedBytes > 0)
    body.end(null)
    await receiver.until(() => receiver.ended)
    assert.equal(memory.usedBytes, 0)
  })

  test(`${encoding}: trailers follow the body`, async () => {
    for (const bytes of [2000, 3 * WHOLE_BYTES]) {
      const { response, receiver, body } = start(encoding)
      const trailers = new Fields(['X-Sum', '1'])
      body.write(text(bytes))
      body.end(trailers)
      await receiver.until(() => receiver.ended)
      assert.equal(receiver.trailers, trailers)
      assert.equal(response.length, CHUNKED)
      assert.deepEqual(decode[encoding](receiver.body), text(bytes))
    }
  })

  test(`${encoding}: a slow reader stops the sender, and what waits is bounded`, async () => {
    const { receiver, body } = start(encoding)
    receiver.room = 1
    const chunk = noise(64 * 1024)
    let written = 0
    while (body.flush()) {
      body.write(chunk)
      written += chunk.length
      await new Promise(setImmediate)
      assert.ok(written < 4 * 1024 * 1024, 'never told to wait')
    }
    const { resumes } = receiver
    receiver.room = Infinity
    body.resume()
    await receiver.until(() => receiver.resumes > resumes)
    body.end(null)
    await receiver.until(() => receiver.ended)
    assert.equal(decode[encoding](receiver.body).length, written)
  })

  test(`${encoding}: what nobody wants any more is given up at once`, async () => {
    const { receiver, body, memory } = start(encoding)
    body.write(noise(256 * 1024))
    body.flush()
    await receiver.until(() => receiver.chunks.length > 0)
    assert.ok(memory.usedBytes > 0)
    body.destroy()
    assert.equal(memory.usedBytes, 0)
    const { length } = receiver.chunks
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal(receiver.chunks.length, length)
    assert.equal(receiver.ended, false)
  })
}

test('what is smaller than the minimum goes as it is, with its length', () => {
  const { response, receiver, body } = start('gzip')
  body.write(text(MIN_BYTES - 1))
  body.end(null)
  assert.deepEqual(receiver.body, text(MIN_BYTES - 1))
  assert.equal(response.length, MIN_BYTES - 1)
  assert.equal(response.fields.has('content-encoding'), false)
  assert.equal(response.fields.get('etag'), '"a"')
})

test('what has the minimum is compressed', () => {
  const { response, body } = start('gzip')
  body.write(text(MIN_BYTES))
  body.end(null)
  assert.equal(response.fields.get('content-encoding'), 'gzip')
})

test('what is small is compressed for whom identity will not do, but not nothing', () => {
  const some = start('gzip', { always: true })
  some.body.write(text(10))
  some.body.end(null)
  assert.equal(some.response.fields.get('content-encoding'), 'gzip')
  const none = start('gzip', { always: true })
  none.body.end(null)
  assert.equal(none.response.fields.has('content-encoding'), false)
  assert.equal(none.receiver.body.length, 0)
})

test('what would grow goes as it is', () => {
  const { response, receiver, body } = start('gzip')
  body.write(noise(2000))
  body.end(null)
  assert.deepEqual(receiver.body, noise(2000))
  assert.equal(response.fields.has('content-encoding'), false)
})

test('a body of known small length waits for its end, any other leaves with the first flush', () => {
  const known = start('gzip', { length: 2000 })
  known.body.write(text(1000))
  assert.equal(known.body.flush(), true)
  assert.equal(known.receiver.flushes, 0)
  known.body.write(text(1000))
  known.body.end(null)
  assert.equal(known.response.length, known.receiver.body.length)

  const unknown = start('gzip')
  unknown.body.flush()
  assert.equal(unknown.response.fields.get('content-encoding'), 'gzip')
  unknown.body.destroy()
})

test('without memory for an encoder the body goes as it is', () => {
  const { response, receiver, body } = start('gzip', { limitBytes: 1000 })
  body.write(text(3 * WHOLE_BYTES))
  body.flush()
  body.write(text(10))
  body.end(null)
  assert.deepEqual(receiver.body, Buffer.concat([text(3 * WHOLE_BYTES), text(10)]))
  assert.equal(response.fields.has('content-encoding'), false)
  assert.equal(response.fields.get('etag'), '"a"')
})

test('the sender may use its buffer again', async () => {
  for (const limitBytes of [1000, 16 * 1024 * 1024]) {
    const { receiver, body } = start('gzip', { limitBytes })
    const buffer = Buffer.alloc(1000)
    for (let i = 0; i < 40; i++) {
      buffer.fill(i)
      body.write(buffer)
      if (i % 7 === 0) body.flush()
    }
    buffer.fill(255)
    body.end(null)
    await receiver.until(() => receiver.ended)
    const read = limitBytes === 1000 ? receiver.body : decode.gzip(receiver.body)
    for (let i = 0; i < 40; i++) assert.equal(read[i * 1000], i)
  }
})

test('any body, cut anywhere, in any encoding, is itself again', async () => {
  const piece = fc.oneof(
    fc.record({ bytes: fc.integer({ min: 0, max: 300 }), random: fc.boolean(), flush: fc.boolean() }),
    fc.record({ bytes: fc.integer({ min: 0, max: 70_000 }), random: fc.boolean(), flush: fc.boolean() }),
  )
  const world = fc.record({
    encoding: fc.constantFrom('gzip' as const, 'br' as const, 'zstd' as const),
    window: fc.constantFrom('whole' as const, 'small' as const),
    pieces: fc.array(piece, { maxLength: 12 }),
    room: fc.constantFrom(1, 10_000, Infinity),
    known: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(world, async ({ encoding, pieces, room, known }) => {
      const sent = pieces.map(({ bytes, random }) => (random ? noise(bytes) : text(bytes)))
      const whole = Buffer.concat(sent)
      const { response, receiver, body, memory } = start(encoding, { length: known ? whole.length : CHUNKED })
      receiver.room = room
      for (const [i, chunk] of sent.entries()) {
        if (chunk.length > 0) body.write(chunk)
        if (!pieces[i]!.flush || body.flush()) continue
        const { resumes } = receiver
        receiver.room = room
        body.resume()
        await Promise.race([receiver.until(() => receiver.resumes > resumes), new Promise(setImmediate)])
      }
      body.end(null)
      while (!receiver.ended) {
        receiver.room = room
        body.resume()
        await new Promise(setImmediate)
      }
      const encoded = response.fields.has('content-encoding')
      assert.deepEqual(encoded ? decode[encoding](receiver.body) : receiver.body, whole)
      if (response.hasLength) assert.equal(response.length, receiver.body.length)
      assert.equal(memory.usedBytes, 0)
    }),
    { numRuns: 150 },
  )
})
