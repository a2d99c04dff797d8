import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

const leaves = [
  ['closes', (client: RawClient) => client.socket.destroy()],
  ['resets', (client: RawClient) => client.socket.resetAndDestroy()],
] as const

suite('a client that leaves', () => {
  for (const [how, leave] of leaves) {
    test(`${how} while it waits: the upstream is given up`, async () => {
      await using upstream = await RawUpstream.start(() => {})
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n')
      await upstream.until(({ requests }) => requests.length === 1)
      leave(client)
      await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
      const line = await gateway.line(({ 'url.path': path }) => path === '/wait')
      assert.equal(line['portcullis.failure'], 'client_gone')
      assert.equal(line['http.response.status_code'], 499)
      assert.match(gateway.metrics(), /portcullis_failures_total\{failure="client_gone"\} 1\n/)
      assert.match(gateway.metrics(), /portcullis_requests_active 0\n/)
    })

    test(`${how} while the response streams: the upstream is given up`, async () => {
      await using upstream = await RawUpstream.answering(
        () => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n',
      )
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.until(/first/)
      leave(client)
      await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
      const line = await gateway.line(({ 'url.path': path }) => path === '/stream')
      assert.equal(line['portcullis.failure'], 'client_gone')
      assert.equal(line['http.response.status_code'], 200)
      assert.equal(line['http.response.body.size'], 5)
    })

    test(`${how} while it uploads: the upstream does not take the request for complete`, async () => {
      await using upstream = await RawUpstream.start(() => {})
      await using gateway = await startGateway(plain(upstream.port))
      await using client = await RawClient.to(gateway.port())
      client.write('POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      await upstream.until(({ conversations }) => conversations[0]?.text.includes('hello') === true)
      leave(client)
      await upstream.until(({ conversations }) => conversations[0]!.ended || conversations[0]!.closed)
      assert.equal(upstream.requests.length, 0)
      assert.doesNotMatch(upstream.conversations[0]!.text, /\r\n0\r\n/)
      const line = await gateway.line(({ 'url.path': path }) => path === '/upload')
      assert.equal(line['portcullis.failure'], 'client_gone')
      assert.equal(line['http.request.body.size'], 5)
    })
  }

  test('while it waits for a connection leaves its place in the queue', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using gateway = await startGateway(plain(upstream.port, { upstream: { connections: { max: 1 } } }))
    await using first = await RawClient.to(gateway.port())
    first.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await upstream.until(({ requests }) => requests.length === 1)
    await using second = await RawClient.to(gateway.port())
    second.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await using third = await RawClient.to(gateway.port())
    third.write('GET /3 HTTP/1.1\r\nHost: a\r\n\r\n')
    second.socket.destroy()
    const line = await gateway.line(({ 'url.path': path }) => path === '/2')
    assert.equal(line['portcullis.failure'], 'client_gone')
    upstream.conversations[0]!.write(ok('one'))
    await first.until(/one$/)
    await upstream.until(({ requests }) => requests.length === 2)
    assert.match(upstream.requests[1]!.start, /^GET \/3 /)
  })

  test("between two requests is nobody's failure", async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.until(/x$/)
    client.socket.destroy()
    await using other = await RawClient.to(gateway.port())
    other.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await other.until(/x$/)
    await gateway.line(({ 'url.path': path }) => path === '/2')
    assert.deepEqual(
      gateway.lines.map(line => line['portcullis.failure']),
      [undefined, undefined],
    )
    assert.equal(upstream.conversations.length, 1)
  })
})
