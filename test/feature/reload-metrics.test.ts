import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { gateway as gatewayOf, yamlOf } from '../support/resources.ts'

function sample(gateway: TestGateway, name: string): number | null {
  const found = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(gateway.metrics())
  return found === null ? null : Number(found[1])
}

const active = 'portcullis_downstream_connections_active'
const total = 'portcullis_downstream_connections_total'

async function served(gateway: TestGateway): Promise<RawClient> {
  const client = await RawClient.to(gateway.port())
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.until(/\r\n\r\nx$/)
  return client
}

suite('what a reload leaves of the numbers of a port', () => {
  test('connections that were there before are still counted, and leave the count when they close', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port))
    await using first = await served(gateway)
    for (let i = 0; i < 3; i++) await gateway.reload(plain(upstream.port))
    assert.deepEqual([sample(gateway, active), sample(gateway, total)], [1, 1])
    await using second = await served(gateway)
    assert.deepEqual([sample(gateway, active), sample(gateway, total)], [2, 2])
    first.socket.destroy()
    while (sample(gateway, active) !== 1) await setImmediate()
    await gateway.reload(plain(upstream.port))
    second.socket.destroy()
    while (sample(gateway, active) !== 0) await setImmediate()
    assert.equal(sample(gateway, total), 2)
  })

  test('a port that is gone has none, and begins anew', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using gateway = await startGateway(plain(upstream.port))
    await using first = await served(gateway)
    await gateway.reload(yamlOf(gatewayOf([{ name: 'other', port: 81 }])))
    await first.closed()
    first.socket.end()
    await gateway.reload(plain(upstream.port))
    await using second = await served(gateway)
    assert.ok(second.text.startsWith('HTTP/1.1 200'))
    assert.match(gateway.metrics(), /connections_active\{port="\*:80"\} 1$/m)
  })
})
