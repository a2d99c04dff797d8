import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PREFACE } from '../../../src/http/h2/codes.ts'
import { localHead } from '../../../src/http/local.ts'
import { ServerBench } from './harness.ts'
import * as wire from '../../support/http2/wire.ts'
import {
  block,
  continuation,
  data,
  frame,
  get,
  headers,
  hello,
  ping,
  post,
  priority,
  rst,
  settings,
  u32,
  windowUpdate,
} from '../../support/http2/wire.ts'

/** What RFC 9113 demands of a server, section by section: what a client sends, and the last thing that it hears of it. */
type Vector = readonly [section: string, what: string, frames: readonly Buffer[], outcome: string]

const open = headers(1, post(), wire.END_HEADERS)
const closed = [headers(1, get()), rst(1, 8)]
const big = (length: number): Buffer => Buffer.alloc(length)
const half = headers(1, get())

const vectors: readonly Vector[] = [
  // §4.1: what is unknown is ignored, and so is the reserved bit.
  ['4.1', 'a frame of an unknown type', [frame(0xfa, 0xff, 0, 'x'), ping()], 'PONG 12345678'],
  ['4.1', 'an unknown frame on an idle stream', [frame(0xfa, 0, 7, 'x'), ping()], 'PONG 12345678'],
  ['4.1', 'undefined flags', [frame(6, 0xfe, 0, '12345678')], 'PONG 12345678'],
  ['4.1', 'the reserved bit of a stream', [frame(6, 0, 0x80000000, '12345678')], 'PONG 12345678'],
  // §4.2
  ['4.2', 'DATA above SETTINGS_MAX_FRAME_SIZE', [open, data(1, big(16_385))], 'GOAWAY 1 FRAME_SIZE_ERROR'],
  ['4.2', 'HEADERS above SETTINGS_MAX_FRAME_SIZE', [headers(1, big(16_385))], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  [
    '4.2',
    'an unknown frame above SETTINGS_MAX_FRAME_SIZE',
    [frame(0xfa, 0, 0, big(16_385))],
    'GOAWAY 0 FRAME_SIZE_ERROR',
  ],
  ['4.2', 'DATA of SETTINGS_MAX_FRAME_SIZE', [open, data(1, big(16_384)), ping()], 'PONG 12345678'],
  // §4.3
  [
    '4.3',
    'a field block that cannot be decoded',
    [headers(1, Buffer.from([0x80]))],
    'GOAWAY 0 COMPRESSION_ERROR',
  ],
  [
    '4.3',
    'trailers that cannot be decoded',
    [open, headers(1, Buffer.from([0x80]))],
    'GOAWAY 1 COMPRESSION_ERROR',
  ],
  [
    '4.3',
    'a block on a closed stream that cannot be decoded',
    [...closed, headers(1, Buffer.from([0x80]))],
    'GOAWAY 1 COMPRESSION_ERROR',
  ],
  [
    '4.3',
    'a frame within a field block',
    [headers(1, get(), wire.END_STREAM), ping()],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  [
    '4.3',
    'another stream within a field block',
    [headers(1, get(), wire.END_STREAM), headers(3, get())],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  [
    '4.3',
    'an unknown frame within a field block',
    [headers(1, get(), wire.END_STREAM), frame(0xfa, 0, 1)],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  // §5.1: idle
  ['5.1', 'DATA on an idle stream', [data(1, 'x')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['5.1', 'RST_STREAM on an idle stream', [rst(1, 8)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['5.1', 'WINDOW_UPDATE on an idle stream', [windowUpdate(1, 1)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['5.1', 'CONTINUATION on an idle stream', [continuation(1, get())], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['5.1', 'PRIORITY on an idle stream', [priority(5, 1), ping()], 'PONG 12345678'],
  // half-closed (remote)
  ['5.1', 'DATA on a half-closed stream', [half, data(1, 'x')], 'RST 1 STREAM_CLOSED'],
  ['5.1', 'HEADERS on a half-closed stream', [half, headers(1, get())], 'RST 1 STREAM_CLOSED'],
  ['5.1', 'WINDOW_UPDATE on a half-closed stream', [half, windowUpdate(1, 1), ping()], 'PONG 12345678'],
  ['5.1', 'RST_STREAM on a half-closed stream', [half, rst(1, 8), ping()], 'PONG 12345678'],
  // closed
  ['5.1', 'DATA after RST_STREAM', [...closed, data(1, 'x')], 'RST 1 STREAM_CLOSED'],
  ['5.1', 'HEADERS after RST_STREAM', [...closed, headers(1, get())], 'RST 1 STREAM_CLOSED'],
  ['5.1', 'WINDOW_UPDATE after RST_STREAM', [...closed, windowUpdate(1, 1), ping()], 'PONG 12345678'],
  ['5.1', 'RST_STREAM after RST_STREAM', [...closed, rst(1, 8), ping()], 'PONG 12345678'],
  ['5.1', 'PRIORITY on a closed stream', [...closed, priority(1, 3), ping()], 'PONG 12345678'],
  // §5.1.1
  ['5.1.1', 'a stream of an even number', [headers(2, get())], 'GOAWAY 0 PROTOCOL_ERROR'],
  [
    '5.1.1',
    'a stream that was passed over',
    [headers(5, get()), headers(3, get())],
    'GOAWAY 5 PROTOCOL_ERROR',
  ],
  ['5.1.1', 'streams with gaps', [headers(3, get()), headers(9, get()), ping()], 'PONG 12345678'],
  // §5.3 of RFC 7540, as far as it is kept
  [
    '5.3',
    'HEADERS that depend on themselves',
    [headers(1, Buffer.concat([u32(1), Buffer.from([1]), get()]), wire.WHOLE | wire.PRIORITISED)],
    'RST 1 PROTOCOL_ERROR',
  ],
  ['5.3', 'PRIORITY that depends on itself', [open, priority(1, 1)], 'RST 1 PROTOCOL_ERROR'],
  [
    '5.3',
    'HEADERS with a priority',
    [headers(1, Buffer.concat([u32(0), Buffer.from([1]), get()]), wire.WHOLE | wire.PRIORITISED), ping()],
    'PONG 12345678',
  ],
  // §6.1
  ['6.1', 'DATA on stream 0', [data(0, 'x')], 'GOAWAY 0 PROTOCOL_ERROR'],
  [
    '6.1',
    'padding as long as the payload',
    [open, data(1, '\x04abc', wire.PADDED)],
    'GOAWAY 1 PROTOCOL_ERROR',
  ],
  [
    '6.1',
    'padding longer than the payload',
    [open, data(1, '\xffabc', wire.PADDED)],
    'GOAWAY 1 PROTOCOL_ERROR',
  ],
  ['6.1', 'the PADDED flag without a length', [open, data(1, '', wire.PADDED)], 'GOAWAY 1 FRAME_SIZE_ERROR'],
  ['6.1', 'nothing but padding', [open, data(1, '\x03abc', wire.PADDED), ping()], 'PONG 12345678'],
  // §6.2
  ['6.2', 'HEADERS on stream 0', [headers(0, get())], 'GOAWAY 0 PROTOCOL_ERROR'],
  [
    '6.2',
    'HEADERS with too much padding',
    [headers(1, Buffer.concat([Buffer.from([200]), get()]), wire.WHOLE | wire.PADDED)],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  [
    '6.2',
    'HEADERS too short for their padding',
    [headers(1, Buffer.alloc(0), wire.WHOLE | wire.PADDED)],
    'GOAWAY 0 FRAME_SIZE_ERROR',
  ],
  [
    '6.2',
    'HEADERS too short for their priority',
    [headers(1, big(4), wire.WHOLE | wire.PRIORITISED)],
    'GOAWAY 0 FRAME_SIZE_ERROR',
  ],
  [
    '6.2',
    'HEADERS with padding',
    [headers(1, Buffer.concat([Buffer.from([3]), get(), big(3)]), wire.WHOLE | wire.PADDED), ping()],
    'PONG 12345678',
  ],
  // §6.3
  ['6.3', 'PRIORITY on stream 0', [priority(0, 1)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.3', 'PRIORITY of another length', [open, frame(2, 0, 1, big(4))], 'RST 1 FRAME_SIZE_ERROR'],
  // §6.4
  ['6.4', 'RST_STREAM on stream 0', [rst(0, 8)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.4', 'RST_STREAM of another length', [open, frame(3, 0, 1, big(3))], 'GOAWAY 1 FRAME_SIZE_ERROR'],
  ['6.4', 'RST_STREAM with an unknown code', [open, rst(1, 0xff), ping()], 'PONG 12345678'],
  // §6.5
  ['6.5', 'SETTINGS on a stream', [frame(4, 0, 1)], 'GOAWAY 0 PROTOCOL_ERROR'],
  [
    '6.5',
    'SETTINGS of a length that is no multiple of 6',
    [frame(4, 0, 0, big(5))],
    'GOAWAY 0 FRAME_SIZE_ERROR',
  ],
  ['6.5', 'an acknowledgement with a payload', [frame(4, 1, 0, big(6))], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['6.5.2', 'ENABLE_PUSH of 2', [settings([2, 2])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.5.2', 'INITIAL_WINDOW_SIZE above 2^31-1', [settings([4, 0x80000000])], 'GOAWAY 0 FLOW_CONTROL_ERROR'],
  ['6.5.2', 'MAX_FRAME_SIZE below 16,384', [settings([5, 16_383])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.5.2', 'MAX_FRAME_SIZE above 2^24-1', [settings([5, 0x1000000])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.5.2', 'an unknown setting', [settings([0xff, 1]), ping()], 'PONG 12345678'],
  ['8441 3', 'ENABLE_CONNECT_PROTOCOL of 2', [settings([8, 2])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['8441 3', 'ENABLE_CONNECT_PROTOCOL taken back', [settings([8, 1], [8, 0])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['9218 2.1', 'NO_RFC7540_PRIORITIES of 2', [settings([9, 2])], 'GOAWAY 0 PROTOCOL_ERROR'],
  // §6.6
  [
    '6.6',
    'PUSH_PROMISE by a client',
    [frame(5, 4, 1, Buffer.concat([u32(2), get()]))],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  // §6.7
  ['6.7', 'PING on a stream', [frame(6, 0, 1, '12345678')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.7', 'PING of another length', [frame(6, 0, 0, '1234567')], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  [
    '6.7',
    'an answer to a PING is not answered',
    [ping('aaaaaaaa', wire.ACK), ping('bbbbbbbb')],
    'PONG bbbbbbbb',
  ],
  // §6.8
  ['6.8', 'GOAWAY on a stream', [frame(7, 0, 1, u32(0, 0))], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.8', 'GOAWAY that is too short', [frame(7, 0, 0, big(7))], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['6.8', 'GOAWAY with an unknown code', [wire.goaway(0, 0xff), ping()], 'PONG 12345678'],
  // §6.9
  ['6.9', 'WINDOW_UPDATE of 0 for the connection', [windowUpdate(0, 0)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['6.9', 'WINDOW_UPDATE of 0 for a stream', [open, windowUpdate(1, 0)], 'RST 1 PROTOCOL_ERROR'],
  ['6.9', 'WINDOW_UPDATE of another length', [frame(8, 0, 0, big(3))], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  [
    '6.9.1',
    'a window of the connection above 2^31-1',
    [windowUpdate(0, 0x7fffffff)],
    'GOAWAY 0 FLOW_CONTROL_ERROR',
  ],
  [
    '6.9.1',
    'a window of a stream above 2^31-1',
    [open, windowUpdate(1, 0x7fffffff)],
    'RST 1 FLOW_CONTROL_ERROR',
  ],
  [
    '6.9.2',
    'a setting that makes a window too large',
    [open, windowUpdate(1, 0x7fff0000), settings([4, 0x7fffffff])],
    'GOAWAY 1 FLOW_CONTROL_ERROR',
  ],
  // §6.10
  ['6.10', 'CONTINUATION without a block', [half, continuation(1, get())], 'GOAWAY 1 PROTOCOL_ERROR'],
  [
    '6.10',
    'CONTINUATION on stream 0',
    [headers(1, get(), wire.END_STREAM), continuation(0, Buffer.alloc(0))],
    'GOAWAY 0 PROTOCOL_ERROR',
  ],
  [
    '6.10',
    'CONTINUATION after DATA',
    [open, data(1, 'x'), continuation(1, get())],
    'GOAWAY 1 PROTOCOL_ERROR',
  ],
  [
    '6.10',
    'a block in three frames',
    [
      headers(1, get().subarray(0, 9), wire.END_STREAM),
      continuation(1, get().subarray(9, 20), 0),
      continuation(1, get().subarray(20)),
      ping(),
    ],
    'PONG 12345678',
  ],
  // §8.1
  [
    '8.1',
    'trailers that do not end the stream',
    [open, headers(1, block('x', 'y'), wire.END_HEADERS)],
    'RST 1 PROTOCOL_ERROR',
  ],
  [
    '8.1',
    'a pseudo-header field in trailers',
    [open, headers(1, block(':path', '/'))],
    'RST 1 PROTOCOL_ERROR',
  ],
  ['8.1', 'a malformed field in trailers', [open, headers(1, block('X', 'y'))], 'RST 1 PROTOCOL_ERROR'],
  ['8.1', 'trailers', [open, headers(1, block('x', 'y')), ping()], 'PONG 12345678'],
  [
    '8.1.1',
    'more data than Content-Length',
    [headers(1, post('content-length', '1'), 4), data(1, 'ab')],
    'RST 1 PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'less data than Content-Length',
    [headers(1, post('content-length', '3'), 4), data(1, 'ab', 1)],
    'RST 1 PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'less data than Content-Length, and trailers',
    [headers(1, post('content-length', '3'), 4), data(1, 'ab'), headers(1, block('x', 'y'))],
    'RST 1 PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'a Content-Length without data',
    [headers(1, post('content-length', '3'))],
    'RST 1 PROTOCOL_ERROR',
  ],
  [
    '8.1.1',
    'data after a Content-Length of 0',
    [headers(1, post('content-length', '0'), 4), data(1, 'a', 1)],
    'RST 1 PROTOCOL_ERROR',
  ],
]

function run(frames: readonly Buffer[], cut: number): { said: string[]; rules: string[] } {
  const bench = new ServerBench()
  const bytes = Buffer.concat(frames)
  if (cut === 0) bench.session.receive(bytes)
  else for (let at = 0; at < bytes.length; at += cut) bench.session.receive(bytes.subarray(at, at + cut))
  return { said: bench.transport.said(), rules: bench.malformed }
}

for (const [section, what, frames, outcome] of vectors)
  test(`§${section}: ${what}: ${outcome}`, () => {
    const whole = run(frames, 0)
    assert.equal(whole.said.at(-1), outcome)
    // Wherever the packets end.
    for (const cut of [1, 2, 3, 5, 8, 13]) assert.deepEqual(run(frames, cut), whole, `cut every ${cut} bytes`)
  })

/** Requests that are malformed (§8.1.1), by the rule that says so. */
const malformed: readonly (readonly [rule: string, what: string, fields: readonly string[]])[] = [
  ['h2-field-name', 'an upper-case name', [...wire.GET, 'X-Test', 'a']],
  ['h2-field-name', 'a name with a space', [...wire.GET, 'x test', 'a']],
  ['h2-field-name', 'an empty name', [...wire.GET, '', 'a']],
  ['h2-field-name', 'a name with DEL', [...wire.GET, 'x\x7f', 'a']],
  ['h2-field-name', 'a name beyond ASCII', [...wire.GET, 'x\xe9', 'a']],
  ['h2-field-name', 'a name with a colon', [...wire.GET, 'x:y', 'a']],
  ['h2-field-name', 'a name with CRLF', [...wire.GET, 'x\r\ny', 'a']],
  ['h2-field-value', 'a value with CR', [...wire.GET, 'x', 'a\rb']],
  ['h2-field-value', 'a value with LF', [...wire.GET, 'x', 'a\nb']],
  ['h2-field-value', 'a value with NUL', [...wire.GET, 'x', 'a\0b']],
  ['h2-field-value', 'a value that begins with a space', [...wire.GET, 'x', ' a']],
  ['h2-field-value', 'a value that ends with a tab', [...wire.GET, 'x', 'a\t']],
  [
    'h2-field-value',
    'a path with CRLF',
    [':method', 'GET', ':scheme', 'http', ':path', '/\r\nx: y', ':authority', 'a.example'],
  ],
  [
    'h2-field-value',
    'a method with a space at its end',
    [':method', 'GET ', ':scheme', 'http', ':path', '/', ':authority', 'a.example'],
  ],
  ['h2-connection-field', 'Connection', [...wire.GET, 'connection', 'keep-alive']],
  ['h2-connection-field', 'Keep-Alive', [...wire.GET, 'keep-alive', 'timeout=5']],
  ['h2-connection-field', 'Proxy-Connection', [...wire.GET, 'proxy-connection', 'keep-alive']],
  ['h2-connection-field', 'Transfer-Encoding', [...wire.POST, 'transfer-encoding', 'chunked']],
  ['h2-connection-field', 'Upgrade', [...wire.GET, 'upgrade', 'h2c']],
  ['h2-te', 'TE with a coding', [...wire.GET, 'te', 'trailers, deflate']],
  ['h2-pseudo-unknown', 'an unknown pseudo-header field', [...wire.GET, ':test', 'a']],
  ['h2-pseudo-unknown', 'a pseudo-header field of responses', [...wire.GET, ':status', '200']],
  ['h2-pseudo-unknown', 'a bare colon', [...wire.GET, ':', 'a']],
  [
    'h2-pseudo-late',
    'a pseudo-header field after a regular one',
    [...wire.GET.slice(0, 6), 'x', 'y', ':authority', 'a.example'],
  ],
  ...[0, 2, 4, 6].map(
    i =>
      [
        'h2-pseudo-repeated',
        `pseudo-header field ${i / 2} twice`,
        [...wire.GET, ...wire.GET.slice(i, i + 2)],
      ] as const,
  ),
  ...[0, 2, 4].map(
    i =>
      [
        'h2-pseudo-missing',
        `pseudo-header field ${i / 2} left out`,
        [...wire.GET.slice(0, i), ...wire.GET.slice(i + 2)],
      ] as const,
  ),
  [
    'h2-pseudo-missing',
    'an empty :path',
    [':method', 'GET', ':scheme', 'http', ':path', '', ':authority', 'a.example'],
  ],
  [
    'h2-connect',
    'CONNECT with a path',
    [':method', 'CONNECT', ':scheme', 'http', ':path', '/', ':authority', 'a.example:443'],
  ],
  ['h2-connect', 'CONNECT without an authority', [':method', 'CONNECT']],
  ['h2-connect', ':protocol without CONNECT', [...wire.GET, ':protocol', 'websocket']],
  [
    'h2-connect',
    'extended CONNECT without a path',
    [':method', 'CONNECT', ':protocol', 'websocket', ':scheme', 'http', ':authority', 'a.example'],
  ],
]

for (const [rule, what, fields] of malformed)
  test(`§8.2, §8.3: ${what} is malformed: ${rule}`, () => {
    const bench = new ServerBench()
    assert.deepEqual(bench.says(headers(1, block(...fields))), ['RST 1 PROTOCOL_ERROR'])
    assert.deepEqual(bench.malformed, [rule])
    assert.equal(bench.requests.length + bench.refused.length, 0)
    // The connection lives on, and its compression state with it.
    bench.says(headers(3, get()))
    assert.equal(bench.last.head.path, '/')
  })

/** Requests that are well-formed, and refused with an answer. */
const refused: readonly (readonly [rule: string, what: string, fields: readonly string[]])[] = [
  ['h2-authority', 'Host that differs from :authority', [...wire.GET, 'host', 'b.example']],
  ['host-repeated', 'Host twice', [...wire.GET, 'host', 'a.example', 'host', 'a.example']],
  ['host-missing', 'no authority at all', wire.GET.slice(0, 6)],
  ['host-missing', 'an empty authority', [...wire.GET.slice(0, 6), ':authority', '']],
  ['host-invalid', 'an authority with userinfo', [...wire.GET.slice(0, 6), ':authority', 'me@a.example']],
  [
    'target-scheme',
    'another scheme',
    [':method', 'GET', ':scheme', 'https', ':path', '/', ':authority', 'a.example'],
  ],
  [
    'target-form',
    'an absolute URI in :path',
    [':method', 'GET', ':scheme', 'http', ':path', 'http://a.example/', ':authority', 'a.example'],
  ],
  [
    'target-form',
    'a path without a slash',
    [':method', 'GET', ':scheme', 'http', ':path', 'x', ':authority', 'a.example'],
  ],
  [
    'target-form',
    '"*" without OPTIONS',
    [':method', 'GET', ':scheme', 'http', ':path', '*', ':authority', 'a.example'],
  ],
  [
    'target-fragment',
    'a fragment',
    [':method', 'GET', ':scheme', 'http', ':path', '/a#b', ':authority', 'a.example'],
  ],
  [
    'target-character',
    'a space in the path',
    [':method', 'GET', ':scheme', 'http', ':path', '/a b', ':authority', 'a.example'],
  ],
  [
    'target-nul',
    'an encoded NUL',
    [':method', 'GET', ':scheme', 'http', ':path', '/%00', ':authority', 'a.example'],
  ],
  [
    'path-backslash',
    'a backslash',
    [':method', 'GET', ':scheme', 'http', ':path', '/a\\b', ':authority', 'a.example'],
  ],
  [
    'method-unknown',
    'an unknown method',
    [':method', 'get', ':scheme', 'http', ':path', '/', ':authority', 'a.example'],
  ],
  [
    'request-line',
    'a method that is no token',
    [':method', 'GET /', ':scheme', 'http', ':path', '/', ':authority', 'a.example'],
  ],
  ['method-connect', 'CONNECT', [':method', 'CONNECT', ':authority', 'a.example:443']],
  [
    'upgrade-protocol',
    'CONNECT to h2c',
    [':method', 'CONNECT', ':protocol', 'h2c', ':scheme', 'http', ':path', '/', ':authority', 'a.example'],
  ],
  ['content-length', 'a Content-Length that is a list', [...wire.POST, 'content-length', '1, 1']],
  ['content-length', 'a Content-Length with a sign', [...wire.POST, 'content-length', '+1']],
  [
    'content-length-repeated',
    'Content-Length twice',
    [...wire.POST, 'content-length', '0', 'content-length', '0'],
  ],
  ['expectation', 'another expectation', [...wire.POST, 'expect', 'miracles']],
  ['field-repeated', 'Authorization twice', [...wire.GET, 'authorization', 'a', 'authorization', 'b']],
  ['field-underscore', 'an underscore in a name', [...wire.GET, 'x_y', 'a']],
  [
    'request-line-size',
    'too long a path',
    [':method', 'GET', ':scheme', 'http', ':path', `/${'a'.repeat(8192)}`, ':authority', 'a.example'],
  ],
  ['field-size', 'too long a field', [...wire.GET, 'x', 'a'.repeat(8192)]],
  [
    'head-size',
    'too large a head',
    [...wire.GET, ...Array.from({ length: 10 }, () => ['x', 'a'.repeat(3300)]).flat()],
  ],
  ['field-count', 'too many fields', [...wire.GET, ...Array.from({ length: 100 }, () => ['x', 'a']).flat()]],
  [
    'head-size',
    'too many crumbs of a cookie',
    [...wire.GET, ...Array.from({ length: 10 }, () => ['cookie', 'a'.repeat(3300)]).flat()],
  ],
]

for (const [rule, what, fields] of refused)
  test(`§8.3: ${what} is answered: ${rule}`, () => {
    const bench = new ServerBench()
    const list = block(...fields)
    const frames = [headers(1, list.subarray(0, 16_000), list.length > 16_000 ? wire.END_STREAM : wire.WHOLE)]
    for (let at = 16_000; at < list.length; at += 16_000)
      frames.push(
        continuation(1, list.subarray(at, at + 16_000), at + 16_000 >= list.length ? wire.END_HEADERS : 0),
      )
    assert.deepEqual(bench.says(...frames), ['HEADERS 1 END'])
    assert.deepEqual(bench.refused, [rule])
    assert.deepEqual(bench.malformed, [])
    bench.says(headers(3, get()))
    assert.equal(bench.last.head.path, '/')
  })

test('§3.4: the server says SETTINGS first, and acknowledges the client’s', () => {
  const bench = new ServerBench({ raw: true })
  assert.deepEqual(bench.transport.frames().map(wire.describe), ['SETTINGS', 'WINDOW 0 983041'])
  bench.session.receive(hello)
  assert.deepEqual(bench.transport.frames().map(wire.describe), ['SETTINGS ACK'])
})

for (const [what, bytes] of [
  ['an HTTP/1 request', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['a preface with a wrong byte', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX')],
  ['a first frame that is not SETTINGS', Buffer.concat([PREFACE, ping()])],
  ['a first frame that is an acknowledgement', Buffer.concat([PREFACE, wire.settingsAck])],
] as const)
  test(`§3.4: ${what} ends the connection`, () => {
    for (const cut of [bytes.length, 1]) {
      const bench = new ServerBench({ raw: true })
      for (let at = 0; at < bytes.length; at += cut) bench.session.receive(bytes.subarray(at, at + cut))
      assert.deepEqual(bench.transport.said(), ['GOAWAY 0 PROTOCOL_ERROR'])
      assert.equal(bench.transport.ended, true)
    }
  })

test('§5.1.2: a stream above the limit is refused, and the connection lives', () => {
  const bench = new ServerBench({ limits: { streams: 2 } })
  assert.deepEqual(bench.says(headers(1, get()), headers(3, get()), headers(5, get())), [
    'RST 5 REFUSED_STREAM',
  ])
  bench.says(rst(1, 8), headers(7, get()))
  assert.equal(bench.requests.length, 3)
})

test('§5.1: what arrives on a stream that we have reset is ignored, and its window given back', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post(), wire.END_HEADERS))
  bench.last.stream.abort()
  assert.deepEqual(bench.turn(), ['RST 1 INTERNAL_ERROR'])
  const ignored = [
    data(1, 'x'),
    windowUpdate(1, 1),
    data(1, 'x', wire.END_STREAM),
    headers(1, block('x', 'y')),
    rst(1, 8),
    ping(),
  ]
  assert.deepEqual(bench.says(...ignored), ['PONG 12345678'])
  const flood = Array.from({ length: 128 }, () => data(1, big(16_000)))
  for (const piece of flood) bench.session.receive(piece)
  assert.equal(bench.closed, null, 'the connection’s window has been re-opened')
})

test('§5.1: after both ends HEADERS and DATA are connection errors', () => {
  for (const late of [headers(1, get()), data(1, 'x')]) {
    const bench = new ServerBench()
    bench.says(headers(1, get()))
    bench.last.stream.end(null)
    bench.turn()
    assert.deepEqual(bench.says(windowUpdate(1, 5), priority(1, 0), rst(1, 8), ping()), ['PONG 12345678'])
    assert.deepEqual(bench.says(late), ['GOAWAY 1 STREAM_CLOSED'])
    assert.equal(bench.transport.ended, true)
  }
})

/** A session that has answered an upload before its end, and what it has said so far. */
function answeredEarly(): ServerBench {
  const bench = new ServerBench()
  bench.says(headers(1, post(), wire.END_HEADERS), data(1, Buffer.alloc(100)))
  bench.last.stream.head(localHead(413, [], 0))
  bench.last.stream.end(null)
  assert.deepEqual(bench.turn(), ['HEADERS 1 END'])
  return bench
}

const sweepAfter = (bench: ServerBench, ms: number): string[] => {
  bench.session.sweep((bench.nowMs += ms))
  return bench.transport.said()
}

test('§8.1: a response before the request’s end is followed by RST_STREAM with NO_ERROR once it can have been read', () => {
  const bench = answeredEarly()
  assert.deepEqual(sweepAfter(bench, 1000), [])
  assert.equal(bench.session.streamCount, 1, 'it counts as a stream')
  assert.deepEqual(sweepAfter(bench, 1500), ['RST 1 NO_ERROR'])
  assert.deepEqual([bench.session.streamCount, bench.session.shared.open], [0, 0])
  assert.deepEqual(bench.says(data(1, 'late')), [])
})

test('a response that is still on its way has not been read', () => {
  const bench = answeredEarly()
  bench.transport.slow = true
  bench.says(ping())
  for (let i = 0; i < 5; i++) assert.deepEqual(sweepAfter(bench, 2500), [])
  bench.transport.slow = false
  bench.session.drained()
  assert.deepEqual(sweepAfter(bench, 1000), [])
  assert.deepEqual(sweepAfter(bench, 1500), ['RST 1 NO_ERROR'])
})

test('an answered request that comes to its end, or is reset, needs no reset of ours', () => {
  for (const last of [data(1, 'rest', wire.END_STREAM), rst(1, 8)]) {
    const bench = answeredEarly()
    assert.deepEqual(bench.says(last), [])
    assert.equal(bench.session.streamCount, 0)
    assert.deepEqual(sweepAfter(bench, 10_000), [])
  }
})

test('resets of answered requests are not those of a rapid reset', () => {
  const bench = new ServerBench()
  for (let n = 0; n < 500; n++) {
    const id = 1 + 2 * n
    bench.says(headers(id, post(), wire.END_HEADERS))
    bench.last.stream.head(localHead(401, [], 0))
    bench.last.stream.end(null)
    bench.turn()
    bench.says(rst(id, 8))
  }
  assert.equal(bench.closed, null)
})

test('the rest of an answered request is let in within a bound, and given back to the connection', () => {
  const bench = answeredEarly()
  let [stream, connection, sent] = [65_535 - 100, 1024 * 1024 - 100, 0]
  const hear = (): void => {
    for (const { type, stream: id, payload } of bench.transport.frames())
      if (type === 8 && id === 1) stream += payload.readUInt32BE(0)
      else if (type === 8) connection += payload.readUInt32BE(0)
  }
  while (stream > 0) {
    const bytes = Math.min(stream, 16_384)
    bench.session.receive(data(1, Buffer.alloc(bytes)))
    sent += bytes
    stream -= bytes
    connection -= bytes
    hear()
  }
  assert.ok(sent > 65_535 && sent <= 1024 * 1024 + 65_535, `${sent} bytes were let in`)
  assert.ok(connection >= 512 * 1024)
  assert.equal(bench.last.body.length, 100)
  assert.equal(bench.session.shared.waitingBytes, 0)
  assert.deepEqual(sweepAfter(bench, 2500), ['RST 1 NO_ERROR'])
})

test('what an answered request had waiting is dropped, and given back to the connection', () => {
  const bench = new ServerBench()
  for (let n = 0; n < 40; n++) {
    const id = 1 + 2 * n
    bench.says(headers(id, post(), wire.END_HEADERS))
    const { stream } = bench.last
    stream.pause()
    for (let i = 0; i < 3; i++) bench.session.receive(data(id, Buffer.alloc(16_384)))
    stream.head(localHead(503, [], 0))
    stream.end(null)
    assert.equal(bench.session.shared.waitingBytes, 0)
  }
  assert.equal(bench.closed, null)
  assert.equal(bench.session.streamCount, 40)
})

test('§6.8: the end of a stream does not share a write with the end of the connection', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  bench.last.stream.end(null)
  bench.transport.sends = 0
  bench.session.shutdown()
  assert.equal(bench.transport.sends, 1)
  assert.deepEqual(bench.transport.said(), ['DATA 1 0 END'])
  assert.deepEqual(bench.turn(), ['GOAWAY 2147483647 NO_ERROR', 'PING drain\0\0\0'])
})

test('§6.5.3: settings are taken in their order, the last one counts', () => {
  const bench = new ServerBench()
  bench.says(settings([4, 100], [4, 1]), headers(1, get()))
  bench.last.stream.data(Buffer.from('abc'), 0, 3)
  bench.last.stream.flush()
  assert.deepEqual(bench.turn(), ['DATA 1 1'])
})

test('§8.1.1: a malformed body is answered if the response has not begun, and the stream is reset', () => {
  const bench = new ServerBench()
  assert.deepEqual(bench.says(headers(1, post('content-length', '1'), 4), data(1, 'ab')), [
    'HEADERS 1 END',
    'RST 1 PROTOCOL_ERROR',
  ])
  assert.equal(bench.last.rejection, 'h2-content-length')
  assert.equal(bench.last.ended, false, 'nobody takes the body for complete')
})
