import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fields } from '../../../src/http/fields.ts'
import { CHUNKED, HINT_FORWARDED, HINT_ORIGIN, NO_BODY } from '../../../src/http/head.ts'
import { localHead } from '../../../src/http/local.ts'
import { HpackDecoder, type FieldSink } from '../../../src/http/h2/hpack-decoder.ts'
import { huffmanEncode, huffmanLength } from '../../../src/http/h2/huffman.ts'
import { websocketAccept } from '../../../src/http/h2/websocket.ts'
import { ServerBench } from './harness.ts'
import * as wire from '../../support/http2/wire.ts'
import { block, data, describe, get, headers, ping, post } from '../../support/http2/wire.ts'

/** What a request's fields become: parts of its head. */
const accepted: readonly (readonly [
  what: string,
  fields: readonly string[],
  flags: number,
  head: Record<string, unknown>,
  list?: readonly string[],
])[] = [
  [
    'a plain GET',
    wire.GET,
    5,
    {
      method: 'GET',
      scheme: 'http',
      authority: 'a.example',
      hostname: 'a.example',
      path: '/',
      query: '',
      version: 20,
      length: NO_BODY,
      hasLength: false,
      upgrade: '',
      hints: 0,
    },
    [],
  ],
  [
    'a query',
    [...wire.GET.slice(0, 4), ':path', '/x?a=b&c', ':authority', 'A.example:8080'],
    5,
    { path: '/x', query: '?a=b&c', authority: 'A.example:8080', hostname: 'a.example' },
  ],
  [
    'dot segments',
    [...wire.GET.slice(0, 4), ':path', '/a/../b/%7euser?x', ':authority', 'a'],
    5,
    { path: '/b/~user', query: '?x' },
  ],
  [
    'OPTIONS *',
    [':method', 'OPTIONS', ':scheme', 'http', ':path', '*', ':authority', 'a'],
    5,
    { method: 'OPTIONS', path: '*' },
  ],
  [
    'Host in place of :authority',
    [...wire.GET.slice(0, 6), 'host', 'b.example'],
    5,
    { authority: 'b.example', hostname: 'b.example' },
    [],
  ],
  [
    'Host equal to :authority but for case',
    [...wire.GET, 'host', 'A.Example'],
    5,
    { authority: 'a.example' },
    [],
  ],
  [
    'cookie crumbs',
    [...wire.GET, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'],
    5,
    {},
    ['x', 'y', 'cookie', 'a=1; b=2'],
  ],
  ['a body of known length', [...wire.POST, 'content-length', '5'], 4, { length: 5, hasLength: true }, []],
  ['a body of unknown length', wire.POST, 4, { length: CHUNKED, hasLength: false }],
  [
    'a Content-Length of 0 on an open stream',
    [...wire.POST, 'content-length', '0'],
    4,
    { length: NO_BODY, hasLength: true },
  ],
  [
    'a Content-Length of 0 on a closed one',
    [...wire.POST, 'content-length', '0'],
    5,
    { length: NO_BODY, hasLength: true },
  ],
  ['TE: trailers', [...wire.GET, 'te', 'trailers'], 5, { acceptsTrailers: true }, []],
  ['Trailer', [...wire.POST, 'trailer', 'x-sum', 'trailer', 'x-time'], 4, { trailer: 'x-sum, x-time' }, []],
  ['Expect', [...wire.POST, 'expect', '100-continue'], 4, { expectContinue: true }, []],
  ['Expect without a body', [...wire.GET, 'expect', '100-continue'], 5, { expectContinue: false }],
  [
    'fields that others look at',
    [...wire.GET, 'x-forwarded-for', '1.2.3.4', 'origin', 'http://b'],
    5,
    { hints: HINT_FORWARDED | HINT_ORIGIN },
  ],
  ['fields in their order', [...wire.GET, 'b', '2', 'a', '1', 'b', ''], 5, {}, ['b', '2', 'a', '1', 'b', '']],
]

for (const [what, fields, flags, expected, list] of accepted)
  test(`request: ${what}`, () => {
    const bench = new ServerBench()
    bench.says(headers(1, block(...fields), flags))
    const { head } = bench.last
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(Reflect.get(head, key), value, key)
    if (list !== undefined) assert.deepEqual(head.fields.list, list)
  })

test('underscores: dropped or passed as ClientPolicy says, and never as another name', () => {
  const dropping = new ServerBench({ policy: { underscores: 'drop' } })
  dropping.says(headers(1, get('x_y', 'a', 'content_length', '5')))
  assert.deepEqual(dropping.last.head.fields.list, [])
  const allowing = new ServerBench({ policy: { underscores: 'allow' } })
  allowing.says(headers(1, get('x_y', 'a')), headers(3, get('x_forwarded_for', 'a')))
  assert.deepEqual(allowing.last.head.fields.list, ['x_y', 'a'])
  assert.deepEqual(allowing.refused, ['field-underscore-alias'])
})

function huffman(text: string): Buffer {
  const bytes = Buffer.alloc(huffmanLength(text))
  huffmanEncode(text, bytes, 0)
  return bytes
}

// gRPC is answered in its own way, and its type may stand behind what was too much.
for (const [what, type] of [
  ['a literal with a new name', block('content-type', 'a')],
  [
    'one in the code of Huffman',
    Buffer.from([0, 0x80 | huffmanLength('content-type'), ...huffman('content-type'), 1, 0x61]),
  ],
  ['a literal with a name of the static table', Buffer.from([0x0f, 0x10, 0x01, 0x61])],
  ['a literal that is indexed', Buffer.from([0x5f, 0x01, 0x61])],
] as const)
  test(`what is refused for its size has its type: ${what}`, () => {
    const bench = new ServerBench({ policy: { fieldCount: 3 } })
    const many = block(...wire.GET, 'a', '1', 'b', '2', 'a-name-of-14-chr', '3')
    bench.says(headers(1, Buffer.concat([many, type]), 5))
    assert.deepEqual(bench.refused, ['field-count'])
    assert.deepEqual(bench.refusedTypes, ['a'])
    // The compression state has not suffered.
    bench.says(headers(3, block(...wire.GET, 'x', 'y'), 5))
    assert.deepEqual(bench.last.head.fields.list, ['x', 'y'])
  })

class List implements FieldSink {
  readonly full = false
  readonly all: string[] = []
  field(name: string, value: string): void {
    if (name !== 'date') this.all.push(name, value)
  }
}

/** What a client sees of one response, its Date left out. */
function written(bench: ServerBench): string[] {
  bench.session.receive(ping())
  const decoder = new HpackDecoder()
  const list = new List()
  for (const { type, payload } of bench.transport.frames())
    if (type === 1) assert.ok(decoder.decode(payload, 0, payload.length, list))
  return list.all
}

const responses: readonly (readonly [
  what: string,
  method: string,
  status: number,
  fields: readonly string[],
  bytes: number,
  expected: readonly string[],
])[] = [
  [
    'names in lower case',
    'GET',
    200,
    ['Content-Type', 'a/b', 'X-Test', 'Y'],
    0,
    [':status', '200', 'content-type', 'a/b', 'x-test', 'Y', 'content-length', '0'],
  ],
  ['a length', 'GET', 200, [], 3, [':status', '200', 'content-length', '3']],
  ['a status without an entry of its own', 'GET', 418, [], 0, [':status', '418', 'content-length', '0']],
  ['the length that a HEAD asked for', 'HEAD', 200, [], 3, [':status', '200', 'content-length', '3']],
  ['no length in 204', 'GET', 204, [], 0, [':status', '204']],
  [
    'nothing that is specific to a connection',
    'GET',
    200,
    [
      'Connection',
      'close',
      'Keep-Alive',
      'x',
      'Transfer-Encoding',
      'chunked',
      'Upgrade',
      'x',
      'Proxy-Connection',
      'x',
    ],
    0,
    [':status', '200', 'content-length', '0'],
  ],
]

for (const [what, method, status, fields, bytes, expected] of responses)
  test(`response: ${what}`, () => {
    const bench = new ServerBench()
    bench.says(headers(1, block(':method', method, ...wire.GET.slice(2))))
    const { stream } = bench.last
    stream.head(localHead(status, fields, bytes))
    stream.data(Buffer.alloc(bytes), 0, bytes)
    stream.end(null)
    assert.deepEqual(written(bench), expected)
  })

test('response: a HEAD that is refused gets no data either', () => {
  const bench = new ServerBench({ answer: Buffer.from('no') })
  bench.says(ping())
  const said = bench.says(
    headers(1, block(':method', 'HEAD', ':scheme', 'http', ':path', '/#', ':authority', 'a')),
  )
  assert.deepEqual(bench.refused, ['target-fragment'])
  assert.deepEqual(said, ['HEADERS 1 END'])
})

test('response: interim heads, data and trailers in their order; END_STREAM on the last frame', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const { stream } = bench.last
  stream.informational({ ...localHead(103, ['link', '</a>'], 0), hasLength: false })
  stream.head({ ...localHead(200, [], 0), length: CHUNKED, hasLength: false })
  stream.data(Buffer.from('abc'), 1, 3)
  stream.end(new Fields(['X-Sum', '1']))
  assert.deepEqual(bench.turn(), ['HEADERS 1', 'HEADERS 1', 'DATA 1 2', 'HEADERS 1 END'])
})

