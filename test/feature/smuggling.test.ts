import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const evil = 'GET /evil HTTP/1.1\r\nHost: a\r\n\r\n'
const post = (fields: string, body = '') => `POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`
const te = (value: string, body = `0\r\n\r\n${evil}`) => post(`Transfer-Encoding: ${value}\r\n`, body)
const chunks = (body: string) => te('chunked', body)
const both = (first: string, second: string, body: string) => post(`${first}\r\n${second}\r\n`, body)

/** Refused, all of them: what one reader takes for the body's end is where another's next request begins. */
const refused = {
  'CL.TE': both('Content-Length: 38', 'Transfer-Encoding: chunked', `0\r\n\r\n${evil}`),
  'TE.CL': both('Transfer-Encoding: chunked', 'Content-Length: 4', `23\r\n${evil}\r\n0\r\n\r\n`),
  'CL.TE with an empty length': both('Content-Length: ', 'Transfer-Encoding: chunked', `0\r\n\r\n${evil}`),
  'TE.TE, another coding beside chunked': both(
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: x',
    `0\r\n\r\n${evil}`,
  ),
  'TE.TE, twice chunked': both(
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked',
    `0\r\n\r\n${evil}`,
  ),
  'TE chunked, identity': te('chunked, identity'),
  'TE identity': te('identity', evil),
  'TE gzip, chunked': te('gzip, chunked'),
  'TE xchunked': te('xchunked'),
  'TE chunked;q=1': te('chunked;q=1'),
  'TE "chunked"': te('"chunked"'),
  'TE with a vertical tab': te('\vchunked'),
  'TE with a tab': te('\tchunked'),
  'TE with a NUL': te('chunked\0'),
  'TE with a comma': te('chunked,'),
  'TE, a space before the colon': post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${evil}`),
  'TE, folded': post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${evil}`),
  'TE, behind a bare CR': post('X: 1\rTransfer-Encoding: chunked\r\n', `0\r\n\r\n${evil}`),
  'TE, behind a bare LF': post('X: 1\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${evil}`),
  'TE in HTTP/1.0': te('chunked').replace('HTTP/1.1', 'HTTP/1.0'),
  'TE with an underscore': post('Transfer_Encoding: chunked\r\n', `0\r\n\r\n${evil}`),
  'TE with a control character in its name': post('Transfer\x01Encoding: chunked\r\n', evil),
  'CL.CL, different': both('Content-Length: 0', 'Content-Length: 36', evil),
  'CL.CL, equal': both('Content-Length: 5', 'Content-Length: 5', 'hello'),
  'CL as a list': post('Content-Length: 5, 5\r\n', 'hello'),
  'CL with a sign': post('Content-Length: +5\r\n', 'hello'),
  'CL negative': post('Content-Length: -1\r\n', evil),
  'CL in hexadecimal': post('Content-Length: 0x5\r\n', 'hello'),
  'CL with a space within': post('Content-Length: 1 0\r\n', evil),
  'CL with a fraction': post('Content-Length: 5.0\r\n', 'hello'),
  'CL too large to be exact': post('Content-Length: 18446744073709551616\r\n', evil),
  'CL, a space before the colon': post('Content-Length : 5\r\n', 'hello'),
  'CL with an underscore': post('Content_Length: 5\r\n', 'hello'),
  'a chunk size with a sign': chunks(`+0\r\n\r\n${evil}`),
  'a chunk size with 0x': chunks(`0x0\r\n\r\n${evil}`),
  'a chunk size with a space before it': chunks(` 0\r\n\r\n${evil}`),
  'a chunk size with a space after it': chunks(`0 \r\n\r\n${evil}`),
  'a chunk size with a tab after it': chunks(`5\t\r\nhello\r\n0\r\n\r\n`),
  'a chunk size that overflows 64 bits': chunks(`10000000000000005\r\nhello\r\n0\r\n\r\n`),
  'an empty chunk size': chunks(`\r\n\r\n${evil}`),
  'a chunk size that ends with LF': chunks(`5\nhello\r\n0\r\n\r\n`),
  'a chunk size that ends with CR': chunks(`5\rXhello\r\n0\r\n\r\n`),
  'a chunk extension with a bare LF (TERM.EXT)': chunks(`5;\nxx\r\nhello\r\n0\r\n\r\n`),
  'a chunk extension with a bare CR': chunks(`5;a\rb\r\nhello\r\n0\r\n\r\n`),
  'a chunk longer than its size': chunks(`3\r\nhello\r\n0\r\n\r\n`),
  'a chunk that ends with LF': chunks(`5\r\nhello\n0\r\n\r\n`),
  'a chunk that ends with two other bytes': chunks(`5\r\nhelloXX0\r\n\r\n`),
  'a last chunk that ends with LF': chunks(`0\n\n${evil}`),
  'a last chunk followed by garbage': chunks(`0\r\nX${evil}`),
  'a trailer with a bare LF': chunks(`0\r\nX: 1\n\r\n${evil}`),
  'a line that ends with LF': 'GET / HTTP/1.1\nHost: a\n\n',
  'a head that ends with LF LF': 'GET / HTTP/1.1\r\nHost: a\n\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n',
  'a bare CR in the request line': 'GET /\r HTTP/1.1\r\nHost: a\r\n\r\n',
  'obs-fold': 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n Host: b\r\n\r\n',
  'white space before the first field': 'GET / HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n',
  'a NUL in a value': 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
  'a field without a colon': 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n',
  'a field without a name': 'GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n',
  'two Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'two equal Hosts': 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
  'no Host': 'GET / HTTP/1.1\r\n\r\n',
  'Host with userinfo': 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n',
  'Host with a path': 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n',
  'Host as a list': 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n',
  'absolute-form with userinfo': 'GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n',
  'absolute-form of another scheme': 'GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
  'absolute-form of no web scheme': 'GET file:///etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n',
  'a target without slash': 'GET evil HTTP/1.1\r\nHost: a\r\n\r\n',
  'a target with a space': 'GET /a HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n',
  'two spaces': 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
  'a tab for a space': 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n',
  'HTTP/0.9': 'GET /\r\n\r\n',
  'HTTP/1.2': 'GET / HTTP/1.2\r\nHost: a\r\n\r\n',
  'http/1.1 in lower case': 'GET / http/1.1\r\nHost: a\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  CONNECT: 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n',
  'a method in another case': 'Get / HTTP/1.1\r\nHost: a\r\n\r\n',
  'Connection: host': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n',
  'Connection: content-length': post('Content-Length: 5\r\nConnection: content-length\r\n', 'hello'),
  'Connection: transfer-encoding': post(
    'Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n',
    `0\r\n\r\n${evil}`,
  ),
  'Connection: authorization':
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: authorization\r\nAuthorization: x\r\n\r\n',
  'Connection: cookie': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: cookie\r\nCookie: x\r\n\r\n',
  'Connection: x-forwarded-for': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: x-forwarded-for\r\n\r\n',
  X_Forwarded_For: 'GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n',
  'two Authorizations': 'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n',
} as const

