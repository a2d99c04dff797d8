import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'

import { TurnWriter } from './writer.ts'

/** A socket that notes each write, and takes them at once or (`slow`) when it is told to. */
class Wire extends Writable {
  static readonly all: string[] = []
  readonly name: string
  readonly slow: boolean
  received = ''
  private take: (() => void) | null = null

  constructor(name: string, slow = false) {
    super({ highWaterMark: 16, decodeStrings: false })
    this.name = name
    this.slow = slow
  }

  override _write(chunk: Buffer | string, _encoding: BufferEncoding, done: () => void): void {
    this.note(String(chunk))
    if (this.slow) this.take = done
    else done()
  }

  override _writev(chunks: { chunk: Buffer | string }[], done: () => void): void {
    this.note(chunks.map(({ chunk }) => String(chunk)).join('|'))
    if (this.slow) this.take = done
    else done()
  }

  private note(text: string): void {
    this.received += text.replaceAll('|', '')
    Wire.all.push(`${this.name} ${text.length > 20 ? text.length : text}`)
  }

  taken(): void {
    const { take } = this
    this.take = null
    take?.()
  }
}

function written(): string[] {
  return Wire.all.splice(0)
}

test('what a turn writes leaves at its end, one write for each connection', async () => {
  const [a, b] = [new TurnWriter(new Wire('a')), new TurnWriter(new Wire('b'))]
  a.head('one')
  assert.equal(a.flush(), true)
  b.head('two')
  assert.equal(b.flush(), true)
  a.head(' and')
  a.data(Buffer.from(' more'), 0, 5, false)
  assert.equal(a.flush(), true)
  assert.deepEqual(written(), [])
  await setImmediate()
  assert.deepEqual(written(), ['a one and more', 'b two'])
  await setImmediate()
  assert.deepEqual(written(), [])
})

test('send does not wait, and nothing is sent twice', async () => {
  const a = new TurnWriter(new Wire('a'))
  a.head('last')
  a.flush()
  a.send()
  assert.deepEqual(written(), ['a last'])
  await setImmediate()
  assert.deepEqual(written(), [])
})

test('buffers, which may be only lent, leave at once with what came before them', () => {
  const a = new TurnWriter(new Wire('a'))
  a.head('head')
  a.flush()
  a.data(Buffer.alloc(20_000), 0, 20_000, true)
  assert.equal(a.flush(), true)
  assert.deepEqual(written(), ['a 20005'])
})

test('a slow peer is told of at the next flush', async () => {
  const wire = new Wire('a', true)
  const a = new TurnWriter(wire)
  a.head('more than 16 bytes')
  assert.equal(a.flush(), true)
  await setImmediate()
  a.head('b')
  assert.equal(a.flush(), false)
  const drained = new Promise(resolve => wire.once('drain', resolve))
  wire.taken()
  wire.taken()
  await drained
  assert.deepEqual(written(), ['a more than 16 bytes', 'a b'])
})

test('what waits when its socket is destroyed is dropped without an error', async () => {
  const wire = new Wire('a')
  const a = new TurnWriter(wire)
  a.head('late')
  a.flush()
  wire.destroy()
  await setImmediate()
  await setImmediate()
  assert.deepEqual(written(), [])
})

const piece = fc.oneof(
  fc.record({ op: fc.constant('head' as const), bytes: fc.integer({ min: 1, max: 9_000 }) }),
  fc.record({ op: fc.constant('data' as const), bytes: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({
    op: fc.constantFrom('flush' as const, 'send' as const, 'turn' as const),
    bytes: fc.constant(0),
  }),
)

test('property: whatever is flushed or sent when, all bytes come, once and in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 30 }), fc.boolean(), async (steps, slow) => {
      const wire = new Wire('a', slow)
      const writer = new TurnWriter(wire)
      let said = ''
      for (const [i, { op, bytes }] of steps.entries()) {
        const text = String.fromCharCode(65 + (i % 26)).repeat(bytes)
        said += text
        if (op === 'head') writer.head(text)
        else if (op === 'data') writer.data(Buffer.from(text), 0, bytes, true)
        else if (op === 'flush') writer.flush()
        else if (op === 'send') writer.send()
        else {
          wire.taken()
          await setImmediate()
        }
      }
      writer.flush()
      await setImmediate()
      while (wire.writableLength > 0) {
        wire.taken()
        await setImmediate()
      }
      assert.equal(wire.received, said)
    }),
    { numRuns: 200 },
  )
  written()
})
