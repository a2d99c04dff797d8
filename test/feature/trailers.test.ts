import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

/** Trailers sent, and those that pass: what frames, routes, authenticates or is the gateway's own never does. */
const table = [
  ['', []],
  ['Grpc-Status: 0\r\n', [['grpc-status', '0']]],
  [
    'X-Sum: abc\r\nServer-Timing: a;dur=1\r\n',
    [
      ['x-sum', 'abc'],
      ['server-timing', 'a;dur=1'],
    ],
  ],
  [
    'X-Sum: 1\r\nX-Sum: 2\r\n',
    [
      ['x-sum', '1'],
      ['x-sum', '2'],
    ],
  ],
  ['Content-Length: 0\r\nX-Sum: a\r\n', [['x-sum', 'a']]],
  ['Transfer-Encoding: chunked\r\n', []],
  ['Host: evil\r\nConnection: close\r\nUpgrade: x\r\n', []],
  ['Authorization: Basic eA==\r\nCookie: a=b\r\nSet-Cookie: a=b\r\n', []],
  ['X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nVia: 1.1 x\r\n', []],
  ['Content-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/2\r\n', []],
  ['Cache-Control: public\r\nX-Request-Id: 1\r\ntraceparent: x\r\n', []],
  ['X_Forwarded_For: 1.2.3.4\r\n', []],
] as const

const chunked = (trailers: string) => `Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailers}\r\n`

suite('trailers of requests', () => {
  for (const [sent, passed] of table)
    test(`${JSON.stringify(sent)} reaches the upstream as ${JSON.stringify(passed)}`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(`POST / HTTP/1.1\r\nHost: a\r\n${chunked(sent)}`)
      await client.until(/x$/)
      const [request] = upstream.requests
      assert.deepEqual(request!.trailers, passed)
      assert.equal(request!.body, 'hello')
      assert.equal(value(request!, 'authorization') + value(request!, 'cookie'), '')
    })

  test('what Trailer announces is announced', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-Sum\r\n${chunked('X-Sum: 1\r\n')}`)
    await client.until(/x$/)
    const [request] = upstream.requests
    assert.equal(value(request!, 'trailer'), 'X-Sum')
    assert.equal(value(request!, 'te'), 'trailers')
    assert.equal(value(request!, 'connection'), 'TE')
  })

  for (const [name, trailers] of [
    ['a folded line', 'X-Sum: 1\r\n 2\r\n'],
    ['a space before the colon', 'X-Sum : 1\r\n'],
    ['a bare LF', 'X-Sum: 1\n'],
    ['a NUL', 'X-Sum: \0\r\n'],
    ['too many fields', 'X-Sum: 1\r\n'.repeat(101)],
    ['too long a field', `X-Sum: ${'1'.repeat(9000)}\r\n`],
  ] as const)
    test(`${name} among them refuses the request, which no upstream takes for complete`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('x'))
      await using gateway = await startGateway(plain(upstream.port))
      const text = await RawClient.exchange(
        gateway.port(),
        `POST / HTTP/1.1\r\nHost: a\r\n${chunked(trailers)}`,
      )
      assert.match(text, /^HTTP\/1\.1 4(00|31) /)
      assert.equal(upstream.requests.length, 0)
    })
})

suite('trailers of responses', () => {
  for (const [sent, passed] of table)
    test(`${JSON.stringify(sent)} reaches the client as ${JSON.stringify(passed)}`, async () => {
      await using upstream = await RawUpstream.answering(() => `HTTP/1.1 200 OK\r\n${chunked(sent)}`)
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n')
      await client.until(text => messages(text).length === 1)
      const [response] = messages(client.text)
      assert.deepEqual(response!.trailers, passed)
      assert.equal(value(response!, 'set-cookie'), '')
    })

  test('what Trailer announces is announced, and the next response on the connection has none of it', async () => {
    await using upstream = await RawUpstream.answering((_, __, index) =>
      index === 0
        ? `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n${chunked('X-Sum: 1\r\n')}`
        : `HTTP/1.1 200 OK\r\n${chunked('')}`,
    )
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2))
    await client.until(text => messages(text).length === 2)
    const [first, second] = messages(client.text)
    assert.equal(value(first!, 'trailer'), 'X-Sum')
    assert.deepEqual([value(second!, 'trailer'), second!.trailers], ['', []])
  })

  test('a client of HTTP/1.0 gets the body, and nothing after it', async () => {
    await using upstream = await RawUpstream.answering(() => `HTTP/1.1 200 OK\r\n${chunked('X-Sum: 1\r\n')}`)
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(gateway.port(), 'GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.match(text, /\r\n\r\nhello$/)
  })

  test('a malformed one breaks the response off', async () => {
    await using upstream = await RawUpstream.answering(() => `HTTP/1.1 200 OK\r\n${chunked('X-Sum : 1\r\n')}`)
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(gateway.port(), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    // Without the last chunk it is not complete. It may also not have begun.
    assert.equal(messages(text).filter(({ body }) => body === 'hello').length, 0)
    const line = await gateway.line(({ 'portcullis.failure': failure }) => failure !== undefined)
    assert.equal(line['portcullis.failure'], 'http_protocol_error')
    await upstream.until(({ conversations }) => conversations[0]!.ended)
  })
})