/** Accepted, and read by the upstream as exactly these requests. */
const accepted: Readonly<Record<string, readonly [string, readonly (readonly [string, string])[]]>> = {
  'a request in the body': [post(`Content-Length: ${evil.length}\r\n`, evil), [['POST / HTTP/1.1', evil]]],
  'a request in a chunk': [
    chunks(`${evil.length.toString(16)}\r\n${evil}\r\n0\r\n\r\n`),
    [['POST / HTTP/1.1', evil]],
  ],
  'CL.0: a body with a GET': [
    `GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`,
    [['GET / HTTP/1.1', evil]],
  ],
  '0.CL: a length of nothing': [
    post('Content-Length: 0\r\n', evil),
    [
      ['POST / HTTP/1.1', ''],
      ['GET /evil HTTP/1.1', ''],
    ],
  ],
  'a length with leading zeros': [post('Content-Length: 0005\r\n', 'hello'), [['POST / HTTP/1.1', 'hello']]],
  'Transfer-Encoding in another case': [
    post('tRANSFER-eNCODING: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'),
    [['POST / HTTP/1.1', 'hello']],
  ],
  'chunk sizes with leading zeros and extensions': [
    chunks('0005;a=b\r\nhello\r\n000\r\n\r\n'),
    [['POST / HTTP/1.1', 'hello']],
  ],
  'framing in trailers': [
    chunks(`5\r\nhello\r\n0\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\nHost: b\r\n\r\n`),
    [['POST / HTTP/1.1', 'hello']],
  ],
  'absolute-form overrides Host': ['GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n', [['GET /x HTTP/1.1', '']]],
  'one empty line before': [`\r\n${evil}`, [['GET /evil HTTP/1.1', '']]],
  'an Upgrade to h2c': [
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    [['GET / HTTP/1.1', '']],
  ],
  'encoded line breaks in the target': [
    'GET /a%0d%0aX:%20y HTTP/1.1\r\nHost: a\r\n\r\n',
    [['GET /a%0D%0AX:%20y HTTP/1.1', '']],
  ],
}

