import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE } from '../head.ts'
import type { RequestHead, ResponseHead } from '../head.ts'
import { RequestHeadReader } from './request.ts'
import { ResponseHeadReader } from './response.ts'
import { chunkHead, serializeRequest, serializeResponse, trailerText, wireLength } from './serialize.ts'

const limits = {
  requestLineBytes: 8192,
  lineBytes: 8192,
  fieldBytes: 8192,
  headBytes: 32_768,
  fieldCount: 100,
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
  underscores: 'reject',
} as const

const request = (changes: Partial<RequestHead>): RequestHead => ({
  method: 'GET',
  scheme: 'http',
  authority: 'a',
  hostname: 'a',
  path: '/x',
  query: '?y',
  version: 11,
  fields: new Fields(['A', 'b']),
  length: NO_BODY,
  hasLength: false,
  keepAlive: true,
  upgrade: '',
  expectContinue: false,
  acceptsTrailers: false,
  trailer: '',
  hints: 0,
  ...changes,
})

const response = (changes: Partial<ResponseHead>): ResponseHead => ({
  status: 200,
  reason: '',
  version: 11,
  fields: new Fields(['Date', 'now']),
  length: NO_BODY,
  hasLength: false,
  keepAlive: true,
  upgrade: '',
  trailer: '',
  ...changes,
})

const start = 'GET /x?y HTTP/1.1\r\nHost: a\r\nA: b\r\n'
for (const [what, changes, text] of [
  ['plain', {}, `${start}\r\n`],
  ['HTTP/1.0 goes on as 1.1', { version: 10, keepAlive: false }, `${start}\r\n`],
  ['a length', { length: 5, hasLength: true }, `${start}Content-Length: 5\r\n\r\n`],
  ['a length of 0 that was said', { hasLength: true }, `${start}Content-Length: 0\r\n\r\n`],
  ['chunked', { length: CHUNKED }, `${start}Transfer-Encoding: chunked\r\n\r\n`],
  [
    'chunked with trailers',
    { length: CHUNKED, trailer: 'X-Sum' },
    `${start}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`,
  ],
  [
    'no Trailer without chunks',
    { length: 5, hasLength: true, trailer: 'X-Sum' },
    `${start}Content-Length: 5\r\n\r\n`,
  ],
  ['upgrade', { upgrade: 'websocket' }, `${start}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`],
  ['accepts trailers', { acceptsTrailers: true }, `${start}Connection: TE\r\nTE: trailers\r\n\r\n`],
  [
    'server-wide OPTIONS',
    { method: 'OPTIONS', path: '*', query: '' },
    'OPTIONS * HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n',
  ],
] as const)
  test(`request: ${what}`, () => assert.equal(serializeRequest(request(changes)), text))

