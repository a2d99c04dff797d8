import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChunkedReader } from '../../../src/http/h1/chunked.ts'
import { trailerAllowed } from '../../../src/http/h1/trailers.ts'
import { chunkedOutcome, cuts, latin1 } from './replay.ts'

const show = (bytes: string): string =>
  JSON.stringify(bytes.length > 100 ? `${bytes.slice(0, 100)}… (${bytes.length})` : bytes)
const ext = (text: string): string => `1${text}\r\na\r\n0\r\n\r\n`
const trailers = (text: string): string => `0\r\n${text}\r\n`
const quoted = (bytes: number): string => `;a="${'b'.repeat(bytes - 4)}"`

// RFC 9112 §7.1 and HTTP1.md rules 7 and 8: [rule, bytes].
const refused: readonly (readonly [string, readonly string[]])[] = [
  [
    'chunk-size',
    [
      '\r\n',
      ' 1\r\n',
      '1 \r\n',
      '1\t\r\n',
      '-1\r\n',
      '+1\r\n',
      '0x1\r\n',
      'g\r\n',
      ';a\r\n',
      '1,1\r\n',
      '00000000000001\r\n',
      'fffffffffffffffff\r\n',
      '\n',
      '"1"\r\n',
      '1.0\r\n',
      '1\r\na\r\n\r\n',
      '1\r\na\r\nx\r\n',
      '1 ;a\r\n',
      '1\0\r\n',
      '\x001\r\n',
      '1\xa0\r\n',
      '1g\r\n',
    ],
  ],
  [
    'chunk-ending',
    [
      '1\n',
      '1\r\r\n',
      '1\ra',
      '1\r\nab\r\n',
      '1\r\na\n',
      '1\r\na\r\r',
      '1\r\na\ra',
      '2\r\nabc\r\n',
      '1\r\na0\r\n\r\n',
      '0\n\n',
      '1\r\na\n0\r\n\r\n',
      '3\r\nab\r\n0',
    ],
  ],
  [
    'chunk-extension',
    [
      ext(';'),
      ext('; a'),
      ext(';=b'),
      ext(';a='),
      ext(';a =b'),
      ext(';a= b'),
      ext(';a;'),
      ext(';a="b'),
      ext(';a="b"c'),
      ext(';a=b c'),
      ext(';a=b=c'),
      ext(';a="\0"'),
      ext(';a="\\\0"'),
      ext(';(a)'),
      ext(';a\n'),
      ext(';a="b\n"'),
      ext(';a=b\n'),
      ext(';;a'),
      ext(';a="b" '),
      ext(';a\t'),
      ext(';"a"'),
      ext(';a=b"c"'),
      ext(';a\0'),
      ext(';\xe9'),
      ext(';a="b\x7f"'),
      ext(';a="b\r\n"'),
    ],
  ],
  [
    'chunk-extension-size',
    [
      ext(`;${'a'.repeat(257)}`),
      ext(quoted(258)),
      `1${`;${'a'.repeat(100)}`.repeat(45)}\r\n`,
      `1;${'a'.repeat(250)}\r\nb\r\n`.repeat(17),
    ],
  ],
  [
    'line-ending',
    ['0\r\n\n', '0\r\n\r\r', '0\r\n\rX', trailers('X: y\n'), trailers('X: y\r\r\n'), trailers('X\ny: z\r\n')],
  ],
  ['field-name', [trailers('X : y\r\n'), trailers(': y\r\n'), trailers('X\r\n'), trailers('X y: z\r\n')]],
  ['field-folded', [trailers(' X: y\r\n'), trailers('X: y\r\n z\r\n')]],
  ['field-value', [trailers('X: a\0\r\n'), trailers('X: \x7f\r\n')]],
  [
    'trailer-size',
    [
      trailers(`X: ${'a'.repeat(8200)}\r\n`),
      trailers('X: y\r\n'.repeat(101)),
      trailers(`X: ${'a'.repeat(8000)}\r\n`.repeat(3)),
    ],
  ],
]

describe('chunked bodies that are refused', () => {
  for (const [rule, all] of refused)
    for (const bytes of all)
      test(`${rule}: ${show(bytes)}`, () => {
        const whole = latin1(bytes)
        const outcome = chunkedOutcome([whole])
        assert.equal(outcome.rule, rule)
        assert.equal(outcome.done, false)
        assert.deepEqual(outcome.trailers, [])
        for (const pieces of cutsOf(whole))
          assert.deepEqual(chunkedOutcome(pieces), outcome, `cut at ${pieces[0]!.length}`)
      })
})

