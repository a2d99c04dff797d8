import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SharedStreams } from '../../../src/http/h2/shared-streams.ts'
import { ServerBench, type ServerSetup } from './harness.ts'
import { indifferent } from '../../support/http2/server.ts'
import { END_STREAM, data, headers, post, type Frame } from '../../support/http2/wire.ts'

const KIB = 1024
const MIB = 1024 * KIB
const FIRST = 65_535
const FRAME = 16_384

/** A client that sends as much as it may, and hears of windows half a round trip after they were opened. */
class Uploader {
  readonly bench: ServerBench
  /** What it may send on the connection. */
  connection = 65_535
  readonly windows = new Map<number, number>()
  sent = 0
  private opened = 0

  constructor(setup: ServerSetup = {}) {
    this.bench = new ServerBench(setup)
    // Said before the harness has looked away.
    this.connection = MIB
  }

  /** Begins an upload; its fields say more. Returns its stream. */
  open(...fields: string[]): number {
    const id = 1 + 2 * this.opened++
    this.windows.set(id, FIRST)
    this.bench.session.receive(headers(id, post(...fields), 4))
    this.hear()
    return id
  }

  allowed(id: number): number {
    return Math.min(this.connection, this.windows.get(id) ?? 0)
  }

  /** Sends so much, or all that it may, in frames; returns how much that was. */
  send(id: number, most = Infinity, flags = 0): number {
    const bytes = Math.min(most, this.allowed(id))
    for (let at = 0; at < bytes; at += FRAME) {
      const length = Math.min(FRAME, bytes - at)
      this.bench.session.receive(data(id, Buffer.alloc(length), at + length === bytes ? flags : 0))
    }
    this.windows.set(id, this.windows.get(id)! - bytes)
    this.connection -= bytes
    this.sent += bytes
    return bytes
  }

  /** A frame that takes so long to come. */
  trickle(id: number, ms: number): void {
    const frame = data(id, Buffer.alloc(FRAME))
    for (let at = 0; at < frame.length; at += 1500) {
      this.bench.session.receive(frame.subarray(at, at + 1500))
      this.pass(ms / 11)
    }
    this.windows.set(id, this.windows.get(id)! - FRAME)
    this.connection -= FRAME
    this.sent += FRAME
  }

  hear(frames: readonly Frame[] = this.said()): void {
    for (const { type, stream, payload } of frames) {
      if (type !== 8) continue
      const increment = payload.readUInt32BE(0)
      if (stream === 0) this.connection += increment
      else this.windows.set(stream, (this.windows.get(stream) ?? 0) + increment)
    }
  }

  said(): Frame[] {
    this.bench.runDeferred()
    return this.bench.transport.frames()
  }

  pass(ms: number): void {
    this.bench.nowMs += ms
  }

  /** Round trips in each of which everything that may be sent is. */
  rounds(id: number, count: number, ms = 40): void {
    for (let i = 0; i < count; i++) {
      this.send(id)
      this.pass(ms)
      this.hear()
    }
  }
}

test('a window grows with what its consumer takes, to 4 MiB a stream and 8 MiB a connection', () => {
  const client = new Uploader()
  const id = client.open()
  // A renewal comes at half of it, so that what may be sent at a time is between that and the whole.
  const sizes: number[] = []
  for (let i = 0; i < 12; i++) {
    sizes.push(client.send(id))
    client.pass(40)
    client.hear()
  }
  const most = Math.max(...sizes)
  assert.ok(sizes[0] === FIRST && most > 2 * MIB && most <= 4 * MIB, sizes.join(' '))
  assert.ok(client.sent > 10 * MIB, `${client.sent} in 12 round trips`)
  const others = [client.open(), client.open(), client.open()]
  for (const other of others) client.rounds(other, 12)
  assert.ok(client.connection <= 8 * MIB, `${client.connection} for the connection`)
  // What has grown is its own, and the others' 64 KiB are left.
  for (const other of others) assert.ok(client.allowed(other) >= FIRST / 2)
  assert.equal(client.bench.closed, null)
})

