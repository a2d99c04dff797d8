import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Metadata, status as codes } from '@grpc/grpc-js'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { grpcBackend, startGrpc } from '../support/grpc-gateway.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'
import { WireServer } from '../support/wire-server.ts'

/** Backend `up` at this port with its policy, and a neighbour below /well. */
async function beside(
  port: number,
  policy: object,
  run: (portcullis: TestGateway) => Promise<void>,
): Promise<void> {
  await using well = await TestUpstream.start((_, response) => void response.end('well'))
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', {
        rules: [
          { matches: [prefix('/well')], backendRefs: [to('well')] },
          { backendRefs: [to('up')], retry: { codes: [503], backoff: '1ms' } },
        ],
      }),
      backend('up', [port]),
      backend('well', [well.port]),
      backendPolicy(policy),
    ),
  )
  await run(portcullis)
}

const served = async (portcullis: TestGateway): Promise<void> =>
  assert.equal((await send(portcullis.port(), { path: '/well' })).body, 'well')

const trip = { minRequests: 10, interval: '10m', openFor: '10m', probes: 2 }

suite('a breaker', () => {
  for (const [what, act] of [
    ['answers 500', 'status'],
    ['breaks connections', 'reset'],
    ['closes in the middle of a head', 'half'],
    ['accepts and never answers', 'silent'],
  ] as const)
    test(`keeps requests from a backend that ${what}, and the neighbour is served`, async () => {
      let met = 0
      await using sick = await RawServer.start(socket => {
        socket.on('data', () => {
          met++
          if (act === 'status') socket.end('HTTP/1.1 500 Sick\r\nContent-Length: 0\r\n\r\n')
          else if (act === 'reset') socket.resetAndDestroy()
          else if (act === 'half') socket.end('HTTP/1.1 200 OK\r\nContent-')
        })
      })
      const policy = { circuitBreaker: { trip }, timeouts: { attempt: '200ms' } }
      await beside(sick.port, policy, async portcullis => {
        const statuses = []
        // POST: nothing of it is repeated, so that a request is an attempt.
        for (let i = 0; i < 12; i++)
          statuses.push((await send(portcullis.port(), { method: 'POST', body: 'x' })).status)
        const sickness = act === 'status' ? 500 : act === 'silent' ? 504 : 502
        assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => sickness), 503, 503])
        assert.equal(met, 10)
        const answer = await send(portcullis.port())
        assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'])
        assert.match(answer.body, /"reason":"breaker_open"/)
        await served(portcullis)
        assert.match(
          portcullis.metrics(),
          /portcullis_upstream_breaker_opened_total\{cluster="Backend\/default\/up",reason="errors"\} 1/,
        )
      })
    })

  test('lets some try, and closes when the backend is well again', async () => {
    let sick = true
    await using upstream = await TestUpstream.start((_, response) => {
      response.statusCode = sick ? 500 : 200
      response.end()
    })
    await beside(
      upstream.port,
      { circuitBreaker: { trip: { ...trip, openFor: '100ms' } } },
      async portcullis => {
        for (let i = 0; i < 10; i++) await send(portcullis.port())
        sick = false
        let refused = 0
        // It is open for a tenth of a second: whoever asks again and again gets through at last.
        for (let good = 0; good < 10;) {
          const { status } = await send(portcullis.port())
          if (status === 200) good++
          else if (++refused > 10_000) assert.fail('it stays open')
        }
      },
    )
  })

  test('opens for one that is slow, and not for one that is far from it', async () => {
    await using slow = await TestUpstream.start((_, response) => void setTimeout(() => response.end(), 60))
    const slowness = { ...trip, errorPercent: 0, slowPercent: 50, slowAfter: '50ms' }
    await beside(slow.port, { circuitBreaker: { trip: slowness } }, async portcullis => {
      const answers = []
      for (let i = 0; i < 11; i++) answers.push((await send(portcullis.port())).status)
      assert.deepEqual(answers, [...Array.from({ length: 10 }, () => 200), 503])
      await served(portcullis)
    })
  })
})

test('a breaker is not opened by asking a backend for an upgrade that it does not offer', async () => {
  await using upstream = await WireServer.start('h2c', (_, response) => void response.end('well'))
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      grpcBackend('up', [upstream.port]),
      backendPolicy({ circuitBreaker: { trip } }),
    ),
  )
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket' }
  for (let i = 0; i < 12; i++) assert.equal((await send(portcullis.port(), { headers })).status, 502)
  assert.equal((await send(portcullis.port())).body, 'well')
})

test('a breaker is not told of time that the client used up', async () => {
  let met = 0
  await using upstream = await TestUpstream.start((_, response) => void (++met > 1 && response.end('well')))
  const timeouts = { request: '1s' }
  const policy = { timeouts, circuitBreaker: { trip: { ...trip, minRequests: 1 } } }
  await beside(upstream.port, policy, async portcullis => {
    await using client = await RawClient.to(portcullis.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na')
    await delay(900)
    client.write('b')
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 504 /)
    assert.equal((await send(portcullis.port())).body, 'well')
  })
})

test('a breaker opens for calls of gRPC that fail after the head of their answer', async () => {
  let met = 0
  await using server = await EchoServer.start({
    Unary: (call, answer) => {
      met++
      call.sendMetadata(new Metadata())
      answer({ code: codes.UNAVAILABLE })
    },
  })
  await using portcullis = await startGrpc(server.port, backendPolicy({ circuitBreaker: { trip } }))
  using client = new EchoClient(portcullis.port())
  for (let i = 0; i < 12; i++) assert.equal((await client.unary({})).code, codes.UNAVAILABLE)
  assert.equal(met, 10)
})

suite('most requests at once', () => {
  test('beyond them the answer is 503 at once, and there is room again when one is over', async () => {
    const held = new Seen<() => void>()
    await using upstream = await TestUpstream.start((_, response) => held.push(() => response.end('held')))
    await beside(upstream.port, { circuitBreaker: { maxParallelRequests: 2 } }, async portcullis => {
      const first = [send(portcullis.port()), send(portcullis.port())]
      await held.count(2)
      const refused = await send(portcullis.port())
      assert.match(refused.body, /"reason":"backend_request_limit_reached"/)
      await served(portcullis)
      for (const answer of held.all) answer()
      for (const answer of first) assert.equal((await answer).body, 'held')
      const next = send(portcullis.port())
      await held.count(3)
      held.all[2]!()
      assert.equal((await next).body, 'held')
    })
  })

  test('of those that repeat leave the others what they were answered', async () => {
    let met = 0
    const held = new Seen<() => void>()
    await using upstream = await TestUpstream.start((_, response) => {
      if (++met % 2 === 1) {
        response.statusCode = 503
        response.end('sick')
      } else held.push(() => response.end('repeated'))
    })
    await beside(upstream.port, { circuitBreaker: { maxParallelRetries: 1 } }, async portcullis => {
      const first = send(portcullis.port())
      await held.count(1)
      assert.equal((await send(portcullis.port())).body, 'sick')
      held.all[0]!()
      assert.equal((await first).body, 'repeated')
    })
  })
})
