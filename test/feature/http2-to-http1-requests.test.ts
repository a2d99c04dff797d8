import assert from 'node:assert/strict'
import { test } from 'node:test'
import { block, data, END_HEADERS, END_STREAM, headers } from '../support/http2/wire.ts'
import { FrameClient } from '../support/frame-client.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { startBetween } from '../support/wires.ts'

const PROTOCOL_ERROR = 1

type Sent = readonly string[]

const scheme = [':scheme', 'http'] as const
const authority = [':authority', 'a.example'] as const
const target = [...scheme, ':path', '/p', ...authority] as const
const GET = [':method', 'GET', ...target] as const
const POST = [':method', 'POST', ...target] as const

/** What the gateway adds for every upstream. */
const own = /^(x-forwarded-|forwarded:|via:|x-request-id:|traceparent:)/i

/** The request as an upstream got it: its lines, without those that the gateway adds. */
const linesOf = (text: string): string[] =>
  text
    .slice(0, text.indexOf('\r\n\r\n'))
    .split('\r\n')
    .filter(line => !own.test(line))

const GOT = ['GET /p HTTP/1.1', 'Host: a.example'] as const
const POSTED = ['POST /p HTTP/1.1', 'Host: a.example'] as const

/** Fields, pieces of the body (the last one ends the stream), and the lines that the upstream gets. */
// oxfmt-ignore
const accepted = [
  ['GET', GET, [], GOT],
  ['a method with a body of known length', [...POST, 'content-length', '5'], ['he', 'llo'], [...POSTED, 'Content-Length: 5']],
  ['a body without length', POST, ['he', 'llo'], [...POSTED, 'Transfer-Encoding: chunked']],
  ['a body that looks like another request', POST, ['0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n'], [...POSTED, 'Transfer-Encoding: chunked']],
  ['a length of 0', [...POST, 'content-length', '0'], [], [...POSTED, 'Content-Length: 0']],
  ['cookie crumbs become one field', [...GET, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'cookie', 'c=3'], [], [...GOT, 'x: y', 'cookie: a=1; b=2; c=3']],
  ['te: trailers', [...GET, 'te', 'trailers'], [], [...GOT, 'Connection: TE', 'TE: trailers']],
  ['repeated fields stay in their order', [...GET, 'x', '1', 'y', '2', 'x', '3'], [], [...GOT, 'x: 1', 'y: 2', 'x: 3']],
  ['host beside an equal authority', [...GET, 'host', 'a.example'], [], GOT],
  ['host without authority', [':method', 'GET', ...scheme, ':path', '/p', 'host', 'a.example'], [], GOT],
  ['a query', [':method', 'GET', ...scheme, ':path', '/p?a=/../b', ...authority], [], ['GET /p?a=/../b HTTP/1.1', 'Host: a.example']],
  ['dot segments', [':method', 'GET', ...scheme, ':path', '/a/../p', ...authority], [], GOT],
  ['OPTIONS *', [':method', 'OPTIONS', ...scheme, ':path', '*', ...authority], [], ['OPTIONS * HTTP/1.1', 'Host: a.example']],
  ['obs-text and tabs in a value', [...GET, 'x', 'a\tb\xff'], [], [...GOT, 'x: a\tb\xff']],
] as readonly (readonly [string, Sent, readonly string[], readonly string[]])[]

