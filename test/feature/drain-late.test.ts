import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { snapshotOf, startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'

suite('a drain that begins while the rest of a body is read and dropped', () => {
  test('ends with that connection as soon as the rest is there', async () => {
    const early = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly'
    await using upstream = await RawUpstream.start(conversation => conversation.write(early))
    const running = await startGateway(plain(upstream.port))
    await using client = await RawClient.to(running.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n')
    await client.until(/early$/)
    const drained = running.engine.drain(60_000)
    client.write('b'.repeat(1000))
    await client.closed()
    client.socket.end()
    const sinceMs = performance.now()
    await drained
    assert.ok(performance.now() - sinceMs < 10_000)
    assert.doesNotMatch(client.text, /HTTP.*HTTP/s)
    await running[Symbol.asyncDispose]()
  })
})

suite('a drain that a snapshot meets', () => {
  const on = (ports: readonly number[]): string =>
    yamlOf(
      gateway(ports.map(port => ({ name: `p${port}`, port }))),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [9]),
    )

  for (const [name, order] of [
    ['which is being put in force', ['apply', 'drain']],
    ['which comes behind it', ['drain', 'apply']],
  ] as const)
    test(`${name}: no port stays open`, async () => {
      const running = await startGateway(on([1]))
      const ports = await Promise.all([freePort(), freePort()])
      const does = {
        apply: () => running.engine.apply(snapshotOf(on(ports), 2)),
        drain: () => running.engine.drain(0),
      }
      await Promise.all(order.map(one => does[one]()))
      for (const port of ports) await assert.rejects(send(port), { code: 'ECONNREFUSED' })
      await running[Symbol.asyncDispose]()
    })
})