test('response: the last DATA frame carries END_STREAM, also with another length than announced unknown', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()), headers(3, get()))
  const [first, second] = bench.requests
  for (const seen of [first, second]) {
    seen?.stream.head({ ...localHead(200, [], 0), length: CHUNKED, hasLength: false })
    seen?.stream.data(Buffer.from('abc'), 0, 3)
  }
  second?.stream.end(null)
  first?.stream.end(null)
  assert.deepEqual(bench.turn(), ['HEADERS 1', 'DATA 1 3', 'HEADERS 3', 'DATA 3 3 END', 'DATA 1 0 END'])
})

test('response: END_STREAM is never set on another stream’s frame', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()), headers(3, get()))
  for (const { stream } of bench.requests) {
    stream.head({ ...localHead(200, [], 0), length: CHUNKED, hasLength: false })
    stream.data(Buffer.from('abc'), 0, 3)
  }
  bench.requests[0]?.stream.end(null)
  bench.requests[1]?.stream.end(null)
  assert.deepEqual(bench.turn(), [
    'HEADERS 1',
    'DATA 1 3',
    'HEADERS 3',
    'DATA 3 3',
    'DATA 1 0 END',
    'DATA 3 0 END',
  ])
})

test('response: 100 is sent once, and nothing after the final head', () => {
  const bench = new ServerBench()
  bench.says(headers(1, post('expect', '100-continue'), 4))
  const { stream } = bench.last
  stream.continue()
  stream.continue()
  assert.deepEqual(bench.turn(), ['HEADERS 1'])
  stream.head(localHead(200, [], 0))
  stream.informational(localHead(103, [], 0))
  stream.end(null)
  assert.deepEqual(bench.turn(), ['HEADERS 1 END'])
})