/** No upstream sees anything of these. Malformed ones (RFC 9113 §8.1.1) are reset, others answered. */
// oxfmt-ignore
const refused = [
  ['h2-field-name', 'upper case', [...GET, 'X-Upper', '1'], 'reset'],
  ['h2-field-name', 'a space in a name', [...GET, 'x y', '1'], 'reset'],
  ['h2-field-name', 'a colon in a name', [...GET, 'x:y', '1'], 'reset'],
  ['h2-field-name', 'CR LF in a name', [...GET, 'x: 1\r\ny', '1'], 'reset'],
  ['h2-field-name', 'NUL in a name', [...GET, 'x\0', '1'], 'reset'],
  ['h2-field-name', 'an empty name', [...GET, '', '1'], 'reset'],
  ['h2-field-value', 'CR LF in a value', [...GET, 'x', '1\r\ny: 2'], 'reset'],
  ['h2-field-value', 'CR in a value', [...GET, 'x', '1\r2'], 'reset'],
  ['h2-field-value', 'LF in a value', [...GET, 'x', '1\n2'], 'reset'],
  ['h2-field-value', 'NUL in a value', [...GET, 'x', '1\x002'], 'reset'],
  ['h2-field-value', 'a space before a value', [...GET, 'x', ' 1'], 'reset'],
  ['h2-field-value', 'a tab behind a value', [...GET, 'x', '1\t'], 'reset'],
  ['h2-connection-field', 'connection', [...GET, 'connection', 'close'], 'reset'],
  ['h2-connection-field', 'keep-alive', [...GET, 'keep-alive', 'timeout=5'], 'reset'],
  ['h2-connection-field', 'proxy-connection', [...GET, 'proxy-connection', 'close'], 'reset'],
  ['h2-connection-field', 'transfer-encoding', [...POST, 'transfer-encoding', 'chunked'], 'reset'],
  ['h2-connection-field', 'transfer-encoding: identity', [...POST, 'transfer-encoding', 'identity'], 'reset'],
  ['h2-connection-field', 'upgrade', [...GET, 'upgrade', 'websocket'], 'reset'],
  ['h2-te', 'te: gzip', [...GET, 'te', 'gzip'], 'reset'],
  ['h2-te', 'te: trailers, gzip', [...GET, 'te', 'trailers, gzip'], 'reset'],
  ['h2-pseudo-late', 'a pseudo-header field behind a regular one', [':method', 'GET', 'x', '1', ...target], 'reset'],
  ['h2-pseudo-repeated', 'two paths', [...GET, ':path', '/admin'], 'reset'],
  ['h2-pseudo-repeated', 'two authorities', [...GET, ':authority', 'b.example'], 'reset'],
  ['h2-pseudo-unknown', 'an unknown one', [...GET, ':proto', 'x'], 'reset'],
  ['h2-pseudo-unknown', ':status', [...GET, ':status', '200'], 'reset'],
  ['h2-pseudo-missing', 'no method', [...target], 'reset'],
  ['h2-pseudo-missing', 'an empty path', [':method', 'GET', ...scheme, ':path', '', ...authority], 'reset'],
  ['h2-content-length', 'a length and no body', [...POST, 'content-length', '5'], 'reset'],
  ['h2-authority', 'host that is not the authority', [...GET, 'host', 'b.example'], '400'],
  ['host-repeated', 'two hosts', [...GET, 'host', 'a.example', 'host', 'a.example'], '400'],
  ['host-missing', 'neither host nor authority', [':method', 'GET', ...scheme, ':path', '/p'], '400'],
  ['host-invalid', 'userinfo in the authority', [':method', 'GET', ...scheme, ':path', '/p', ':authority', 'u@a.example'], '400'],
  ['host-invalid', 'a space in the authority', [':method', 'GET', ...scheme, ':path', '/p', ':authority', 'a.example b'], '400'],
  ['host-invalid', 'a path in the authority', [':method', 'GET', ...scheme, ':path', '/p', ':authority', 'a.example/x'], '400'],
  ['target-character', 'a space in the path', [':method', 'GET', ...scheme, ':path', '/p x', ...authority], '400'],
  ['target-character', 'a whole request line in the path', [':method', 'GET', ...scheme, ':path', '/p HTTP/1.1', ...authority], '400'],
  ['h2-field-value', 'CR LF in the path', [':method', 'GET', ...scheme, ':path', '/p\r\nx: y', ...authority], 'reset'],
  ['target-fragment', 'a fragment', [':method', 'GET', ...scheme, ':path', '/p#x', ...authority], '400'],
  ['target-form', 'an absolute path', [':method', 'GET', ...scheme, ':path', 'http://b.example/p', ...authority], '400'],
  ['target-form', 'a path without a slash', [':method', 'GET', ...scheme, ':path', 'p', ...authority], '400'],
  ['target-form', '* with GET', [':method', 'GET', ...scheme, ':path', '*', ...authority], '400'],
  ['path-backslash', 'a backslash', [':method', 'GET', ...scheme, ':path', '/a\\..\\p', ...authority], '400'],
  ['target-scheme', 'another scheme', [':method', 'GET', ':scheme', 'https', ':path', '/p', ...authority], '400'],
  ['request-line', 'a space in the method', [':method', 'GET /admin HTTP/1.1', ...target], '400'],
  ['request-line', 'an empty method', [':method', '', ...target], '400'],
  ['method-unknown', 'a method of 33 characters', [':method', 'A'.repeat(33), ...target], '501'],
  ['method-unknown', 'a method in lower case', [':method', 'get', ...target], '501'],
  ['method-connect', 'CONNECT', [':method', 'CONNECT', ...authority], '501'],
  ['content-length-repeated', 'two lengths', [...POST, 'content-length', '0', 'content-length', '0'], '400'],
  ['content-length', 'a list of lengths', [...POST, 'content-length', '0, 0'], '400'],
  ['content-length', 'a length with a sign', [...POST, 'content-length', '+0'], '400'],
  ['content-length', 'a length in hexadecimal', [...POST, 'content-length', '0x0'], '400'],
  ['field-repeated', 'two authorizations', [...GET, 'authorization', 'a', 'authorization', 'b'], '400'],
  ['field-underscore', 'content_length', [...POST, 'content_length', '5'], '400'],
  ['expectation', 'another expectation', [...POST, 'expect', 'x'], '417'],
] as readonly (readonly [string, string, Sent, string])[]

