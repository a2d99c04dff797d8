import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

/** Method, what the upstream answers, and what framing the client sees; none of them has a body. */
const table = [
  ['HEAD', '200 OK\r\nContent-Length: 1234', { length: '1234', coding: '' }],
  ['HEAD', '200 OK\r\nTransfer-Encoding: chunked', { length: '', coding: '' }],
  ['HEAD', '200 OK', { length: '', coding: '' }],
  ['HEAD', '200 OK\r\nContent-Length: 0', { length: '0', coding: '' }],
  ['HEAD', '404 Not Found\r\nContent-Length: 9', { length: '9', coding: '' }],
  ['GET', '204 No Content', { length: '', coding: '' }],
  // RFC 9110 §8.6: no Content-Length in 204, whatever the upstream says.
  ['GET', '204 No Content\r\nContent-Length: 0', { length: '', coding: '' }],
  ['GET', '204 No Content\r\nTransfer-Encoding: chunked', { length: '', coding: '' }],
  ['GET', '304 Not Modified', { length: '', coding: '' }],
  ['GET', '304 Not Modified\r\nContent-Length: 1234', { length: '1234', coding: '' }],
  ['GET', '304 Not Modified\r\nTransfer-Encoding: chunked', { length: '', coding: '' }],
  ['GET', '200 OK\r\nContent-Length: 0', { length: '0', coding: '' }],
  ['GET', '205 Reset Content\r\nContent-Length: 0', { length: '0', coding: '' }],
  ['DELETE', '204 No Content', { length: '', coding: '' }],
] as const

suite('responses without a body', () => {
  for (const version of ['1.1', '1.0'] as const)
    for (const [method, answer, { length, coding }] of table)
      test(`${method} answered ${JSON.stringify(answer)}, to a client of HTTP/${version}`, async () => {
        await using upstream = await RawUpstream.answering((_, conversation, index) =>
          conversation.index === 0 && index === 0 ? `HTTP/1.1 ${answer}\r\nETag: "1"\r\n\r\n` : ok('next'),
        )
        await using gateway = await startGateway(plain(upstream.port))
        await using client = await RawClient.to(gateway.port())
        // A second request shows that both sides agree on where the first response ended.
        const keep = version === '1.0' ? 'Connection: keep-alive\r\n' : ''
        client.write(`${method} / HTTP/${version}\r\nHost: a\r\n${keep}\r\n`)
        client.write(`GET / HTTP/${version}\r\nHost: a\r\n${keep}\r\n`)
        const text = await client.until(/next$/)
        const [first, second] = messages(text, (_, i) => i === 0)
        assert.equal(first!.start, `HTTP/1.1 ${answer.split('\r\n')[0]!}`)
        assert.equal(value(first!, 'content-length'), length)
        assert.equal(value(first!, 'transfer-encoding'), coding)
        assert.equal(value(first!, 'etag'), '"1"')
        assert.equal(second!.body, 'next')
        // Who frames a body that a 204 cannot have may also send it (bodiless-framing.test.ts).
        assert.equal(upstream.conversations.length, /^204.*chunked/s.test(answer) ? 2 : 1)
      })

  // Bytes after a response that has no body are bytes without a request: the connection is not used again.
  for (const [method, answer] of [
    ['HEAD', '200 OK\r\nContent-Length: 5'],
    ['GET', '204 No Content\r\nContent-Length: 5'],
    ['GET', '304 Not Modified\r\nContent-Length: 5'],
  ] as const)
    test(`a body that comes all the same after ${method} and ${answer.slice(0, 3)} reaches nobody`, async () => {
      await using upstream = await RawUpstream.answering((_, { index }) =>
        index === 0 ? `HTTP/1.1 ${answer}\r\n\r\nHTTP/` : ok('next'),
      )
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(`${method} / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n`)
      const text = await client.until(/next$/)
      assert.deepEqual(
        messages(text, (_, i) => i === 0).map(({ body }) => body),
        ['', 'next'],
      )
      assert.equal(upstream.conversations.length, 2)
    })

  test('HEAD that the gateway answers itself says a length and has no body', async () => {
    await using gateway = await startGateway(plain(1, { rule: { matches: [{ path: { value: '/only' } }] } }))
    await using client = await RawClient.to(gateway.port())
    client.write('HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await client.closed()
    const found = messages(client.text, () => true)
    assert.equal(found.length, 2)
    for (const message of found) assert.match(value(message, 'content-length'), /^\d\d+$/)
    assert.match(client.text, /\r\n\r\n$/)
  })

  test('the response to a POST without a body says so', async () => {
    await using upstream = await RawUpstream.answering(
      () => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
    )
    await using gateway = await startGateway(plain(upstream.port))
    const text = await RawClient.exchange(
      gateway.port(),
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    )
    assert.equal(value(messages(text)[0]!, 'content-length'), '0')
    assert.equal(value(upstream.requests[0]!, 'content-length'), '0')
  })
})
