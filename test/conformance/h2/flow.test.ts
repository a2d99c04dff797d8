import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHUNKED } from '../../../src/http/head.ts'
import { localHead } from '../../../src/http/local.ts'
import { ServerBench } from './harness.ts'
import { indifferent } from '../../support/http2/server.ts'
import * as wire from '../../support/http2/wire.ts'
import { data, get, headers, ping, post, rst, settings, windowUpdate } from '../../support/http2/wire.ts'

const head = { ...localHead(200, [], 0), length: CHUNKED, hasLength: false }

/** A response of this many bytes on the stream of the nth request. */
function answer(bench: ServerBench, n: number, bytes: number): void {
  const { stream } = bench.requests[n]!
  stream.head(head)
  stream.data(Buffer.alloc(bytes, 'x'), 0, bytes)
  stream.end(null)
}

const sizes = (said: readonly string[]): number =>
  said.reduce((sum, line) => sum + (line.startsWith('DATA') ? Number(line.split(' ')[2]) : 0), 0)

test('no more than the stream’s window is sent, and the rest with the update', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 10]), headers(1, get()))
  answer(bench, 0, 25)
  assert.deepEqual(bench.turn(), ['HEADERS 1', 'DATA 1 10'])
  assert.deepEqual(bench.says(windowUpdate(1, 14)), ['DATA 1 14'])
  assert.deepEqual(bench.says(windowUpdate(1, 1)), ['DATA 1 1 END'])
  assert.equal(bench.session.streamCount, 0)
})

test('no more than the connection’s window is sent, over all streams', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 1_000_000]), headers(1, get()), headers(3, get()))
  answer(bench, 0, 60_000)
  answer(bench, 1, 60_000)
  assert.equal(sizes(bench.turn()), 65_535)
  assert.equal(sizes(bench.says(windowUpdate(0, 100))), 100)
  assert.equal(sizes(bench.says(windowUpdate(0, 1_000_000))), 120_000 - 65_635)
})

test('a window that a setting makes negative must first be paid back', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 100]), headers(1, get()))
  answer(bench, 0, 200)
  assert.equal(sizes(bench.turn()), 100)
  assert.deepEqual(bench.says(settings([4, 40])), [])
  assert.deepEqual(bench.says(windowUpdate(1, 60)), [])
  assert.deepEqual(bench.says(windowUpdate(1, 5)), ['DATA 1 5'])
  assert.deepEqual(bench.says(settings([4, 200])), ['DATA 1 95 END'])
})

test('streams with data take turns, a frame each', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 1_000_000]), headers(1, get()), headers(3, get()), headers(5, get()))
  bench.transport.slow = true
  answer(bench, 0, 100_000)
  bench.turn()
  answer(bench, 1, 40_000)
  answer(bench, 2, 20_000)
  bench.turn()
  bench.transport.slow = false
  bench.session.receive(windowUpdate(0, 1_000_000))
  assert.equal(sizes(bench.transport.said()), 0, 'nothing is sent to a peer that does not read')
  bench.session.drained()
  const order = bench.transport
    .said()
    .filter(line => line.startsWith('DATA'))
    .map(line => Number(line.split(' ')[1]))
  assert.deepEqual(order.slice(0, 5), [1, 3, 5, 1, 3].slice(0, 5))
  assert.equal(bench.session.streamCount, 0)
})

test('the writer is told to wait while the client is slow, and then to go on', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const { stream } = bench.last
  stream.head(head)
  stream.data(Buffer.alloc(60_000), 0, 60_000)
  assert.equal(stream.flush(), true)
  stream.data(Buffer.alloc(60_000), 0, 60_000)
  assert.equal(stream.flush(), false)
  assert.equal(bench.last.writable, 0)
  bench.says(windowUpdate(1, 10_000), windowUpdate(0, 10_000))
  assert.equal(bench.last.writable, 0, 'most of it still waits')
  bench.says(windowUpdate(1, 100_000), windowUpdate(0, 100_000))
  assert.equal(bench.last.writable, 1)
})

test('the writer is told to wait while the transport is slow, and then to go on', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const { stream } = bench.last
  bench.transport.slow = true
  stream.head(head)
  stream.data(Buffer.alloc(100), 0, 100)
  stream.flush()
  bench.turn()
  assert.equal(stream.flush(), false)
  bench.transport.slow = false
  bench.session.drained()
  assert.equal(bench.last.writable, 1)
})