const ok = 'HTTP/1.1 200 OK\r\nDate: now\r\n'
for (const [what, changes, keepAlive, version, method, text] of [
  ['a length', { length: 5, hasLength: true }, true, 11, 'GET', `${ok}Content-Length: 5\r\n\r\n`],
  ['no body is said', {}, true, 11, 'GET', `${ok}Content-Length: 0\r\n\r\n`],
  ['close', { length: 5 }, false, 11, 'GET', `${ok}Content-Length: 5\r\nConnection: close\r\n\r\n`],
  [
    '1.0 kept alive',
    { length: 5 },
    true,
    10,
    'GET',
    `${ok}Content-Length: 5\r\nConnection: keep-alive\r\n\r\n`,
  ],
  ['1.0 closed', { length: 5 }, false, 10, 'GET', `${ok}Content-Length: 5\r\nConnection: close\r\n\r\n`],
  [
    'unknown length to 1.1',
    { length: UNTIL_CLOSE },
    true,
    11,
    'GET',
    `${ok}Transfer-Encoding: chunked\r\n\r\n`,
  ],
  ['unknown length to 1.0', { length: UNTIL_CLOSE }, true, 10, 'GET', `${ok}Connection: close\r\n\r\n`],
  ['chunked to 1.0', { length: CHUNKED, trailer: 'X' }, true, 10, 'GET', `${ok}Connection: close\r\n\r\n`],
  [
    'chunked with trailers',
    { length: CHUNKED, trailer: 'X-Sum' },
    true,
    11,
    'GET',
    `${ok}Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n`,
  ],
  [
    'HEAD with a length of our own',
    { length: 5, hasLength: true },
    true,
    11,
    'HEAD',
    `${ok}Content-Length: 5\r\n\r\n`,
  ],
  ['HEAD of unknown length', { length: CHUNKED }, true, 11, 'HEAD', `${ok}\r\n`],
  ['HEAD without length', {}, true, 11, 'HEAD', `${ok}\r\n`],
  ['204', { status: 204 }, true, 11, 'GET', 'HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n'],
  [
    '204 with a length',
    { status: 204, length: 5, hasLength: true },
    true,
    11,
    'GET',
    'HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n',
  ],
  ['304', { status: 304 }, true, 11, 'GET', 'HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n'],
  [
    'interim',
    { status: 103, fields: new Fields(['Link', 'x']) },
    true,
    11,
    'GET',
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
  ],
  [
    'switching protocols',
    { status: 101, upgrade: 'websocket', fields: new Fields() },
    true,
    11,
    'GET',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  [
    'a reason of its own',
    { reason: 'Fine (really)' },
    true,
    11,
    'HEAD',
    'HTTP/1.1 200 Fine (really)\r\nDate: now\r\n\r\n',
  ],
  ['a status without a name', { status: 299 }, true, 11, 'HEAD', 'HTTP/1.1 299 \r\nDate: now\r\n\r\n'],
] as const)
  test(`response: ${what}`, () =>
    assert.equal(serializeResponse(response(changes), keepAlive, version, method), text))

test('Date is added where it is missing, in the format of RFC 9110 §5.6.7', () => {
  const text = serializeResponse(response({ fields: new Fields(['Dato', 'x']) }), true, 11, 'GET')
  const date = /\r\nDate: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/.exec(text)?.[1]
  assert.ok(Math.abs(Date.parse(date ?? '') - Date.now()) < 2000)
  assert.equal(
    serializeResponse(response({ fields: new Fields(['dAtE', 'x']) }), true, 11, 'GET').match(/date:/gi)
      ?.length,
    1,
  )
})

for (const [what, changes, version, method, length] of [
  ['length', { length: 5 }, 11, 'GET', 5],
  ['HEAD', { length: 5 }, 11, 'HEAD', NO_BODY],
  ['304', { status: 304, length: 5 }, 11, 'GET', NO_BODY],
  ['1.1', { length: UNTIL_CLOSE }, 11, 'GET', CHUNKED],
  ['1.0', { length: CHUNKED }, 10, 'GET', UNTIL_CLOSE],
] as const)
  test(`the body on the wire: ${what}`, () =>
    assert.equal(wireLength(response(changes), version, method), length))

describe('nothing that breaks a message apart is ever sent', () => {
  for (const bad of ['\r\n', '\n', '\r', '\0', 'Ā', '\u010a\u010d', ' ']) {
    for (const part of ['method', 'authority', 'path', 'query'] as const)
      test(`${JSON.stringify(bad)} in ${part}`, () =>
        assert.throws(() => serializeRequest(request({ [part]: `/a${bad}b` })), /refused to send/))
    if (bad === ' ') continue
    test(`${JSON.stringify(bad)} in Upgrade, Trailer and reason`, () => {
      assert.throws(() => serializeRequest(request({ upgrade: `a${bad}` })), /refused to send/)
      assert.throws(
        () => serializeRequest(request({ length: CHUNKED, trailer: `a${bad}` })),
        /refused to send/,
      )
      assert.throws(
        () => serializeResponse(response({ reason: `a${bad}` }), true, 11, 'GET'),
        /refused to send/,
      )
    })
  }
  for (const status of [0, 99, 600, 200.5, NaN])
    test(`status ${status}`, () =>
      assert.throws(() => serializeResponse(response({ status }), true, 11, 'GET'), /refused to send/))
})

test('what is written is read back the same', () => {
  const head = request({
    length: CHUNKED,
    trailer: 'X-Sum',
    acceptsTrailers: true,
    fields: new Fields(['X', '', 'Y', '\xe9 z']),
  })
  const wire = Buffer.from(serializeRequest(head), 'latin1')
  assert.deepEqual(plain(new RequestHeadReader(limits, 'http').read(wire, 0)), plain(head))
  const answer = response({ length: 5, hasLength: true, reason: 'OK' })
  const answerWire = Buffer.from(serializeResponse(answer, true, 11, 'GET'), 'latin1')
  assert.deepEqual(plain(new ResponseHeadReader(limits).read(answerWire, 0, 'GET')), plain(answer))
})

/** A head with its fields as a list: how they are kept besides is their own affair. */
function plain(head: RequestHead | ResponseHead | Rejection | null): object {
  assert.ok(head !== null && !(head instanceof Rejection))
  return { ...head, fields: head.fields.list }
}

test('chunks and trailers', () => {
  assert.deepEqual([chunkHead(1), chunkHead(255), chunkHead(65_536)], ['1\r\n', 'ff\r\n', '10000\r\n'])
  assert.equal(trailerText(new Fields(['A', 'b', 'C', 'd'])), 'A: b\r\nC: d\r\n')
  assert.equal(trailerText(new Fields()), '')
})
