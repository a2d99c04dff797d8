import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forward, incomingRequestId, viaCount } from './forwarded.ts'
import type { Hop } from './forwarded.ts'
import { RequestHeadReader } from './h1/request.ts'
import { serializeRequest } from './h1/serialize.ts'
import type { RequestHead } from './head.ts'

const limits = {
  requestLineBytes: 8192,
  fieldBytes: 8192,
  headBytes: 32_768,
  fieldCount: 100,
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
  underscores: 'reject',
} as const
const hop = (trustedHops: number, remoteAddress = '10.0.0.1'): Hop => ({
  remoteAddress,
  localPort: 8443,
  scheme: 'http',
  policy: { trustedHops, forwardedPort: 'client' },
})

/** Read by the codec, so that its hints are those of the product. */
function request(fields: string, version = '1.1'): RequestHead {
  const head = new RequestHeadReader(limits, 'http').read(
    Buffer.from(`GET / HTTP/${version}\r\nHost: a:8080\r\n${fields}\r\n`, 'latin1'),
    0,
  )
  assert.ok(head !== null && 'method' in head)
  return head
}

/** What goes upstream: a list that is right does not help if something else is written. */
function sent(head: RequestHead): string[] {
  const lines = serializeRequest(head).split('\r\n').slice(2, -2)
  return lines.flatMap(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
}

/** The order of fields of different names means nothing (RFC 9110 §5.3). */
function byName(list: readonly string[]): string[][] {
  const pairs: string[][] = []
  for (let i = 0; i < list.length; i += 2) pairs.push(list.slice(i, i + 2))
  return pairs.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
}

const own = [
  'X-Forwarded-For',
  '10.0.0.1',
  'X-Forwarded-Proto',
  'http',
  'X-Forwarded-Host',
  'a:8080',
  'X-Forwarded-Port',
  '8080',
]
const tail = ['X-Request-Id', 'new', 'Via', '1.1 portcullis']

for (const [what, hops, fields, client, expected] of [
  ['nothing given', 0, 'A: b\r\n', '10.0.0.1', ['A', 'b', ...own, ...tail]],
  ['nothing given, a hop trusted', 1, '', '10.0.0.1', [...own, ...tail]],
  [
    'nobody is believed',
    0,
    'X-Forwarded-For: 1.1.1.1\r\nA: b\r\nx-forwarded-proto: https\r\nX-Forwarded-Prefix: /x\r\nForwarded: for=1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\nX-Request-Id: old\r\n',
    '10.0.0.1',
    ['A', 'b', ...own, ...tail],
  ],
  [
    'one hop',
    1,
    'X-Forwarded-For: 6.6.6.6, 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: pub\r\nX-Forwarded-Port: 443\r\nX-Request-Id: old-1\r\n',
    '1.1.1.1',
    [
      'X-Forwarded-For',
      '6.6.6.6, 1.1.1.1, 10.0.0.1',
      'X-Forwarded-Proto',
      'https',
      'X-Forwarded-Host',
      'pub',
      'X-Forwarded-Port',
      '443',
      'X-Request-Id',
      'old-1',
      'Via',
      '1.1 portcullis',
    ],
  ],
  [
    'two hops, two fields',
    2,
    'X-Forwarded-For: 6.6.6.6, 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n',
    '1.1.1.1',
    ['X-Forwarded-For', '6.6.6.6, 1.1.1.1, 2.2.2.2, 10.0.0.1', ...own.slice(2), ...tail],
  ],
  [
    'more hops than entries',
    5,
    'X-Forwarded-For: 1.1.1.1\r\n',
    '1.1.1.1',
    ['X-Forwarded-For', '1.1.1.1, 10.0.0.1', ...own.slice(2), ...tail],
  ],
  [
    'an entry that is no address ends belief',
    3,
    'X-Forwarded-For: 6.6.6.6, unknown, 1.1.1.1\r\n',
    '1.1.1.1',
    ['X-Forwarded-For', '6.6.6.6, unknown, 1.1.1.1, 10.0.0.1', ...own.slice(2), ...tail],
  ],
  [
    'ports and brackets',
    2,
    'X-Forwarded-For: [2001:db8::1]:443, 1.1.1.1:80\r\n',
    '2001:db8::1',
    ['X-Forwarded-For', '[2001:db8::1]:443, 1.1.1.1:80, 10.0.0.1', ...own.slice(2), ...tail],
  ],
  [
    'values that make no sense are replaced',
    1,
    'X-Forwarded-Proto: gopher\r\nX-Forwarded-Port: x\r\nX-Forwarded-Host:\r\nX-Request-Id: a b\r\n',
    '10.0.0.1',
    [
      'X-Forwarded-Proto',
      'http',
      'X-Forwarded-Port',
      '8080',
      'X-Forwarded-Host',
      'a:8080',
      'X-Forwarded-For',
      '10.0.0.1',
      ...tail,
    ],
  ],
  [
    'Forwarded goes on with our element',
    1,
    'Forwarded: for=1.1.1.1\r\n',
    '10.0.0.1',
    ['Forwarded', 'for=1.1.1.1, for=10.0.0.1;host="a:8080";proto=http;by=_portcullis', ...own, ...tail],
  ],
] as const)
  test(what, () => {
    const head = request(fields)
    assert.equal(forward(head, hop(hops), 'new'), client)
    assert.deepEqual(byName(head.fields.list), byName(expected))
    assert.deepEqual(byName(sent(head)), byName(expected))
  })

describe('X-Forwarded-Port', () => {
  for (const [what, scheme, host, hops, fields, expected] of [
    ['the port in Host', 'http', 'a:81', 0, '', '81'],
    ['the port in Host, over TLS', 'https', 'a:8443', 0, '', '8443'],
    ['none in Host', 'http', 'a', 0, '', '80'],
    ['none in Host, over TLS', 'https', 'a', 0, '', '443'],
    ['an address of IPv6', 'https', '[2001:db8::1]', 0, '', '443'],
    ['an address of IPv6 with a port', 'https', '[2001:db8::1]:81', 0, '', '81'],
    ['nobody is believed', 'https', 'a', 0, 'X-Forwarded-Port: 81\r\nX-Forwarded-Proto: http\r\n', '443'],
    ['a trusted hop', 'http', 'a:81', 1, 'X-Forwarded-Port: 82\r\nX-Forwarded-Host: b:83\r\n', '82'],
    ['a trusted hop that makes no sense', 'http', 'a:81', 1, 'X-Forwarded-Port: 65536\r\n', '81'],
    ['the host of a trusted hop', 'http', 'a:81', 1, 'X-Forwarded-Host: b:83\r\n', '83'],
    ['the first of its hosts', 'http', 'a:81', 1, 'X-Forwarded-Host: b:83 , c:84\r\n', '83'],
    ['its host without a port', 'http', 'a:81', 1, 'X-Forwarded-Host: b\r\n', '80'],
    [
      'its host and its scheme',
      'http',
      'a:81',
      1,
      'X-Forwarded-Host: b\r\nX-Forwarded-Proto: https\r\n',
      '443',
    ],
    ['its scheme alone', 'http', 'a:81', 1, 'X-Forwarded-Proto: https\r\n', '81'],
    ['a host that is none', 'http', 'a:81', 1, 'X-Forwarded-Host: b:x:99\r\n', '80'],
  ] as const)
    test(what, () => {
      const head = request(fields)
      head.authority = host
      forward(head, { ...hop(hops), scheme }, 'x')
      assert.equal(
        new Map(byName(sent(head)).map(([name = '', value]) => [name, value])).get('X-Forwarded-Port'),
        expected,
      )
    })

  for (const fields of ['', 'X-Forwarded-Host: b:83\r\n'])
    test(`of the listener, where that is wanted ${fields}`, () => {
      const head = request(fields)
      forward(head, { ...hop(1), policy: { trustedHops: 1, forwardedPort: 'listener' } }, 'x')
      assert.equal(head.fields.get('x-forwarded-port'), '8443')
    })
})

test('addresses of dual-stack sockets are IPv4, and IPv6 is quoted in Forwarded', () => {
  assert.equal(forward(request(''), hop(0, '::ffff:1.2.3.4'), 'x'), '1.2.3.4')
  const head = request('Forwarded: for=x\r\n')
  forward(head, hop(1, '2001:db8::1'), 'x')
  assert.match(head.fields.get('forwarded') ?? '', /for="\[2001:db8::1\]"/)
})

for (const [id, hops, expected] of [
  ['abc', 1, 'abc'],
  ['abc', 0, ''],
  ['a'.repeat(128), 1, 'a'.repeat(128)],
  ['a'.repeat(129), 1, ''],
  ['a b', 1, ''],
  ['"a"', 1, ''],
  ['', 1, ''],
  ['a;b', 1, ''],
] as const)
  test(`request id ${id.slice(0, 9)} with ${hops} hops`, () => {
    assert.equal(incomingRequestId(request(`X-Request-Id: ${id}\r\n`), hops), expected)
  })

describe('Via', () => {
  test('names the version that was received', () => {
    const head = request('', '1.0')
    forward(head, hop(0), 'x')
    assert.equal(head.fields.get('via'), '1.0 portcullis')
  })
  for (const [fields, count] of [
    ['', 0],
    ['Via: 1.1 other\r\n', 0],
    ['Via: 1.1 portcullis\r\n', 1],
    ['Via: 1.1 a, 1.0 Portcullis (x)\r\nVia: 2 portcullis\r\n', 2],
    ['Via: portcullis\r\n', 0],
    ['Via: 1.1 portcullis2\r\n', 0],
  ] as const)
    test(`counts ${count} in ${JSON.stringify(fields)}`, () => assert.equal(viaCount(request(fields)), count))
})