test('memory that was lent is sent as it is, and free when all is sent', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const { stream } = bench.last
  const memory = Buffer.alloc(90_000, 'a')
  stream.head(head)
  stream.data(memory, 0, memory.length, true)
  assert.equal(stream.clear, false, 'it is only written')
  stream.flush()
  bench.turn()
  assert.equal(stream.clear, false, 'a part waits for the window')
  bench.session.receive(Buffer.concat([windowUpdate(1, 100_000), windowUpdate(0, 100_000)]))
  assert.equal(stream.clear, true)
})

test('what is not lent may be written again at once', () => {
  for (const bytes of [100, 30_000, 90_000]) {
    const bench = new ServerBench()
    bench.says(headers(1, get()))
    const memory = Buffer.alloc(bytes, 'a')
    bench.last.stream.head(head)
    bench.last.stream.data(memory, 0, bytes)
    memory.fill('b')
    bench.last.stream.end(null)
    bench.session.receive(Buffer.concat([windowUpdate(1, 100_000), windowUpdate(0, 100_000)]))
    const second = new ServerBench()
    second.says(headers(1, get()))
    second.last.stream.head(head)
    second.last.stream.data(Buffer.alloc(bytes, 'c'), 0, bytes)
    second.last.stream.flush()
    const payloads = bench.transport.frames().flatMap(({ type, payload }) => (type === 0 ? [...payload] : []))
    assert.equal(payloads.length, bytes)
    assert.ok(payloads.every(byte => byte === 97))
  }
})

test('windows are re-opened as the body is consumed, in few frames', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), 4))
  const updates: string[] = []
  for (let i = 0; i < 64; i++) updates.push(...bench.says(data(1, Buffer.alloc(16_384))))
  const stream = updates.filter(line => line.startsWith('WINDOW 1'))
  const connection = updates.filter(line => line.startsWith('WINDOW 0'))
  assert.equal(bench.last.body.length, 64 * 16_384)
  assert.ok(
    stream.length >= (64 * 16_384) / 65_535 - 2 && stream.length <= 32,
    `${stream.length} updates of the stream`,
  )
  assert.ok(
    connection.length >= 1 && connection.length <= 3,
    `${connection.length} updates of the connection`,
  )
})

test('padding counts against the windows and is given back', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), 4))
  const padded = Buffer.concat([Buffer.from([255]), Buffer.from('x'), Buffer.alloc(255)])
  for (let i = 0; i < 6000; i++) bench.session.receive(data(1, padded, wire.PADDED))
  assert.equal(bench.closed, null)
  assert.equal(bench.last.gone, false)
  assert.equal(bench.last.body.length, 6000)
})

test('a consumer that pauses gets no new window until it resumes', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), 4))
  const { last } = bench
  const { stream } = last
  let pieces = 0
  stream.handler = { ...indifferent, onRequestData: () => (++pieces === 3 ? stream.pause() : undefined) }
  assert.deepEqual(
    bench.says(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000))),
    [],
  )
  stream.handler = last
  stream.resume()
  assert.deepEqual(bench.turn(), ['WINDOW 1 48000'])
})

test('a window that opens is first for those who wait for it', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 1_000_000]), headers(1, get()), headers(3, post(), 4))
  const [first, second] = bench.requests
  answer(bench, 0, 70_000)
  bench.turn()
  second!.stream.handler = {
    ...indifferent,
    onRequestData: () => {
      second!.stream.head(head)
      second!.stream.data(Buffer.alloc(100), 0, 100)
    },
  }
  assert.deepEqual(bench.says(windowUpdate(0, 50), data(3, 'x')), ['HEADERS 3', 'DATA 1 50'])
  assert.equal(first!.gone, false)
})

test('a paused stream gets its window and no more; what came waits for resume', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), 4))
  const { stream } = bench.last
  stream.pause()
  const said = [0, 1, 2].flatMap(() => bench.says(data(1, Buffer.alloc(16_384, 'a'))))
  assert.deepEqual(said, [])
  assert.equal(bench.last.body.length, 0)
  bench.says(data(1, Buffer.alloc(16_383, 'b'), wire.END_STREAM))
  assert.equal(bench.last.ended, false)
  const flushes = bench.last.flushes
  stream.resume()
  assert.equal(bench.last.body.length, 65_535)
  assert.equal(bench.last.ended, true)
  assert.ok(bench.last.flushes > flushes, 'what was held is followed by the end of a turn')
})

