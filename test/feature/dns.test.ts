import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status, value } from '../support/messages.ts'
import { backendPolicy } from '../support/policies.ts'
import { gateway as gatewayObject, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'
import { RawClient } from '../support/raw.ts'

/** Backends at names instead of addresses; every address of 127/8 is this machine. */
const named = (port: number, ...names: readonly string[]) =>
  yamlOf(
    gatewayObject(),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'up' },
      spec: { endpoints: names.map(address => ({ address, port })) },
    },
    backendPolicy({ dns: { refresh: '100ms' } }),
  )

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** Answers with the address that was connected to, whichever of 127/8 it is. */
async function telling(): Promise<TestUpstream> {
  return TestUpstream.startOn('0.0.0.0', (request, response) => response.end(request.socket.localAddress))
}

async function ask(port: number): Promise<{ status: number; body: string; retryAfter: string }> {
  const text = await RawClient.exchange(port, get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  const [answer] = messages(text)
  return { status: status(answer!), body: answer!.body, retryAfter: value(answer!, 'retry-after') }
}

suite('a backend by name', () => {
  test('is resolved before the first request, and asked for as it was written', async () => {
    const asked: string[] = []
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'Items.Internal'), {
      lookup: name => {
        asked.push(name)
        return Promise.resolve(['127.0.0.2'])
      },
    })
    assert.equal((await ask(gateway.port())).body, '127.0.0.2')
    assert.equal(asked[0], 'items.internal')
  })

  test('that has several addresses is served by all of them', async () => {
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'items.internal'), {
      lookup: () => Promise.resolve(['127.0.0.2', '127.0.0.3', '127.0.0.4']),
    })
    const seen = new Set<string>()
    for (let i = 0; i < 6; i++) seen.add((await ask(gateway.port())).body)
    assert.deepEqual([...seen].sort(), ['127.0.0.2', '127.0.0.3', '127.0.0.4'])
  })

  test('that moves is followed', async () => {
    let addresses = ['127.0.0.2']
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'items.internal'), {
      lookup: () => Promise.resolve(addresses),
    })
    assert.equal((await ask(gateway.port())).body, '127.0.0.2')
    addresses = ['127.0.0.3']
    for (;;) if ((await ask(gateway.port())).body === '127.0.0.3') break
    for (let i = 0; i < 5; i++) assert.equal((await ask(gateway.port())).body, '127.0.0.3')
  })

  test('whose name server fails later keeps the addresses that were good', async () => {
    let failures = 0
    let broken = false
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'items.internal'), {
      lookup: () => {
        if (!broken) return Promise.resolve(['127.0.0.2'])
        failures++
        return Promise.reject(new Error('EAI_AGAIN'))
      },
    })
    broken = true
    while (failures < 2) assert.equal((await ask(gateway.port())).status, 200)
  })

  test('that cannot be resolved is 503 dns_error, and is served as soon as it can', async () => {
    let known = false
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'items.internal'), {
      lookup: () => (known ? Promise.resolve(['127.0.0.2']) : Promise.reject(new Error('ENOTFOUND'))),
    })
    const answer = await ask(gateway.port())
    assert.deepEqual([answer.status, answer.retryAfter], [503, '1'])
    const line = await gateway.line(() => true)
    assert.equal(line['portcullis.failure'], 'dns_error')
    known = true
    for (;;) if ((await ask(gateway.port())).status === 200) break
  })

  test('that cannot be resolved does not keep its siblings from serving', async () => {
    await using upstream = await telling()
    await using gateway = await startGateway(named(upstream.port, 'missing.internal', 'items.internal'), {
      lookup: name =>
        name === 'items.internal' ? Promise.resolve(['127.0.0.2']) : Promise.reject(new Error('ENOTFOUND')),
    })
    for (let i = 0; i < 5; i++) assert.deepEqual((await ask(gateway.port())).body, '127.0.0.2')
  })
})