for (const [what, ms] of [
  ['on a line without delay', 0.2],
  ['on a line that is slower than the window', 40],
] as const)
  test(`nothing grows ${what}`, () => {
    const client = new Uploader()
    const id = client.open()
    const late: Frame[][] = []
    for (let i = 0; i < 400; i++) {
      // All that is let out at once, or a frame in each round trip, by and by.
      if (ms < 1) client.send(id)
      else client.trickle(id, ms)
      if (ms < 1) client.pass(ms)
      late.push(client.said())
      if (late.length > 1 || ms < 1) client.hear(late.shift())
    }
    for (const frames of late) client.hear(frames)
    assert.ok(client.sent > 5 * MIB)
    assert.ok(client.allowed(id) <= FIRST, `it grew to ${client.allowed(id)}`)
  })

test('behind a consumer that is slower than the line nothing grows', () => {
  const client = new Uploader()
  const id = client.open()
  const { last } = client.bench
  const { stream } = last
  let taken = 0
  stream.handler = {
    ...indifferent,
    onRequestData: (_chunk, start, end) => {
      taken += end - start
      stream.pause()
    },
  }
  for (let i = 0; i < 100; i++) {
    client.send(id)
    client.pass(40)
    client.hear()
    stream.resume()
    client.pass(160)
    client.hear()
    assert.ok(client.bench.session.shared.waitingBytes <= FIRST)
  }
  assert.ok(taken > MIB)
  assert.ok((client.windows.get(id) ?? 0) <= FIRST)
})

test('a grown stream that is not read any more stops no other', () => {
  const client = new Uploader()
  const id = client.open()
  client.rounds(id, 12)
  client.bench.last.stream.pause()
  assert.ok(client.send(id) > 2 * MIB)
  client.hear()
  assert.equal(client.allowed(id), 0)
  const other = client.open()
  client.rounds(other, 40)
  assert.ok(client.sent > 24 * MIB, `${client.sent} were sent`)
  const stalled = Array.from({ length: 13 }, () => client.open())
  for (const one of stalled) client.send(one)
  assert.ok(client.allowed(other) >= FIRST)
})

test('no more than the Content-Length is let in, and padding beside it', () => {
  const client = new Uploader()
  const id = client.open('content-length', String(3 * MIB))
  for (let i = 0; client.sent < 3 * MIB; i++) {
    assert.ok(i < 30, `${client.sent} of it were let in`)
    assert.ok((client.windows.get(id) ?? 0) <= Math.max(FIRST, 3 * MIB - client.sent + 2 * FRAME))
    client.send(id, 3 * MIB - client.sent)
    client.pass(40)
    client.hear()
  }
  client.bench.session.receive(data(id, '', END_STREAM))
  assert.equal(client.bench.last.ended, true)
  assert.ok(client.connection <= 1.5 * MIB, `${client.connection} are left to the connection`)

  const padded = client.open('content-length', '100000')
  const piece = Buffer.concat([Buffer.from([255]), Buffer.alloc(100), Buffer.alloc(255)])
  for (let i = 0; i < 1000; i++) {
    assert.ok(client.allowed(padded) >= piece.length, `${i} came`)
    client.windows.set(padded, client.windows.get(padded)! - piece.length)
    client.bench.session.receive(data(padded, piece, i < 999 ? 8 : 9))
    client.hear()
  }
  assert.equal(client.bench.closed, null)
  assert.equal(client.bench.last.body.length, 100_000)
  assert.equal(client.bench.last.ended, true)
})

test('what a stream had grown is taken back from the connection after its end', () => {
  const client = new Uploader()
  const { shared } = client.bench.session
  const id = client.open()
  client.rounds(id, 12)
  client.send(id, 1, END_STREAM)
  client.hear()
  const left = client.connection
  assert.ok(left > 2 * MIB)
  assert.ok(shared.grantedBytes >= left - MIB, 'other streams could use it')
  const next = client.open()
  for (let i = 0; i < 400; i++) {
    client.send(next, FRAME)
    client.hear()
  }
  assert.ok(client.connection <= MIB, `${client.connection} are left`)
  assert.ok(shared.grantedBytes <= FIRST, `${shared.grantedBytes} are granted`)
})