test('§5.2, §6.9: who sends more than its window is reset, or loses the connection', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), 4))
  bench.last.stream.pause()
  for (let i = 0; i < 4; i++) bench.session.receive(data(1, Buffer.alloc(16_383)))
  assert.deepEqual(bench.says(data(1, Buffer.alloc(4))), ['RST 1 FLOW_CONTROL_ERROR'])
  assert.equal(bench.last.gone, true)

  const other = new ServerBench({ limits: { connectionWindowBytes: 65_535, windowBytes: 1_000_000 } })
  other.says(headers(1, post(), 4))
  other.last.stream.pause()
  const said = Array.from({ length: 5 }, () => other.says(data(1, Buffer.alloc(16_383)))).flat()
  assert.deepEqual(said, ['GOAWAY 1 FLOW_CONTROL_ERROR'])
})

test('streams that are not read do not stall another, and what they held is given back with them', () => {
  const bench = new ServerBench()
  const slow = Array.from({ length: 15 }, (_, i) => 1 + 2 * i)
  for (const id of slow) {
    bench.says(headers(id, post(), 4))
    bench.last.stream.pause()
    for (let i = 0; i < 4; i++) bench.session.receive(data(id, Buffer.alloc(16_383)))
  }
  bench.says(headers(101, post(), 4))
  const fast = bench.last
  for (let i = 0; i < 100; i++) bench.session.receive(data(101, Buffer.alloc(16_000)))
  assert.equal(bench.closed, null)
  assert.equal(fast.body.length, 1_600_000)
  for (const id of slow) bench.session.receive(rst(id, 8))
  bench.says(ping())
  for (let i = 0; i < 200; i++) bench.session.receive(data(101, Buffer.alloc(16_000)))
  assert.equal(bench.closed, null)
})

test('what streams held when they were reset is given back to the connection', () => {
  const bench = new ServerBench()
  for (let n = 0; n < 100; n++) {
    const id = 1 + 2 * n
    bench.says(headers(id, post(), 4))
    bench.last.stream.pause()
    for (let i = 0; i < 4; i++) bench.session.receive(data(id, Buffer.alloc(16_383)))
    if (n % 2 === 0) bench.last.stream.abort()
    else bench.session.receive(rst(id, 8))
    assert.equal(bench.closed, null, `after ${n} streams`)
  }
})

test('all frames of one turn leave in one write', () => {
  const bench = new ServerBench()
  bench.transport.sends = 0
  bench.says(headers(1, get()), headers(3, get()), ping())
  assert.equal(bench.transport.sends, 1)
  answer(bench, 0, 10)
  answer(bench, 1, 10)
  bench.turn()
  assert.equal(bench.transport.sends, 2)
})

test('a graceful end: announced, streams on their way taken, the last named, the rest refused', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  bench.session.shutdown()
  assert.deepEqual(bench.turn(), ['GOAWAY 2147483647 NO_ERROR', 'PING drain\0\0\0'])
  bench.says(headers(3, get()))
  assert.equal(bench.requests.length, 2)
  assert.deepEqual(bench.says(ping('drain\0\0\0', wire.ACK)), ['GOAWAY 3 NO_ERROR'])
  assert.deepEqual(bench.says(headers(5, post(), 4), data(5, 'x', 1)), ['RST 5 REFUSED_STREAM'])
  answer(bench, 0, 5)
  answer(bench, 1, 5)
  bench.turn()
  assert.equal(bench.transport.ended, true)
  assert.equal(bench.closed, '')
})

test('a response that goes on is no silence, however fast the client takes it', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  bench.last.stream.head(head)
  bench.session.sweep(bench.nowMs + 60_000)
  assert.ok(bench.last.stream.sentMs <= bench.nowMs)
  bench.last.stream.data(Buffer.from('event'), 0, 5)
  assert.equal(bench.last.stream.sentMs, bench.nowMs + 60_000)
})

test('a graceful end does not wait for a peer that does not answer pings', () => {
  const bench = new ServerBench()
  bench.session.shutdown()
  bench.session.sweep(bench.nowMs + 500)
  assert.equal(bench.transport.ended, false)
  bench.session.sweep(bench.nowMs + 2000)
  assert.equal(bench.transport.ended, true)
})

test('with the transport all requests are gone, and nothing is said any more', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()), headers(3, post(), 4))
  bench.session.lost()
  assert.deepEqual(
    bench.requests.map(seen => seen.gone),
    [true, true],
  )
  assert.equal(bench.closed, '')
  bench.requests[0]?.stream.head(head)
  bench.requests[0]?.stream.end(null)
  bench.session.receive(ping())
  assert.deepEqual(bench.turn(), [])
})
