import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { status as codes } from '@grpc/grpc-js'
import { send, type Answer } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const adaptiveConcurrency = {
  minLimit: 2,
  maxLimit: 30,
  sampleInterval: '10ms',
  minRtt: { interval: '1s', requests: 5 },
}

/** Answers one request after another, each after a few milliseconds: the more there are the longer they wait. */
class Single {
  private readonly waiting: ServerResponse[] = []

  take(response: ServerResponse): void {
    if (this.waiting.push(response) === 1) this.next()
  }

  private next(): void {
    setTimeout(() => {
      this.waiting.shift()!.end('ok')
      if (this.waiting.length > 0) this.next()
    }, 3)
  }
}

const yaml = (up: number, well: number, policy: object = { adaptiveConcurrency }): string =>
  yamlOf(
    gateway(),
    httpRoute('all', {
      rules: [{ matches: [prefix('/well')], backendRefs: [to('well')] }, { backendRefs: [to('up')] }],
    }),
    backend('up', [up]),
    backend('well', [well]),
    backendPolicy(policy),
  )

const limitOf = (running: TestGateway): number =>
  Number(
    /^portcullis_upstream_concurrency_limit\{cluster="Backend\/default\/up"\} (\d+)$/m.exec(
      running.metrics(),
    )?.[1] ?? Number.NaN,
  )

suite('adaptive concurrency', () => {
  test('has a backend that slows down refused what it does not bear, and its neighbour served', async () => {
    const single = new Single()
    await using upstream = await TestUpstream.start((_, response) => single.take(response))
    await using well = await TestUpstream.start((_, response) => void response.end('well'))
    await using running = await startGateway(yaml(upstream.port, well.port))
    const port = running.port()
    // Few at a time show how fast it is.
    for (let i = 0; i < 20; i++) assert.equal((await send(port)).status, 200)
    let refused: Answer | null = null
    let served = 0
    async function hammer(): Promise<void> {
      while (refused === null || served < 100 || !(limitOf(running) < 20)) {
        const answer = await send(port)
        if (answer.status === 200) served++
        else refused = answer
      }
    }
    await Promise.all(Array.from({ length: 40 }, hammer))
    assert.equal(refused!.status, 503)
    assert.equal(refused!.headers['retry-after'], '1')
    assert.match(refused!.body, /"reason":"concurrency_limit_reached"/)
    assert.ok(limitOf(running) >= 2)
    assert.equal((await send(port, { path: '/well' })).body, 'well')
    // One at a time is borne by whatever limit there is, and has never been refused.
    for (let i = 0; i < 10; i++) assert.equal((await send(port)).status, 200)
  })

  test('counts a request until its answer begins, and gives back what clients leave', async () => {
    const held: ServerResponse[] = []
    await using upstream = await TestUpstream.start((request, response) => {
      if (request.url === '/hold') return void held.push(response)
      response.write('begun')
      if (request.url !== '/stream') response.end()
    })
    await using well = await TestUpstream.start()
    const limited = { adaptiveConcurrency: { ...adaptiveConcurrency, maxLimit: 2 } }
    await using running = await startGateway(yaml(upstream.port, well.port, limited))
    const port = running.port()
    const streams = new AbortController()
    // What streams on is many more than the limit.
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/stream`, { signal: streams.signal })
      assert.equal(answer.status, 200)
    }
    const gone = new AbortController()
    const asking = [1, 2].map(() => fetch(`http://127.0.0.1:${port}/hold`, { signal: gone.signal }))
    while (held.length < 2) await new Promise(setImmediate)
    assert.equal((await send(port)).status, 503)
    gone.abort()
    await Promise.allSettled(asking)
    while ((await send(port)).status !== 200);
    streams.abort()
    await running.reload(yaml(upstream.port, well.port, { connections: { max: 10 } }))
    while (limitOf(running) !== 0) await new Promise(setImmediate)
    assert.equal((await send(port)).status, 200)
  })

  test('tells gRPC clients UNAVAILABLE', async () => {
    await using server = await EchoServer.start()
    const limited = { adaptiveConcurrency: { minLimit: 1, maxLimit: 1 } }
    await using running = await startGrpc(server.port, backendPolicy(limited))
    using client = new EchoClient(running.port())
    const calls = await Promise.all(Array.from({ length: 20 }, () => client.unary({})))
    const refused = calls.filter(({ code }) => code !== codes.OK)
    assert.ok(refused.length > 0 && refused.length < calls.length)
    for (const { code } of refused) assert.equal(code, codes.UNAVAILABLE)
  })
})
