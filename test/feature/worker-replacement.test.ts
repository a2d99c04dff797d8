import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { isReset, mostResets } from '../support/resets.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const hello = () => TestUpstream.start((_, response) => void response.end('hello'))

suite('a port that takes its leave gently', () => {
  test('answers who has only connected, and whose next request was on its way, and says that it was the last', async () => {
    await using upstream = await hello()
    const started = await startGateway(plain(upstream.port))
    await using silent = await RawClient.to(started.port())
    await using kept = await RawClient.to(started.port())
    kept.write(GET)
    await kept.until(/hello$/)
    assert.doesNotMatch(kept.text, /connection: close/i)
    // Until it has answered, the silent one may be known to the system alone.
    await send(started.port())
    const drained = started.engine.drain(60_000, true)
    for (const client of [silent, kept]) {
      client.write(GET)
      await client.until(/connection: close[^]*hello$/i)
      await client.closed()
      client.socket.end()
    }
    await drained
    await started[Symbol.asyncDispose]()
  })

  test('answers who has asked while its thread stood still', async () => {
    await using upstream = await hello()
    const started = await startGateway(plain(upstream.port))
    await using silent = await RawClient.to(started.port())
    // Until it has answered, the silent one may be known to the system alone.
    await send(started.port())
    const drained = started.engine.drain(60_000, true)
    await setImmediate()
    silent.write(GET)
    // Longer than who is silent may stay, and until time limits are looked at again.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
    await silent.until(/connection: close[^]*hello$/i)
    await silent.closed()
    silent.socket.end()
    await drained
    await started[Symbol.asyncDispose]()
  })

  test('ends what stays silent, and does not wait for it to speak', async () => {
    await using upstream = await hello()
    const started = await startGateway(plain(upstream.port))
    await using silent = await RawClient.to(started.port())
    await using kept = await RawClient.to(started.port())
    kept.write(GET)
    await kept.until(/hello$/)
    const drained = started.engine.drain(60_000, true)
    await Promise.all([silent.closed(), kept.closed()])
    for (const client of [silent, kept]) client.socket.end()
    await drained
    await started[Symbol.asyncDispose]()
  })
})

/** A busy machine turns some away, which is not what is looked at here. */
async function answer(port: number, path = '/'): Promise<string> {
  for (;;) {
    const { status, body } = await send(port, { path })
    if (status !== 503) return body
  }
}

test('a worker that is replaced answers what it has begun, and others serve meanwhile', async () => {
  const held = new Seen<ServerResponse>()
  await using upstream = await TestUpstream.start((request, response) => {
    if (request.url === '/held') held.push(response)
    else response.end('hello')
  })
  const port = await freePort()
  await using served = await Served.start({
    'all.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  })
  const before = served.workers.ids
  // Enough that each worker has some.
  const asked = Array.from({ length: 16 }, () => answer(port, '/held'))
  await held.count(asked.length)
  const replaced = Promise.all(before.map(id => served.workers.replace(id)))
  let resets = 0
  while (served.workers.ids.some(id => before.includes(id)))
    try {
      assert.equal(await answer(port), 'hello')
    } catch (error) {
      if (!isReset(error)) throw error
      resets++
    }
  assert.ok(resets <= mostResets(before.length), `${resets} connections were reset`)
  assert.equal(served.workers.size, before.length)
  for (const response of held.all) response.end('held')
  for (const body of await Promise.all(asked)) assert.equal(body, 'held')
  await replaced
  const left = served.log.all.filter(line => line['event'] === 'worker.left').map(line => line['worker'])
  assert.deepEqual(new Set(left), new Set(before))
  assert.equal(await answer(port), 'hello')
  await assert.rejects(served.workers.replace(before[0]!), /there is no worker/)
})
