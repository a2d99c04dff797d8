import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const expecting = (more: string, path = '/') =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n${more}\r\n`

suite('Expect: 100-continue', () => {
  for (const [framing, body] of [
    ['Content-Length: 5\r\n', 'hello'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ] as const)
    test(`the client is told to go on, and the upstream hears nothing of it (${framing.trim()})`, async () => {
      await using upstream = await RawUpstream.answering(({ body: got }) => ok(got))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      for (let i = 1; i <= 2; i++) {
        client.write(expecting(framing))
        await client.until(text => messages(text).length === 2 * i - 1)
        assert.equal(messages(client.text).at(-1)!.start, 'HTTP/1.1 100 Continue')
        client.write(body)
        await client.until(text => messages(text).length === 2 * i)
      }
      assert.deepEqual(messages(client.text).map(status), [100, 200, 100, 200])
      assert.deepEqual(
        upstream.requests.map(request => value(request, 'expect')),
        ['', ''],
      )
      assert.equal(upstream.conversations.length, 1)
    })

  test('the upstream may answer 100 all the same: one is enough', async () => {
    await using upstream = await RawUpstream.answering(
      ({ body }) => 'HTTP/1.1 100 Continue\r\n\r\n' + ok(body),
    )
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write(expecting('Content-Length: 5\r\n') + 'hello')
    const text = await client.until(/hello$/)
    assert.deepEqual(messages(text).map(status), [100, 200])
  })

  for (const [name, request] of [
    ['without a body', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n'],
    ['with an empty one', expecting('Content-Length: 0\r\n')],
    [
      'in HTTP/1.0',
      expecting('Content-Length: 5\r\nConnection: keep-alive\r\n').replace('1.1', '1.0') + 'hello',
    ],
  ] as const)
    test(`${name} it is not answered`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('done'))
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write(request)
      const text = await client.until(/done$/)
      assert.deepEqual(messages(text).map(status), [200])
    })

  test('a request that the gateway answers itself is not asked for its body, and the connection ends', async () => {
    await using upstream = await RawUpstream.answering(() => ok('done'))
    await using gateway = await startGateway(
      plain(upstream.port, { rule: { matches: [{ path: { type: 'PathPrefix', value: '/only' } }] } }),
    )
    // Whether the body follows is unknown, so that nothing after the head can be read (RFC 9110 §10.1.1).
    const text = await RawClient.exchange(
      gateway.port(),
      expecting('Content-Length: 5\r\n') + 'GET /only HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    assert.deepEqual(messages(text).map(status), [404])
    assert.equal(value(messages(text)[0]!, 'connection'), 'close')
    assert.equal(upstream.requests.length, 0)
  })

  test('a body that would be too large is refused before it is sent', async () => {
    await using upstream = await RawUpstream.answering(() => ok('done'))
    await using gateway = await startGateway(plain(upstream.port, { client: { limits: { bodyBytes: 4 } } }))
    const text = await RawClient.exchange(gateway.port(), expecting('Content-Length: 5\r\n'))
    assert.deepEqual(messages(text).map(status), [413])
  })

  for (const expectation of ['200-ok', '100-continue, x', '100-continue;a=b'])
    test(`another expectation is refused: ${expectation}`, async () => {
      await using upstream = await RawUpstream.answering(() => ok('done'))
      await using gateway = await startGateway(plain(upstream.port))
      const text = await RawClient.exchange(
        gateway.port(),
        `POST / HTTP/1.1\r\nHost: a\r\nExpect: ${expectation}\r\nContent-Length: 1\r\n\r\nx`,
      )
      assert.deepEqual(messages(text).map(status), [417])
      assert.equal(upstream.conversations.length, 0)
    })
})