test('response: a head above the peer’s frames goes out in CONTINUATION frames', () => {
  const bench = new ServerBench()
  bench.says(headers(1, get()))
  const fields = ['x-a', 'a'.repeat(20_000), 'x-b', 'b'.repeat(20_000)]
  bench.last.stream.head(localHead(200, fields, 0))
  bench.last.stream.end(null)
  bench.runDeferred()
  const frames = bench.transport.frames()
  assert.deepEqual(
    frames.map(({ type, flags }) => [type, flags]),
    [
      [1, 1],
      [9, 0],
      [9, 4],
    ],
  )
  const whole = Buffer.concat(frames.map(({ payload }) => payload))
  const list = new List()
  assert.ok(new HpackDecoder().decode(whole, 0, whole.length, list))
  assert.deepEqual(list.all, [':status', '200', ...fields, 'content-length', '0'])
})

test('trailers of a request: what may not pass is left out', () => {
  const bench = new ServerBench()
  bench.says(
    headers(1, post(), 4),
    data(1, 'abc'),
    headers(1, block('x-sum', '1', 'authorization', 'x', 'content-length', '9', 'x_y', 'z')),
  )
  assert.equal(bench.last.body, 'abc')
  assert.deepEqual(bench.last.trailers?.list, ['x-sum', '1'])
})

test('trailers with an underscore pass where heads with one do, but not as another name', () => {
  const bench = new ServerBench({ policy: { underscores: 'allow' } })
  bench.says(
    headers(1, post(), 4),
    headers(1, block('x_y', 'z', 'content_length', '9', 'x_forwarded_for', 'a')),
  )
  assert.deepEqual(bench.last.trailers?.list, ['x_y', 'z'])
})

