import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

suite('a drain that begins while the rest of a body is read and dropped', () => {
  test('ends with that connection as soon as the rest is there', async () => {
    const early = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly'
    await using upstream = await RawUpstream.start(conversation => conversation.write(early))
    const gateway = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(gateway.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n')
    await client.until(/early$/)
    const drained = gateway.engine.drain(60_000)
    client.write('b'.repeat(1000))
    await client.closed()
    client.socket.end()
    const sinceMs = performance.now()
    await drained
    assert.ok(performance.now() - sinceMs < 10_000)
    assert.doesNotMatch(client.text, /HTTP.*HTTP/s)
    await gateway[Symbol.asyncDispose]()
  })
})