suite('what could be read in two ways is refused and reaches nobody', () => {
  for (const [name, bytes] of Object.entries(refused))
    test(name, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port))
      // A request before it, so that there is a connection on which something could be hidden.
      await using client = await RawClient.to(gateway.port())
      client.write('GET /first HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(text => messages(text).length === 1)
      // And one behind it, which must not be answered.
      client.write(bytes + evil)
      await client.closed()
      const statuses = messages(client.text).map(status)
      assert.equal(statuses.length, 2, client.text)
      assert.ok([400, 417, 431, 501, 505].includes(statuses[1]!), String(statuses[1]))
      await gateway.line(line => line['portcullis.rejection'] !== undefined)
      assert.deepEqual(
        upstream.requests.map(({ start }) => start),
        ['GET /first HTTP/1.1'],
      )
      for (const { text } of upstream.conversations) assert.doesNotMatch(text, /evil/)
    })
})

suite('what is accepted is one request for everybody', () => {
  for (const [name, [bytes, expected]] of Object.entries(accepted))
    for (const cut of [0, 1, 7, 20, 41, 60, bytes.length - 3])
      test(`${name}, cut at ${cut}`, async () => {
        await using upstream = await RawUpstream.answering(() => ok('x'))
        await using gateway = await startGateway(plain(upstream.port))
        await using client = await RawClient.to(gateway.port())
        client.write(bytes.slice(0, cut))
        client.write(bytes.slice(cut))
        await client.until(text => messages(text).length === expected.length)
        client.write('GET /last HTTP/1.1\r\nHost: a\r\n\r\n')
        await client.until(text => messages(text).length === expected.length + 1)
        assert.deepEqual(
          upstream.requests.map(({ start, body }) => [start, body]),
          [...expected, ['GET /last HTTP/1.1', '']],
        )
        // Nothing but those requests went to the upstream.
        assert.equal(upstream.conversations.length, 1)
        for (const { fields } of upstream.requests) {
          const framing = fields.filter(
            ([known]) => known === 'content-length' || known === 'transfer-encoding',
          )
          assert.ok(framing.length <= 1)
          assert.equal(fields.filter(([known]) => known === 'host').length, 1)
          assert.ok(!fields.some(([known]) => known === 'upgrade' || known === 'http2-settings'))
        }
      })
})

test('an upstream that says more than one response cannot answer another client with the second', async () => {
  await using upstream = await RawUpstream.answering(({ start }, { index }) =>
    index === 0 ? ok('one') + ok('stolen') : ok(start),
  )
  await using gateway = await startGateway(plain(upstream.port))
  await using victim = await RawClient.to(gateway.port())
  await using client = await RawClient.to(gateway.port())
  client.write('GET /attack HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until(/one$/)
  victim.write('GET /victim HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await victim.until(received => messages(received).length === 1)
  assert.match(text, /GET \/victim HTTP\/1\.1$/)
})
