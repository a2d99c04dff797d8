import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fields } from '../../../src/http/fields.ts'
import { CHUNKED, NO_BODY } from '../../../src/http/head.ts'
import { HpackDecoder } from '../../../src/http/h2/hpack-decoder.ts'
import { websocketAccept } from '../../../src/http/h2/websocket.ts'
import { Answer, ClientBench, request } from './client-bench.ts'
import * as wire from '../../support/http2/wire.ts'
import {
  block,
  data,
  frame,
  goaway,
  headers,
  ping,
  rst,
  settings,
  settingsAck,
  u32,
  windowUpdate,
} from '../../support/http2/wire.ts'

const ok = (...more: string[]): Buffer => block(':status', '200', ...more)
const begin = (...more: string[]): Buffer => headers(1, ok(...more), wire.END_HEADERS)

/** What a server may not say to one GET, what it hears, and what the request fails with. */
const vectors: readonly (readonly [
  section: string,
  what: string,
  frames: readonly Buffer[],
  outcome: string,
  failure: string,
])[] = [
  [
    '4.2',
    'a frame above SETTINGS_MAX_FRAME_SIZE',
    [frame(0, 0, 1, Buffer.alloc(16_385))],
    'GOAWAY 0 FRAME_SIZE_ERROR',
    'http_protocol_error',
  ],
  [
    '4.3',
    'a head that cannot be decoded',
    [headers(1, Buffer.from([0x80]))],
    'GOAWAY 0 COMPRESSION_ERROR',
    'http_protocol_error',
  ],
  [
    '5.1',
    'HEADERS on a stream that was not opened',
    [headers(3, ok())],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '5.1',
    'DATA on a stream that was not opened',
    [data(3, 'x')],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '5.1',
    'WINDOW_UPDATE on a stream that was not opened',
    [windowUpdate(3, 1)],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '5.1',
    'RST_STREAM on a stream that was not opened',
    [rst(3, 1)],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '5.1.1',
    'HEADERS on a stream of the server',
    [headers(2, ok())],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '6.5.2',
    'ENABLE_PUSH of 1 by a server',
    [settings([2, 1])],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '6.6',
    'PUSH_PROMISE',
    [frame(5, 4, 1, Buffer.concat([u32(2), block(':method', 'GET')]))],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '6.8',
    'GOAWAY that takes back more than before',
    [goaway(1, 0), goaway(5, 0)],
    'GOAWAY 0 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  ['8.1', 'DATA before the head', [data(1, 'x')], 'RST 1 PROTOCOL_ERROR', 'http_protocol_error'],
  ['8.1', 'the end before the head', [data(1, '', 1)], 'RST 1 PROTOCOL_ERROR', 'http_protocol_error'],
  [
    '8.1',
    'trailers that do not end the stream',
    [begin(), headers(1, block('x', 'y'), 4)],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.1',
    'an interim response that ends the stream',
    [headers(1, block(':status', '103'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.1.1',
    'more data than Content-Length',
    [begin('content-length', '1'), data(1, 'ab')],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.1.1',
    'less data than Content-Length',
    [begin('content-length', '3'), data(1, 'ab', 1)],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.1.1',
    'a Content-Length without data',
    [headers(1, ok('content-length', '3'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.1.1',
    'data in 204',
    [headers(1, block(':status', '204'), 4), data(1, 'x')],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  ['8.2', 'an upper-case name', [headers(1, ok('X', 'y'))], 'RST 1 PROTOCOL_ERROR', 'http_protocol_error'],
  [
    '8.2',
    'a value with CRLF',
    [headers(1, ok('x', 'a\r\nb'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.2.2',
    'Transfer-Encoding',
    [headers(1, ok('transfer-encoding', 'chunked'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '8.3',
    'a pseudo-header field of requests',
    [headers(1, ok(':path', '/'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  ['8.3.2', 'no status', [headers(1, block('x', 'y'))], 'RST 1 PROTOCOL_ERROR', 'http_protocol_error'],
  [
    '8.3.2',
    'two statuses',
    [headers(1, block(':status', '200', ':status', '204'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  ...['20', '2000', '600', '099', 'abc', ''].map(
    status =>
      [
        '8.3.2',
        `the status "${status}"`,
        [headers(1, block(':status', status))],
        'RST 1 PROTOCOL_ERROR',
        'http_protocol_error',
      ] as const,
  ),
  [
    '8.6',
    'the status 101',
    [headers(1, block(':status', '101'), 4)],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '-',
    'a repeated Content-Type',
    [headers(1, ok('content-type', 'a/b', 'content-type', 'c/d'))],
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
  [
    '-',
    'too large a head',
    [
      headers(1, ok('x', 'y'.repeat(16_385)).subarray(0, 16_384), 1),
      wire.continuation(1, ok('x', 'y'.repeat(16_385)).subarray(16_384)),
    ],
    'RST 1 PROTOCOL_ERROR',
    'response_header_section_size',
  ],
  [
    '-',
    'interim responses without end',
    Array.from({ length: 33 }, () => headers(1, block(':status', '103'), 4)),
    'RST 1 PROTOCOL_ERROR',
    'http_protocol_error',
  ],
]

for (const [section, what, frames, outcome, failure] of vectors)
  test(`§${section}: ${what}: ${outcome}`, () => {
    for (const cut of [100_000, 1, 7]) {
      const bench = new ClientBench()
      const { answer } = bench.send()
      bench.transport.take()
      const bytes = Buffer.concat(frames)
      for (let at = 0; at < bytes.length; at += cut) bench.session.receive(bytes.subarray(at, at + cut))
      assert.equal(bench.transport.said().at(-1), outcome)
      // Whose head has come has begun, and is incomplete when the connection ends.
      const expected =
        answer.head === null || !outcome.startsWith('GOAWAY') ? failure : 'http_response_incomplete'
      assert.equal(answer.failure, expected)
      assert.equal(answer.ended, false)
    }
  })

const interim = headers(1, block(':status', '103', 'link', '</a>'), 4)

const responses: readonly (readonly [
  what: string,
  method: string,
  frames: readonly Buffer[],
  head: Record<string, unknown>,
  fields: readonly string[],
  body: string,
])[] = [
  [
    'a response without a body',
    'GET',
    [headers(1, ok())],
    { status: 200, version: 20, length: NO_BODY, hasLength: false },
    [],
    '',
  ],
  [
    'a response of known length',
    'GET',
    [begin('content-length', '3', 'server', 'x'), data(1, 'abc', 1)],
    { length: 3, hasLength: true },
    ['server', 'x'],
    'abc',
  ],
  [
    'a response of unknown length',
    'GET',
    [begin(), data(1, 'abc'), data(1, 'def'), data(1, '', 1)],
    { length: CHUNKED },
    [],
    'abcdef',
  ],
  [
    'HEAD, whose length is about another response',
    'HEAD',
    [headers(1, ok('content-length', '3'))],
    { length: NO_BODY, hasLength: false },
    ['content-length', '3'],
    '',
  ],
  [
    '304',
    'GET',
    [headers(1, block(':status', '304', 'etag', 'x'))],
    { status: 304, length: NO_BODY },
    ['etag', 'x'],
    '',
  ],
  [
    'cookies that are set stay apart',
    'GET',
    [headers(1, ok('set-cookie', 'a', 'set-cookie', 'b'))],
    {},
    ['set-cookie', 'a', 'set-cookie', 'b'],
    '',
  ],
]

for (const [what, method, frames, head, fields, body] of responses)
  test(`response: ${what}`, () => {
    const bench = new ClientBench()
    const { answer } = bench.send(request(method))
    bench.says(...frames)
    for (const [key, value] of Object.entries(head))
      assert.deepEqual(Reflect.get(answer.head ?? {}, key), value, key)
    assert.deepEqual(answer.head?.fields.list, fields)
    assert.equal(answer.body, body)
    assert.equal(answer.ended, true)
    assert.equal(bench.session.streamCount, 0)
  })

test('response: interim responses, data and trailers in their order', () => {
  const bench = new ClientBench()
  const { answer } = bench.send()
  bench.says(interim, interim, begin(), data(1, 'abc'))
  assert.deepEqual(answer.interim, [103, 103])
  assert.equal(answer.flushes, 1, 'a turn has one end')
  bench.says(headers(1, block('grpc-status', '0', 'set-cookie', 'x')))
  assert.deepEqual(answer.trailers?.list, ['grpc-status', '0'])
})

test('request: what it looks like', () => {
  const bench = new ClientBench()
  const fields = new Fields(['X-Test', 'a', 'Cookie', 'b=c', 'Connection', 'close'])
  const { stream } = bench.send(
    request('POST', {
      path: '/x',
      query: '?y',
      length: CHUNKED,
      fields,
      acceptsTrailers: true,
      trailer: 'x-sum',
    }),
  )
  stream.write(Buffer.from('abc'), 0, 3)
  stream.end(new Fields(['X-Sum', '1']))
  stream.flush()
  bench.turn()
  const list: string[] = []
  const [first, ...rest] = bench.transport.frames()
  assert.ok(first !== undefined)
  new HpackDecoder().decode(first.payload, 0, first.payload.length, {
    full: false,
    field: (name, value) => void list.push(name, value),
  })
  assert.deepEqual(list, [
    ':method',
    'POST',
    ':scheme',
    'http',
    ':authority',
    'a.example',
    ':path',
    '/x?y',
    'x-test',
    'a',
    'cookie',
    'b=c',
    'te',
    'trailers',
    'trailer',
    'x-sum',
  ])
  assert.deepEqual([first, ...rest].map(wire.describe), ['HEADERS 1', 'DATA 1 3', 'HEADERS 1 END'])
})

test('§3.4: the client says its preface and SETTINGS first, and takes no pushes', () => {
  const bench = new ClientBench({}, null)
  const bytes = bench.transport.take()
  assert.equal(bytes.toString('latin1', 0, 24), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const [first] = wire.parseFrames(bytes.subarray(24))
  assert.equal(first?.type, 4)
  assert.ok(first?.payload.includes(Buffer.from([0, 2, 0, 0, 0, 0])))
})

test('no more streams than both sides allow, and places are given back', () => {
  const bench = new ClientBench({ streams: 3 }, Buffer.concat([settings([3, 2]), settingsAck]))
  assert.equal(bench.session.available, 2)
  const first = bench.send()
  const second = bench.session.request()
  assert.ok(second !== null)
  assert.equal(bench.session.request(), null)
  second.abort()
  assert.equal(bench.session.available, 1)
  bench.says(headers(1, ok()))
  assert.equal(first.answer.ended, true)
  assert.equal(bench.session.available, 2)
  bench.says(settings([3, 100]))
  assert.equal(bench.session.available, 3)
})

test('a stream that was given out before the server’s settings changed keeps to the new ones', () => {
  const bench = new ClientBench()
  const stream = bench.session.request()
  bench.says(settings([4, 5]))
  stream?.send(request('POST', { length: CHUNKED }), new Answer())
  stream?.write(Buffer.alloc(100), 0, 100)
  stream?.flush()
  bench.turn()
  assert.deepEqual(bench.transport.said(), ['HEADERS 1', 'DATA 1 5'])
})

test('a stream is fresh as long as its connection has served nobody', () => {
  const bench = new ClientBench()
  assert.equal(bench.send().stream.fresh, true)
  assert.equal(bench.send().stream.fresh, false)
})

test('a server that takes its time with a body is waited for', () => {
  const bench = new ClientBench()
  const { stream, answer } = bench.send(request('POST', { length: CHUNKED }))
  stream.write(Buffer.alloc(100_000), 0, 100_000)
  assert.equal(stream.flush(), false)
  bench.turn()
  bench.transport.take()
  bench.session.sweep(bench.nowMs + 120_000)
  assert.deepEqual([bench.transport.said(), answer.over], [[], false])
  assert.deepEqual(bench.says(windowUpdate(0, 10), windowUpdate(1, 10)), ['DATA 1 10'])
})

test('an aborted request is cancelled, and hears nothing more', () => {
  const bench = new ClientBench()
  const { stream, answer } = bench.send()
  bench.transport.take()
  stream.abort()
  bench.turn()
  assert.deepEqual(bench.transport.said(), ['RST 1 CANCEL'])
  assert.deepEqual(bench.says(begin(), data(1, 'x', 1), ping()), ['PONG 12345678'])
  assert.equal(answer.head, null)
  assert.equal(answer.over, false)
})

for (const [what, frames, failure, detail] of [
  ['REFUSED_STREAM', [rst(1, 7)], 'connection_limit_reached', 'refused_stream'],
  ['another reset before the head', [rst(1, 2)], 'connection_terminated', 'internal_error'],
  ['a reset with an unknown code', [rst(1, 999)], 'connection_terminated', 'unknown_error'],
  ['a reset after the head', [begin(), rst(1, 2)], 'http_response_incomplete', 'internal_error'],
  ['a window that overflows', [windowUpdate(1, 0x7fffffff)], 'http_protocol_error', 'flow_control_error'],
  ['GOAWAY for streams below', [goaway(0, 0)], 'connection_limit_reached', 'refused_stream'],
] as const)
  test(`a request fails by ${what}: ${failure}`, () => {
    const bench = new ClientBench()
    const { answer } = bench.send()
    bench.says(...frames)
    assert.equal(answer.failure, failure)
    assert.equal(answer.detail, detail)
  })

test('with the transport all requests fail', () => {
  const bench = new ClientBench()
  const first = bench.send()
  const second = bench.send()
  bench.says(headers(3, ok(), 4))
  bench.session.lost()
  assert.equal(first.answer.failure, 'connection_terminated')
  assert.equal(second.answer.failure, 'http_response_incomplete')
  assert.equal(bench.session.available, 0)
})

test('§6.8: after GOAWAY requests under way go on, new ones are not begun, and the connection ends with the last', () => {
  const bench = new ClientBench()
  const first = bench.send()
  const second = bench.send()
  const third = bench.session.request()
  bench.says(goaway(1, 0))
  assert.equal(bench.draining, 1)
  assert.equal(bench.session.available, 0)
  assert.equal(second.answer.failure, 'connection_limit_reached')
  const late = new Answer()
  third?.send(request(), late)
  assert.equal(late.failure, 'connection_limit_reached')
  bench.says(begin(), data(1, 'abc', 1))
  assert.equal(first.answer.body, 'abc')
  assert.equal(first.answer.ended, true)
  bench.turn()
  assert.equal(bench.transport.ended, true)
})

test('shutdown: the connection ends when its requests have ended', () => {
  const bench = new ClientBench()
  const { answer } = bench.send()
  bench.session.shutdown()
  bench.turn()
  assert.equal(bench.session.request(), null)
  assert.equal(bench.transport.ended, false)
  bench.says(headers(1, ok()))
  assert.equal(answer.ended, true)
  assert.equal(bench.transport.ended, true)
})

test('a response that ends before its request cancels the rest of it', () => {
  const bench = new ClientBench()
  const { stream, answer } = bench.send(request('POST', { length: CHUNKED }))
  bench.transport.take()
  assert.deepEqual(bench.says(headers(1, ok())), ['RST 1 CANCEL'])
  assert.equal(answer.ended, true)
  stream.write(Buffer.from('x'), 0, 1)
  stream.end(null)
  bench.turn()
  assert.deepEqual(bench.transport.said(), [])
})

test('the server’s windows are respected, and the writer told', () => {
  const bench = new ClientBench({}, Buffer.concat([settings([4, 5]), settingsAck]))
  const { stream, answer } = bench.send(request('POST', { length: 40_000, hasLength: true }))
  stream.write(Buffer.alloc(40_000), 0, 40_000)
  stream.end(null)
  assert.equal(stream.flush(), false)
  bench.turn()
  assert.deepEqual(bench.transport.said(), ['HEADERS 1', 'DATA 1 5'])
  bench.says(windowUpdate(1, 30_000))
  assert.equal(answer.writable, 1)
  assert.equal(bench.says(windowUpdate(1, 30_000)).at(-1), 'DATA 1 9995 END')
})

for (const [what, end] of [
  ['the connection is gone', (bench: ClientBench) => bench.session.lost()],
  ['the rest of the request is refused (RFC 9113 §8.1)', (bench: ClientBench) => void bench.says(rst(1, 0))],
] as const) {
  test(`a response that is here is told to its end after ${what}`, () => {
    const bench = new ClientBench()
    const { stream, answer } = bench.send(request('POST', { length: CHUNKED }))
    stream.pause()
    bench.says(begin(), data(1, 'hello'), headers(1, block('x-sum', '5')))
    end(bench)
    assert.equal(answer.over, false)
    stream.write(Buffer.from('more of the request'), 0, 4)
    stream.resume()
    assert.equal(answer.body, 'hello')
    assert.equal(answer.trailers?.get('x-sum'), '5')
    assert.equal(answer.failure, '')
    assert.equal(bench.session.shared.waitingBytes, 0)
    assert.equal(bench.session.streamCount, 0)
  })

  test(`a response that is here, after ${what}, may be given up`, () => {
    const bench = new ClientBench()
    const { stream, answer } = bench.send(request('POST', { length: CHUNKED }))
    stream.pause()
    bench.says(begin(), data(1, 'hello', 1))
    end(bench)
    stream.abort()
    stream.resume()
    assert.equal(answer.body, '')
    assert.equal(bench.session.shared.waitingBytes, 0)
  })
}

test('one that is not here whole fails with its connection, paused or not', () => {
  const bench = new ClientBench()
  const { stream, answer } = bench.send()
  stream.pause()
  bench.says(begin(), data(1, 'hello'))
  bench.session.lost()
  assert.equal(answer.failure, 'http_response_incomplete')
  assert.equal(bench.session.shared.waitingBytes, 0)
})

test('a tunnel that waits for settings may be sent elsewhere when the connection goes', () => {
  const bench = new ClientBench({}, null)
  const { answer } = bench.send(request('GET', { upgrade: 'websocket' }))
  bench.session.lost()
  assert.equal(answer.failure, 'connection_limit_reached')
})

test('a paused response takes its window and no more; others are not stalled by any number of them', () => {
  const bench = new ClientBench()
  const slow = Array.from({ length: 99 }, () => bench.send())
  const fast = bench.send()
  for (const [i, { stream }] of slow.entries()) {
    stream.pause()
    const id = 1 + 2 * i
    bench.says(headers(id, ok(), 4), ...[0, 1, 2, 3].map(() => data(id, Buffer.alloc(16_383))))
  }
  bench.says(headers(199, ok(), 4))
  for (let i = 0; i < 40; i++) bench.session.receive(data(199, Buffer.alloc(16_000)))
  assert.equal(bench.closed, null)
  assert.equal(fast.answer.body.length, 640_000)
  slow[0]?.stream.resume()
  assert.equal(slow[0]?.answer.body.length, 4 * 16_383)
})

test('a response’s window grows with what its consumer takes, and stops no other when that ceases', () => {
  const bench = new ClientBench()
  const all = Array.from({ length: 100 }, () => bench.send())
  let [window, connection] = [65_535, 100 * 65_535]
  const hear = (): void => {
    for (const { type, stream, payload } of bench.transport.frames())
      if (type === 8 && stream === 1) window += payload.readUInt32BE(0)
      else if (type === 8 && stream === 0) connection += payload.readUInt32BE(0)
  }
  const send = (): number => {
    const bytes = window
    for (let at = 0; at < bytes; at += 16_384)
      bench.session.receive(data(1, Buffer.alloc(Math.min(16_384, bytes - at))))
    window = 0
    connection -= bytes
    return bytes
  }
  bench.says(headers(1, ok(), 4))
  for (let i = 0; i < 12; i++) {
    send()
    bench.nowMs += 40
    hear()
  }
  assert.ok(window > 2_000_000 && window <= 4 * 1024 * 1024, `it grew to ${window}`)
  all[0]?.stream.pause()
  const waiting = send()
  assert.equal(bench.session.shared.waitingBytes, waiting)
  for (const [i, { stream }] of all.entries()) {
    if (i === 0 || i === 99) continue
    stream.pause()
    const id = 1 + 2 * i
    bench.says(headers(id, ok(), 4), ...[0, 1, 2, 3].map(() => data(id, Buffer.alloc(16_383))))
    connection -= 4 * 16_383
  }
  hear()
  bench.says(headers(199, ok(), 4))
  for (let i = 0; i < 40; i++) {
    assert.ok(connection >= 16_000, `the connection has ${connection}`)
    bench.session.receive(data(199, Buffer.alloc(16_000)))
    connection -= 16_000
    hear()
  }
  assert.equal(bench.closed, null)
  assert.equal(all[99]?.answer.body.length, 640_000)
  bench.session.lost()
  assert.deepEqual([bench.session.shared.grantedBytes, bench.session.shared.waitingBytes], [0, 0])
})

// RFC 8441.

const upgrade = (): ReturnType<typeof request> =>
  request('GET', {
    upgrade: 'websocket',
    fields: new Fields(['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version', '13']),
  })
const willing = Buffer.concat([settings([8, 1]), settingsAck])

test('an extended CONNECT that waits keeps a connection that takes no more', () => {
  const bench = new ClientBench({}, null)
  bench.transport.take()
  const { stream, answer } = bench.send(upgrade())
  assert.equal(bench.session.streamCount, 1)
  bench.session.shutdown()
  bench.turn()
  assert.equal(bench.closed, null)
  assert.equal(bench.session.request(), null)
  assert.ok(bench.says(willing).includes('HEADERS 1'))
  bench.says(headers(1, ok(), 4), data(1, 'ho', 1))
  assert.equal(answer.body, 'ho')
  stream.endTunnel()
  bench.turn()
  assert.equal(bench.closed, '')
})

test('one that is given up lets such a connection end', () => {
  const bench = new ClientBench({}, null)
  const { stream } = bench.send(upgrade())
  bench.session.shutdown()
  stream.abort()
  bench.turn()
  bench.session.sweep(2000)
  assert.equal(bench.closed, '')
})

test('extended CONNECT waits for the server’s settings, and opens a tunnel', () => {
  const bench = new ClientBench({}, null)
  bench.transport.take()
  const { stream, answer } = bench.send(upgrade())
  assert.deepEqual(bench.transport.said(), [])
  assert.deepEqual(bench.says(willing), ['HEADERS 1'])
  bench.says(headers(1, ok('sec-websocket-protocol', 'chat'), 4))
  assert.equal(answer.upgraded?.status, 101)
  assert.equal(answer.upgraded?.upgrade, 'websocket')
  assert.deepEqual(answer.upgraded?.fields.list, [
    'sec-websocket-protocol',
    'chat',
    'sec-websocket-accept',
    websocketAccept('dGhlIHNhbXBsZSBub25jZQ=='),
  ])
  assert.equal(websocketAccept('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  stream.write(Buffer.from('hi'), 0, 2)
  stream.flush()
  bench.turn()
  bench.says(data(1, 'ho', 1))
  assert.equal(answer.body, 'ho')
  assert.equal(answer.ended, true)
  assert.equal(bench.session.streamCount, 1, 'our direction is open')
  stream.endTunnel()
  bench.turn()
  assert.equal(bench.session.streamCount, 0)
})

test('extended CONNECT: what it looks like', () => {
  const bench = new ClientBench({}, willing)
  bench.send(upgrade())
  const list: string[] = []
  const [first] = bench.transport.frames()
  assert.ok(first !== undefined && wire.describe(first) === 'HEADERS 1')
  new HpackDecoder().decode(first.payload, 0, first.payload.length, {
    full: false,
    field: (name, value) => void list.push(name, value),
  })
  assert.deepEqual(list, [
    ':method',
    'CONNECT',
    ':protocol',
    'websocket',
    ':scheme',
    'http',
    ':authority',
    'a.example',
    ':path',
    '/',
    'sec-websocket-version',
    '13',
  ])
})

test('extended CONNECT fails where the server does not know it', () => {
  const bench = new ClientBench()
  const stream = bench.session.request()
  bench.send()
  const refused = new Answer()
  stream?.send(upgrade(), refused)
  assert.equal(refused.failure, 'http_upgrade_failed')
  assert.equal(bench.session.available, 99)
})

test('extended CONNECT that is refused is answered like any request', () => {
  const bench = new ClientBench({}, willing)
  const { answer } = bench.send(upgrade())
  bench.says(headers(1, block(':status', '403'), 4), data(1, 'no', 1))
  assert.equal(answer.upgraded, null)
  assert.equal(answer.head?.status, 403)
  assert.equal(answer.body, 'no')
  assert.equal(bench.session.streamCount, 0)
})

test('fuzz: whatever a server says, every request ends once, and nothing is thrown', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
    fc.constantFrom(
      ok(),
      ok('content-length', '3'),
      block(':status', '103'),
      block('x', 'y'),
      u32(1),
      u32(0, 0),
      Buffer.alloc(8),
      Buffer.alloc(0),
    ),
  )
  const any = fc.tuple(
    fc.integer({ min: 0, max: 10 }),
    fc.integer({ min: 0, max: 63 }),
    fc.constantFrom(0, 1, 2, 3, 5, 7),
    payload,
  )
  const act = fc.constantFrom(
    'none',
    'send',
    'tunnel',
    'abort',
    'pause',
    'resume',
    'write',
    'end',
    'slow',
    'drained',
    'shutdown',
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(act, any), { maxLength: 40, size: 'max' }),
      fc.integer({ min: 1, max: 64 }),
      (steps, cut) => {
        const bench = new ClientBench({}, willing)
        const sent: ReturnType<typeof bench.send>[] = []
        const aborted = new Set<Answer>()
        for (const [i, [what, [type, flags, id, bytes]]] of steps.entries()) {
          const one = sent[i % Math.max(1, sent.length)]
          if ((what === 'send' || what === 'tunnel') && bench.session.available > 0)
            sent.push(
              bench.send(
                what === 'tunnel' ? upgrade() : request('POST', { length: i % 2 === 0 ? CHUNKED : NO_BODY }),
              ),
            )
          else if (what === 'abort' && one !== undefined) {
            one.stream.abort()
            aborted.add(one.answer)
          } else if (what === 'pause') one?.stream.pause()
          else if (what === 'resume') one?.stream.resume()
          else if (what === 'write') one?.stream.write(Buffer.alloc(30_000), 0, 30_000)
          else if (what === 'end') one?.stream.end(null)
          else if (what === 'shutdown') bench.session.shutdown()
          else if (what === 'slow') bench.transport.slow = true
          else if (what === 'drained') {
            bench.transport.slow = false
            bench.session.drained()
          }
          const all = frame(type, flags, id, bytes)
          for (let at = 0; at < all.length; at += cut) bench.session.receive(all.subarray(at, at + cut))
          bench.turn()
        }
        for (const { stream } of sent) stream.resume()
        bench.session.lost()
        for (const { answer } of sent)
          if (!aborted.has(answer) && answer.upgraded === null) assert.equal(answer.over, true)
        assert.equal(bench.session.streamCount, 0)
      },
    ),
    { numRuns: 1500 },
  )
})
