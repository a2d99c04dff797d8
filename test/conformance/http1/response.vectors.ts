import type { Reject } from './vectors.ts'

/** Byte vectors for response heads (RFC 9112 §4, §6; HTTP1.md rule 11). `method` is the request's; GET where it is left out. */
export interface ResponseAccept {
  readonly bytes: string
  readonly method?: string
  readonly head: Readonly<Record<string, unknown>>
  readonly fields?: readonly string[]
}

const OK = 'HTTP/1.1 200 OK\r\n'
const ok = (fields: string): string => `${OK}${fields}\r\n`

function rejects(rule: string, ...all: string[]): Reject[] {
  return all.map(bytes => ({ rule, bytes }))
}

export const responseRejects: readonly Reject[] = [
  ...rejects(
    'status-line',
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/1.2 200 OK\r\n\r\n',
    'HTTP/0.9 200 OK\r\n\r\n',
    'http/1.1 200 OK\r\n\r\n',
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1\t200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 099 OK\r\n\r\n',
    'HTTP/1.1 600 OK\r\n\r\n',
    'HTTP/1.1 999 OK\r\n\r\n',
    'HTTP/1.1 2xx OK\r\n\r\n',
    'HTTP/1.1 -20 OK\r\n\r\n',
    'HTTP/1.1 \r\n\r\n',
    'HTTP/1.1\r\n\r\n',
    'HTTP/1.1 200\tOK\r\n\r\n',
    'HTTP/1.1 200OK\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    ' HTTP/1.1 200 OK\r\n\r\n',
    '\r\nHTTP/1.1 200 OK\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    'HTTP/1.12 200 OK\r\n\r\n',
    'HTTP/11 200 OK\r\n\r\n',
    '\0',
    '\nHTTP/1.1 200 OK\r\n\r\n',
    '<html>',
    'H\r\n\r\n',
  ),
  ...rejects(
    'line-ending',
    'HTTP/1.1 200 OK\n\n',
    'HTTP/1.1 200 OK\r\r\n\r\n',
    'HTTP/1.1 200 OK\rX: y\r\n\r\n',
    `${OK}X: y\n\r\n`,
    `${OK}X: y\r\n\n`,
    `${OK}X: y\rz\r\n\r\n`,
    'HTTP/1.1 200 O\0K\r\n\r\n',
    'HTTP/1.1 200 O\x7fK\r\n\r\n',
    'HTTP/1.1\n200 OK\r\n\r\n',
    'HTTP/1.1 200\n\r\n',
    'HTTP\0',
    `${OK}\r\r\n`,
    'HT\rTP/1.1 200 OK\r\n\r\n',
  ),
  ...rejects('field-name', ok('X : y\r\n'), ok(': y\r\n'), ok('X\r\n'), ok('X Y: z\r\n'), ok('X\0: y\r\n')),
  ...rejects('field-folded', ok('X: y\r\n z\r\n'), ok(' X: y\r\n'), ok('X: y\r\n\tz\r\n')),
  ...rejects(
    'field-value',
    ok('X: a\0b\r\n'),
    ok('X: a\x0bb\r\n'),
    ok('X: a\x7f\r\n'),
    ok('Set-Cookie: a\x01\r\n'),
  ),
  ...rejects(
    'field-repeated',
    ok('Content-Type: a/b\r\nContent-Type: c/d\r\n'),
    ok('Location: /a\r\nLOCATION: /b\r\n'),
    ok('Content-Range: x\r\nContent-Range: x\r\n'),
  ),
  ...rejects(
    'framing-conflict',
    ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
    ok('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'),
    'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  ),
  ...rejects(
    'transfer-encoding',
    ok('Transfer-Encoding: chunked, chunked\r\n'),
    ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'),
    ok('Transfer-Encoding:\r\n'),
  ),
  ...rejects(
    'transfer-coding',
    ok('Transfer-Encoding: gzip, chunked\r\n'),
    ok('Transfer-Encoding: gzip\r\n'),
    ok('Transfer-Encoding: identity\r\n'),
  ),
  ...rejects('transfer-encoding-version', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ...rejects(
    'content-length',
    ...['', '-1', '+5', '5, 5', '5a', '0x5', '9007199254740992', '1 1'].map(v =>
      ok(`Content-Length: ${v}\r\n`),
    ),
  ),
  ...rejects(
    'content-length-repeated',
    ok('Content-Length: 5\r\nContent-Length: 5\r\n'),
    ok('Content-Length: 5\r\nContent-Length: 6\r\n'),
  ),
  ...rejects('connection-option', ok('Connection: a b\r\n'), ok('Connection: "close"\r\n')),
  ...rejects(
    'connection-protected',
    ok('Connection: Set-Cookie\r\n'),
    ok('Connection: Content-Length\r\n'),
    ok('Connection: close, cache-control\r\n'),
  ),
  ...rejects('trailer-names', ok('Trailer: (a)\r\n')),
  ...rejects(
    'upgrade-protocol',
    'HTTP/1.1 101 X\r\n\r\n',
    'HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n',
    'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: a b\r\n\r\n',
  ),
  ...rejects('field-size', ok(`X: ${'a'.repeat(300)}\r\n`), `${OK}X: ${'a'.repeat(300)}`),
  ...rejects('field-count', ok('A: b\r\n'.repeat(13))),
  ...rejects(
    'head-size',
    ok(`A: ${'b'.repeat(190)}\r\n`.repeat(6)),
    `HTTP/1.1 200 ${'a'.repeat(400)}`,
    `HTTP/1.1 200 ${'a'.repeat(288)}\r\n\r\n`,
  ),
]

export const responseAccepts: readonly ResponseAccept[] = [
  {
    bytes: ok(''),
    head: {
      status: 200,
      reason: 'OK',
      version: 11,
      length: -2,
      hasLength: false,
      keepAlive: false,
      upgrade: '',
    },
    fields: [],
  },
  { bytes: 'HTTP/1.1 200 \r\n\r\n', head: { status: 200, reason: '' } },
  { bytes: 'HTTP/1.1 200\r\n\r\n', head: { status: 200, reason: '' } },
  {
    bytes: 'HTTP/1.1 404 Not  Found (caf\xe9)\t\r\n\r\n',
    head: { status: 404, reason: 'Not  Found (caf\xe9)\t' },
  },
  { bytes: 'HTTP/1.1 599 X\r\n\r\n', head: { status: 599 } },
  { bytes: ok('Content-Length: 5\r\n'), head: { length: 5, hasLength: true, keepAlive: true }, fields: [] },
  { bytes: ok('content-length:0\r\n'), head: { length: 0, hasLength: true, keepAlive: true }, fields: [] },
  {
    bytes: ok('Content-Length: 5\r\nConnection: close\r\n'),
    head: { length: 5, keepAlive: false },
    fields: [],
  },
  {
    bytes: ok('Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n'),
    head: { length: -1, hasLength: false, keepAlive: true, trailer: 'X-Sum' },
    fields: [],
  },
  { bytes: ok('Transfer-Encoding: CHUNKED\r\n'), head: { length: -1 } },
  // HTTP/1.0
  { bytes: 'HTTP/1.0 200 OK\r\n\r\n', head: { version: 10, length: -2, keepAlive: false } },
  {
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n',
    head: { version: 10, length: 5, keepAlive: false },
  },
  {
    bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n',
    head: { length: 5, keepAlive: true },
  },
  { bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n', head: { length: -2, keepAlive: false } },
  // No body, whatever is said (§6.3).
  {
    bytes: ok('Content-Length: 5\r\n'),
    method: 'HEAD',
    head: { length: 0, hasLength: false, keepAlive: true },
    fields: ['Content-Length', '5'],
  },
  {
    bytes: ok('Transfer-Encoding: chunked\r\n'),
    method: 'HEAD',
    head: { length: 0, keepAlive: true },
    fields: [],
  },
  { bytes: ok(''), method: 'HEAD', head: { length: 0, keepAlive: true }, fields: [] },
  {
    bytes: 'HTTP/1.1 204 No Content\r\n\r\n',
    head: { length: 0, hasLength: false, keepAlive: true },
    fields: [],
  },
  {
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    head: { length: 0, hasLength: false },
    fields: [],
  },
  { bytes: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', head: { length: 0 }, fields: [] },
  {
    bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
    head: { length: 0, keepAlive: true },
    fields: ['ETag', '"x"', 'Content-Length', '5'],
  },
  {
    bytes: 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
    head: { length: 0 },
    fields: [],
  },
  // Interim
  { bytes: 'HTTP/1.1 100 Continue\r\n\r\n', head: { status: 100, length: 0, keepAlive: true } },
  {
    bytes: 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
    head: { status: 103, length: 0 },
    fields: ['Link', '</a>; rel=preload'],
  },
  {
    bytes: 'HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\n',
    head: { status: 102, length: 0, hasLength: false },
    fields: [],
  },
  {
    bytes:
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n',
    head: { status: 101, length: 0, upgrade: 'websocket' },
    fields: ['Sec-WebSocket-Accept', 'x'],
  },
  // Connection management
  {
    bytes: ok('Content-Length: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: timeout=5\r\n'),
    head: { keepAlive: true },
    fields: ['X-End', '2'],
  },
  {
    bytes:
      'HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n',
    head: { upgrade: '' },
    fields: [],
  },
  // What many servers do and nobody is harmed by
  {
    bytes: ok('Server: a\r\nServer: b\r\nDate: x\r\nDate: y\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX_Y: z\r\n'),
    head: {},
    fields: [
      'Server',
      'a',
      'Server',
      'b',
      'Date',
      'x',
      'Date',
      'y',
      'Set-Cookie',
      'a',
      'Set-Cookie',
      'b',
      'X_Y',
      'z',
    ],
  },
  {
    bytes: ok('Host: a\r\nTE: b\r\nExpect: c\r\n'),
    head: {},
    fields: ['Host', 'a', 'TE', 'b', 'Expect', 'c'],
  },
]