// [bytes, body, trailers]
const read: readonly (readonly [bytes: string, body: string, trailers?: readonly string[]])[] = [
  ['0\r\n\r\n', ''],
  ['000\r\n\r\n', ''],
  ['0000000000000\r\n\r\n', ''],
  ['1\r\na\r\n0\r\n\r\n', 'a'],
  ['a\r\n0123456789\r\nA\r\nabcdefghij\r\n0\r\n\r\n', '0123456789abcdefghij'],
  ['00000000003\r\nabc\r\n0\r\n\r\n', 'abc'],
  ['5\r\n\r\n0\r\n\r\n0\r\n\r\n', '\r\n0\r\n'],
  ['2\r\n\0\xff\r\n0\r\n\r\n', '\0\xff'],
  [ext(';a'), 'a'],
  [ext(';a=b'), 'a'],
  [ext(';a="b"'), 'a'],
  [ext(';a="b;c=\\"d\\\\"'), 'a'],
  [ext(';a=""'), 'a'],
  [ext(';a;b=c;d="e"'), 'a'],
  [ext(`;${'a'.repeat(255)}`), 'a'],
  [ext(';a="\xe9\t "'), 'a'],
  ['0;last=1\r\n\r\n', ''],
  [trailers('X-Sum: 1\r\ngrpc-status: 0\r\n'), '', ['X-Sum', '1', 'grpc-status', '0']],
  [trailers('X-A:\r\nETag:  "x" \r\n'), '', ['X-A', '', 'ETag', '"x"']],
  [
    trailers(
      'Content-Length: 5\r\nX-A: b\r\nHost: c\r\nAuthorization: d\r\nX-Forwarded-For: e\r\nSet-Cookie: f\r\nX_A: g\r\n',
    ),
    '',
    ['X-A', 'b'],
  ],
  [trailers('TRANSFER-ENCODING: chunked\r\n'), '', []],
]

describe('chunked bodies that are read', () => {
  for (const [bytes, body, fields = []] of read)
    test(show(bytes), () => {
      const whole = latin1(`${bytes}GET /next`)
      const outcome = chunkedOutcome([whole])
      assert.deepEqual(outcome, { body, rule: '', done: true, end: bytes.length, trailers: fields })
      for (const pieces of cutsOf(whole))
        assert.deepEqual(chunkedOutcome(pieces), outcome, `cut at ${pieces[0]!.length}`)
      for (let at = 0; at < bytes.length; at++)
        assert.equal(chunkedOutcome([whole.subarray(0, at)]).done, false)
    })
})

test('a reader is as new after reset, whatever it was doing', () => {
  const reader = new ChunkedReader()
  const sink = { data: () => {} }
  for (const before of [
    '5\r\nab',
    '1;a="',
    '0\r\nX-A: b',
    'g',
    '0\r\nX-A: b\r\n\r\n',
    '1\r',
    'ff',
    `1;${'a'.repeat(250)}\r\na\r\n`.repeat(16),
  ]) {
    reader.reset()
    reader.read(latin1(before), 0, before.length, sink)
    reader.reset()
    assert.deepEqual(chunkedOutcome([latin1('1;a\r\na\r\n0\r\n\r\n')], reader), {
      body: 'a',
      rule: '',
      done: true,
      end: 13,
      trailers: [],
    })
  }
})

test('reads only between start and end, and gives ranges of the chunk itself', () => {
  const chunk = latin1('xx3\r\nabc\r\n0\r\n\r\nyy')
  const seen: unknown[] = []
  const reader = new ChunkedReader()
  const at = reader.read(chunk, 2, chunk.length - 2, {
    data: (given, from, to) => seen.push([given === chunk, from, to]),
  })
  assert.deepEqual([at, reader.done, seen], [15, true, [[true, 5, 8]]])
})

test('sizes of 13 digits are exact', () => {
  const reader = new ChunkedReader()
  let bytes = 0
  const piece = latin1('fffffffffffff\r\nabc')
  reader.read(piece, 0, piece.length, { data: (_, from, to) => (bytes += to - from) })
  assert.deepEqual([bytes, reader.rejection, reader.done], [3, null, false])
})

describe('trailers', () => {
  for (const name of [
    'x-checksum',
    'etag',
    'grpc-status',
    'grpc-message',
    'server-timing',
    'digest',
    'last-modified',
    'te2',
  ])
    test(`${name} may pass`, () => assert.ok(trailerAllowed(name)))
  for (const name of [
    'host',
    'content-length',
    'content-type',
    'content-encoding',
    'transfer-encoding',
    'te',
    'trailer',
    'connection',
    'upgrade',
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'www-authenticate',
    'cache-control',
    'expect',
    'range',
    'if-match',
    'forwarded',
    'x-forwarded-for',
    'via',
    'x-request-id',
    'x-real-ip',
    'location',
    'x-portcullis-consumer',
    'a_b',
    'traceparent',
    'age',
    'vary',
  ])
    test(`${name} may not`, () => assert.ok(!trailerAllowed(name)))
})

/** Long vectors are cut in two only, near their ends. */
function* cutsOf(whole: Buffer): Generator<Buffer[]> {
  if (whole.length < 1000) {
    yield* cuts(whole)
    return
  }
  for (let at = 1; at < whole.length; at += at < 300 || at > whole.length - 300 ? 1 : 97)
    yield [whole.subarray(0, at), whole.subarray(at)]
  yield Array.from(whole, byte => Buffer.from([byte]))
}