/** Bodies that break a rule when the head has been sent on; and how many bytes of them may have been. */
// oxfmt-ignore
const broken = [
  ['more DATA than its length', [...POST, 'content-length', '3'], [data(1, 'hello', END_STREAM)], 0],
  ['more DATA than its length, in pieces', [...POST, 'content-length', '3'], [data(1, 'he'), data(1, 'llo', END_STREAM)], 2],
  ['less DATA than its length', [...POST, 'content-length', '9'], [data(1, 'hello', END_STREAM)], 5],
  ['DATA where the length is 0', [...POST, 'content-length', '0'], [data(1, 'GET / HTTP/1.1\r\n\r\n', END_STREAM)], 0],
  ['trailers that are malformed', POST, [data(1, 'hello'), headers(1, block('X-Sum', '1'))], 99],
  ['trailers with a pseudo-header field', POST, [data(1, 'hello'), headers(1, block(':path', '/admin'))], 99],
  ['trailers with CR LF', POST, [data(1, 'hello'), headers(1, block('x-sum', '1\r\n\r\nGET / HTTP/1.1'))], 99],
] as readonly (readonly [string, Sent, readonly Buffer[], number])[]

for (const [name, fields, body, lines] of accepted)
  test(name, async () => {
    await using upstream = await RawUpstream.answering(() => ok('fine'))
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(...fields), body.length === 0 ? END_HEADERS | END_STREAM : END_HEADERS))
    for (const [i, piece] of body.entries())
      client.write(data(1, piece, i === body.length - 1 ? END_STREAM : 0))
    const { heads, body: answer } = await client.over(1)
    assert.deepEqual([heads[0]?.[1], answer], ['200', 'fine'])
    const { text } = upstream.conversations[0]!
    assert.deepEqual(linesOf(text), lines)
    const behind = text.slice(text.indexOf('\r\n\r\n') + 4)
    // How DATA is cut into chunks is the gateway's affair.
    const chunked = lines.includes('Transfer-Encoding: chunked')
    assert.equal(chunked ? unchunked(behind) : behind, body.join(''))
  })

for (const [rule, name, fields, expected] of refused)
  test(`${rule}: ${name}`, async () => {
    await using upstream = await RawUpstream.answering(() => ok('fine'))
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(...fields)))
    const { heads, reset } = await client.over(1)
    assert.deepEqual(
      [heads[0]?.[1] ?? 'reset', heads.length === 0 ? reset : PROTOCOL_ERROR],
      [expected, PROTOCOL_ERROR],
    )
    // The connection goes on; and what was refused has not been sent before this.
    client.write(headers(3, block(...GET)))
    assert.equal((await client.over(3)).body, 'fine')
    assert.equal(upstream.requests.length, 1)
    assert.match(running.metrics(), new RegExp(`rule="${rule}"`))
  })

for (const [name, fields, frames, most] of broken)
  test(`${name}: the request is refused, and no upstream takes it for complete`, async () => {
    await using upstream = await RawUpstream.answering(() => ok('fine'))
    await using running = await startBetween('h1', upstream.port)
    await using client = await FrameClient.to(running)
    client.write(headers(1, block(...fields), END_HEADERS), ...frames)
    const { heads } = await client.over(1)
    assert.equal(heads[0]?.[1], '400')
    const line = await running.line(() => true)
    assert.equal(line['portcullis.failure'], 'http_request_error')
    client.write(headers(3, block(...GET)))
    assert.equal((await client.over(3)).body, 'fine')
    const [last, ...others] = upstream.conversations.toReversed()
    assert.deepEqual(linesOf(last!.text), GOT)
    for (const { text } of others) {
      const behind = text.slice(text.indexOf('\r\n\r\n') + 4)
      assert.ok(behind.length <= most, behind)
      assert.doesNotMatch(behind, /\r\n0\r\n|admin|GET/)
    }
  })

test('trailers leave behind the chunks, without those that may not pass', async () => {
  await using upstream = await RawUpstream.answering(() => ok('fine'))
  await using running = await startBetween('h1', upstream.port)
  await using client = await FrameClient.to(running)
  client.write(
    headers(1, block(...POST, 'trailer', 'x-sum'), END_HEADERS),
    data(1, 'hello'),
    headers(1, block('x-sum', '1', 'content-length', '5', 'host', 'b.example', 'x-forwarded-for', '1.2.3.4')),
  )
  assert.equal((await client.over(1)).body, 'fine')
  const [request] = upstream.requests
  assert.deepEqual(request!.trailers, [['x-sum', '1']])
  assert.ok(linesOf(upstream.conversations[0]!.text).includes('Trailer: x-sum'))
})

function unchunked(text: string): string {
  let body = ''
  for (let at = 0; ;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    if (size === 0) return body
    body += text.slice(line + 2, line + 2 + size)
    at = line + 4 + size
  }
}
