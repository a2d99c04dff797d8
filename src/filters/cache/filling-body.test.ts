import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FillMemory } from './fill-memory.ts'
import { FillingBody } from './filling-body.ts'

/** A client that takes nothing until it is told to. */
function scene(memory: FillMemory, length: number, limitBytes = 1_000_000) {
  const got: Buffer[] = []
  const state = { takes: false, ended: 0, resumed: 0, stored: undefined as number | null | undefined }
  const next = {
    write: (chunk: Buffer) => void got.push(Buffer.from(chunk)),
    flush: () => state.takes,
    end: () => void state.ended++,
    resume: () => void state.resumed++,
    fail: () => assert.fail(),
  }
  const done = (body: SharedArrayBuffer | null) => void (state.stored = body && body.byteLength)
  const body = new FillingBody({ length, limitBytes, memory, done }, next)
  const bytes = () => got.reduce((sum, { length: one }) => sum + one, 0)
  return { body, state, bytes, text: () => Buffer.concat(got).toString('latin1') }
}

const part = Buffer.alloc(50_000, 'a')

test('a client that takes nothing holds its memory, and is given no more than a piece', () => {
  const memory = new FillMemory(500_000)
  const { body, state, bytes } = scene(memory, 500_000)
  for (let i = 0; i < 10; i++) {
    body.write(part)
    assert.equal(body.flush(), true, 'the backend is heard on')
  }
  body.end(null)
  assert.equal(state.stored, 500_000, 'others have it')
  assert.equal(state.ended, 0)
  assert.ok(bytes() <= 128 * 1024, `${bytes()} bytes wait for the client`)
  assert.equal(memory.take(1), false)
  const other = scene(memory, 1000)
  assert.equal(other.state.stored, null, 'what has no room is not kept')
  other.state.takes = true
  other.body.write(part)
  assert.equal(other.body.flush(), true)
  assert.equal(other.bytes(), 50_000, 'and passes all the same')
  body.destroy()
  assert.equal(memory.take(500_000), true)
})

test('it has all of it when it takes on, then the end once, and its memory is free', () => {
  const memory = new FillMemory(500_000)
  const { body, state, text } = scene(memory, -1)
  for (let i = 0; i < 5; i++) body.write(part)
  body.flush()
  body.end(null)
  state.takes = true
  body.resume()
  body.resume()
  assert.equal(text(), 'a'.repeat(250_000))
  assert.deepEqual([state.ended, state.stored], [1, 250_000])
  body.destroy()
  assert.equal(memory.take(500_000), true)
})

test('beyond its limit it passes, in order, and the backend waits for the client', () => {
  const memory = new FillMemory(500_000)
  const { body, state, bytes } = scene(memory, -1, 60_000)
  body.write(part)
  assert.equal(body.flush(), true)
  body.write(part)
  assert.deepEqual([bytes(), state.stored], [100_000, null])
  assert.equal(body.flush(), false)
  state.takes = true
  body.resume()
  assert.equal(state.resumed, 1)
  assert.equal(memory.take(500_000), true)
})

test('one of unknown length is kept up to a limit that is below its first room, and not beyond', () => {
  const memory = new FillMemory(500_000)
  for (const [bytes, stored] of [
    [0, 0],
    [100, 100],
    [1000, 1000],
    [1001, null],
  ] as const) {
    const { body, state, text } = scene(memory, -1, 1000)
    state.takes = true
    body.write(Buffer.alloc(bytes, 'a'))
    body.flush()
    body.end(null)
    assert.deepEqual([state.stored, text(), state.ended], [stored, 'a'.repeat(bytes), 1])
    body.destroy()
  }
  assert.equal(memory.take(500_000), true)
})