test('above half of what may wait in a worker nothing grows', () => {
  const shared = new SharedStreams({ streams: 1000, waitingBytes: 4 * MIB })
  const [one, other] = [new Uploader({ shared }), new Uploader({ shared })]
  const [first, second] = [one.open(), other.open()]
  one.rounds(first, 20)
  const grown = one.allowed(first)
  assert.ok(grown > 4 * FIRST && grown <= shared.grantedBytes, `it grew to ${grown}`)
  assert.ok(shared.grantedBytes <= 2 * MIB, `${shared.grantedBytes} are granted`)
  shared.headBytes = 2 * MIB
  other.rounds(second, 20)
  assert.ok(other.allowed(second) <= FIRST)
  assert.ok(other.sent >= 10 * FIRST)
  one.bench.session.lost()
  assert.equal(shared.grantedBytes, other.allowed(second))
})

test('above half, a stream that has stalled is renewed to 64 KiB only', () => {
  const shared = new SharedStreams({ streams: 1000, waitingBytes: 16 * MIB })
  const client = new Uploader({ shared })
  const id = client.open()
  client.rounds(id, 12)
  const { stream } = client.bench.last
  stream.pause()
  assert.ok(client.send(id) > 2 * MIB)
  shared.headBytes = 8 * MIB
  stream.resume()
  client.hear()
  assert.ok(client.allowed(id) > 0 && client.allowed(id) <= FIRST, `renewed to ${client.allowed(id)}`)
  client.rounds(id, 100)
  assert.ok(client.allowed(id) <= FIRST)
  assert.ok(client.connection <= MIB, `${client.connection} for the connection`)
  shared.headBytes = 0
  client.rounds(id, 12)
  assert.ok(client.allowed(id) > MIB, 'it may grow again')
})

test('a body that waits costs what it has bytes, also where it comes a byte at a time', () => {
  const client = new Uploader()
  const id = client.open()
  const { stream } = client.bench.last
  stream.pause()
  const before = process.memoryUsage()
  const one = data(id, 'x')
  const many = Buffer.concat(Array.from({ length: 1000 }, () => one))
  for (let i = 0; i < 65; i++) client.bench.session.receive(many)
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.external - before.heapUsed - before.external
  assert.ok(grown < 4 * MIB, `${grown} bytes for 65,000`)
  stream.resume()
  assert.equal(client.bench.last.body, 'x'.repeat(65_000))
})

test('property: whatever consumers do, all arrives, and nothing is counted in the end', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat(3), fc.constantFrom('send', 'piece', 'pause', 'resume', 'end', 'abort'), fc.nat(50)),
        {
          maxLength: 200,
          size: 'max',
        },
      ),
      fc.integer({ min: 1, max: 64 }),
      (steps, mib) => {
        const shared = new SharedStreams({ streams: 1000, waitingBytes: mib * MIB })
        const client = new Uploader({ shared })
        const ids = [0, 1, 2, 3].map(() => client.open())
        const over = new Set<number>()
        for (const [n, what, ms] of steps) {
          const id = ids[n]!
          const { stream } = client.bench.requests[n]!
          if (over.has(n)) continue
          if (what === 'send') client.send(id)
          else if (what === 'piece') client.send(id, FRAME)
          else if (what === 'pause') stream.pause()
          else if (what === 'resume') stream.resume()
          else if (what === 'abort') stream.abort()
          else client.bench.session.receive(data(id, '', END_STREAM))
          if (what === 'end' || what === 'abort') over.add(n)
          client.pass(ms)
          client.hear()
          assert.equal(client.bench.closed, null)
          assert.ok(client.connection <= 8 * MIB)
          assert.ok(shared.grantedBytes * 2 <= mib * MIB + 8 * FIRST)
        }
        for (const [n, id] of ids.entries()) {
          if (over.has(n)) continue
          client.bench.requests[n]!.stream.resume()
          client.hear()
          assert.ok(client.allowed(id) > 0, 'it goes on')
        }
        client.bench.session.lost()
        const { open, waitingBytes, headBytes, grantedBytes } = shared
        assert.deepEqual([open, waitingBytes, headBytes, grantedBytes], [0, 0, 0, 0])
      },
    ),
    { numRuns: 300 },
  )
})