// RFC 8441.

const tunnel = block(
  ':method',
  'CONNECT',
  ':protocol',
  'websocket',
  ':scheme',
  'http',
  ':path',
  '/chat',
  ':authority',
  'a.example',
  'sec-websocket-version',
  '13',
)

test('extended CONNECT is what HTTP/1 knows: a GET that upgrades, with a key', () => {
  const bench = new ServerBench()
  bench.says(headers(1, tunnel, 4))
  const { head, stream } = bench.last
  assert.equal(head.method, 'GET')
  assert.equal(head.upgrade, 'websocket')
  assert.equal(head.path, '/chat')
  assert.equal(head.length, NO_BODY)
  const key = head.fields.get('sec-websocket-key') ?? ''
  assert.equal(Buffer.from(key, 'base64').length, 16)
  stream.upgrade({
    ...localHead(101, ['Sec-WebSocket-Accept', websocketAccept(key), 'Sec-WebSocket-Protocol', 'chat'], 0),
    upgrade: 'websocket',
  })
  assert.deepEqual(written(bench), [':status', '200', 'sec-websocket-protocol', 'chat'])
  bench.says(data(1, 'ping'))
  assert.equal(bench.last.body, 'ping')
  stream.data(Buffer.from('pong'), 0, 4)
  stream.endTunnel()
  assert.deepEqual(bench.turn(), ['DATA 1 4 END'])
  assert.equal(bench.session.streamCount, 1, 'the other direction is open')
  bench.says(data(1, '!', wire.END_STREAM))
  assert.equal(bench.last.body, 'ping!')
  assert.equal(bench.last.ended, true)
  assert.equal(bench.session.streamCount, 0)
})

test('extended CONNECT: a wrong Sec-WebSocket-Accept opens nothing', () => {
  const bench = new ServerBench()
  bench.says(headers(1, tunnel, 4))
  bench.last.stream.upgrade({ ...localHead(101, ['Sec-WebSocket-Accept', 'x'], 0), upgrade: 'websocket' })
  assert.deepEqual(written(bench).slice(0, 2), [':status', '502'])
  bench.session.sweep((bench.nowMs += 3000))
  assert.equal(bench.session.streamCount, 0)
})

test('extended CONNECT: a 200 of an upstream that did not switch is no tunnel; another status is an answer', () => {
  for (const [status, expected] of [
    [200, '502'],
    [403, '403'],
  ] as const) {
    const bench = new ServerBench()
    bench.says(headers(1, tunnel, 4))
    bench.last.stream.head(localHead(status, [], 0))
    bench.last.stream.end(null)
    assert.deepEqual(written(bench).slice(0, 2), [':status', expected])
    bench.session.sweep((bench.nowMs += 3000))
    assert.equal(bench.session.streamCount, 0)
  }
})

test('extended CONNECT: what comes before the answer waits for it', () => {
  const bench = new ServerBench()
  bench.says(headers(1, tunnel, 4), data(1, 'early', wire.END_STREAM))
  const { head, stream } = bench.last
  stream.resume()
  assert.deepEqual([bench.last.body, bench.last.ended], ['', false])
  const key = head.fields.get('sec-websocket-key') ?? ''
  stream.upgrade({
    ...localHead(101, ['Sec-WebSocket-Accept', websocketAccept(key)], 0),
    upgrade: 'websocket',
  })
  assert.deepEqual([bench.last.body, bench.last.ended], ['early', true])
})

test('settings announce what is enforced', () => {
  const bench = new ServerBench({ raw: true, limits: { streams: 7, windowBytes: 70_000 } })
  const [first] = bench.transport.frames()
  assert.ok(first !== undefined && describe(first) === 'SETTINGS')
  const pairs = Array.from({ length: first.payload.length / 6 }, (_, i) => [
    first.payload.readUInt16BE(i * 6),
    first.payload.readUInt32BE(i * 6 + 2),
  ])
  assert.deepEqual(pairs, [
    [1, 4096],
    [3, 7],
    [4, 70_000],
    [6, 32_768 + 104 * 32],
    [8, 1],
    [9, 1],
  ])
})
