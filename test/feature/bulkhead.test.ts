import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { status as codes } from '@grpc/grpc-js'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ofGateway, ofRoute, trafficPolicy, type Targeted } from '../support/traffic.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'
import { WireServer } from '../support/wire-server.ts'

/** Whether the answer that is kept is held too. */
const holdsKept = { now: false }

type Held = (body?: string) => void

interface Setting {
  readonly wire?: 'h1' | 'h2c'
  readonly at?: Targeted
  readonly more?: readonly object[]
  readonly timeouts?: object
  readonly workers?: number
}

/** Route `r`, below /r, whose requests are held until the test lets them go, with this bulkhead; and a neighbour on the same backend. */
async function beside(
  bulkhead: object,
  run: (portcullis: TestGateway, held: Seen<Held>, yamlWith: (bulkhead: object) => string) => Promise<void>,
  { wire = 'h1', at = ofRoute, more = [], timeouts, workers = 1 }: Setting = {},
): Promise<void> {
  const held = new Seen<Held>()
  holdsKept.now = false
  await using upstream = await WireServer.start(wire, (request, response) => {
    if (request.url === '/n') return void response.end('neighbour')
    if (request.url === '/r/free') return void response.end('free')
    request.resume()
    if (request.url === '/r/kept') response.setHeader('Cache-Control', 'max-age=0')
    if (request.url === '/r/kept' && !holdsKept.now) return void response.end('kept')
    held.push((body = 'held') => response.end(body))
  })
  const up = { ...backend('up', [upstream.port]) } as { spec: object }
  if (wire === 'h2c') up.spec = { ...up.spec, protocol: 'h2c' }
  const yamlWith = (limits: object): string =>
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [{ matches: [prefix('/r')], backendRefs: [to('up')], ...(timeouts && { timeouts }) }],
      }),
      httpRoute('n', { rules: [{ matches: [prefix('/n')], backendRefs: [to('up')] }] }),
      up,
      trafficPolicy('places', at, { bulkhead: limits }),
      ...more,
    )
  await using portcullis = await startGateway(yamlWith(bulkhead), { workers })
  await run(portcullis, held, yamlWith)
  assert.equal((await send(portcullis.port(), { path: '/n' })).body, 'neighbour')
}

const ask = (portcullis: TestGateway, path = '/r') => send(portcullis.port(), { path })

async function isFull(portcullis: TestGateway): Promise<void> {
  const { status, headers, body } = await ask(portcullis)
  assert.deepEqual([status, headers['retry-after']], [503, '1'])
  assert.match(body, /"reason":"bulkhead_full"/)
}

/** So many requests are let through at once, and no more; then they are answered. */
async function hasPlaces(portcullis: TestGateway, held: Seen<Held>, places: number): Promise<void> {
  const first = Array.from({ length: places }, () => ask(portcullis))
  await held.count(places)
  await isFull(portcullis)
  for (const answer of held.all) answer()
  await Promise.all(first)
}

/** Whoever has a place gives it back: the next has it. */
async function hasPlace(portcullis: TestGateway, held: Seen<Held>, before: number): Promise<void> {
  const next = ask(portcullis)
  await held.count(before + 1)
  held.all[before]!()
  assert.equal((await next).body, 'held')
}

for (const wire of ['h1', 'h2c'] as const)
  test(`beyond the places of a route the answer is 503 at once, over ${wire}, and its neighbour is served`, () =>
    beside(
      { maxParallelRequests: 2 },
      async (portcullis, held) => {
        const first = [ask(portcullis), ask(portcullis)]
        await held.count(2)
        await isFull(portcullis)
        assert.equal((await ask(portcullis, '/n')).body, 'neighbour')
        assert.match(portcullis.metrics(), /portcullis_bulkhead_refused_total\{policy="default\/places"\} 1/)
        for (const answer of held.all) answer()
        for (const one of first) assert.equal((await one).body, 'held')
        await hasPlace(portcullis, held, 2)
      },
      { wire },
    ))

test('each route has places of its own, where the policy is of the Gateway', () =>
  beside(
    { maxParallelRequests: 1 },
    async (portcullis, held) => {
      const first = ask(portcullis)
      await held.count(1)
      await isFull(portcullis)
      assert.equal((await ask(portcullis, '/n')).body, 'neighbour')
      held.all[0]!()
      await first
    },
    { at: ofGateway },
  ))

test('of two policies the lower number counts', () =>
  beside(
    { maxParallelRequests: 3 },
    async (portcullis, held) => {
      await hasPlaces(portcullis, held, 1)
      await hasPlace(portcullis, held, 1)
    },
    { at: ofGateway, more: [trafficPolicy('fewer', ofRoute, { bulkhead: { maxParallelRequests: 1 } })] },
  ))

test('each worker has its share of the places', () =>
  beside({ maxParallelRequests: 4 }, (portcullis, held) => hasPlaces(portcullis, held, 2), { workers: 2 }))

test('places outlive a reload, and what was taken before it is given back', () =>
  beside({ maxParallelRequests: 1 }, async (portcullis, held, yamlWith) => {
    const first = ask(portcullis)
    await held.count(1)
    await portcullis.reload(yamlWith({ maxParallelRequests: 1, maxPending: 0 }))
    await isFull(portcullis)
    await portcullis.reload(yamlWith({ maxParallelRequests: 2 }))
    const second = ask(portcullis)
    await held.count(2)
    await isFull(portcullis)
    for (const answer of held.all) answer()
    await Promise.all([first, second])
    await hasPlace(portcullis, held, 2)
  }))

suite('who waits', () => {
  const waiting = { maxParallelRequests: 1, maxPending: 1, maxWait: '10m' }

  test('has the place when it is given back, and who comes beyond has none', () =>
    beside(waiting, async (portcullis, held) => {
      const first = ask(portcullis)
      await held.count(1)
      const second = ask(portcullis)
      // It waits: whoever comes next is refused, once that is so.
      while ((await Promise.race([ask(portcullis), second])).status !== 503);
      held.all[0]!()
      assert.equal((await first).body, 'held')
      await held.count(2)
      held.all[1]!('second')
      assert.equal((await second).body, 'second')
      await hasPlace(portcullis, held, 2)
    }))

  test('waits no longer than is said', () =>
    beside({ ...waiting, maxWait: '50ms' }, async (portcullis, held) => {
      await hasPlaces(portcullis, held, 1)
      await hasPlace(portcullis, held, 1)
    }))

  test('and leaves, leaves its turn to the next', () =>
    beside(waiting, async (portcullis, held) => {
      const first = ask(portcullis)
      await held.count(1)
      {
        await using gone = await RawClient.to(portcullis.port())
        gone.write('GET /r HTTP/1.1\r\nHost: a\r\n\r\n')
        // Its place to wait in is taken.
        await isFull(portcullis)
      }
      await portcullis.line(line => line['portcullis.failure'] === 'client_gone')
      const second = ask(portcullis)
      held.all[0]!()
      await first
      await held.count(2)
      held.all[1]!('second')
      assert.equal((await second).body, 'second')
    }))
})

suite('a place is given back', () => {
  const oneAtATime = (port: number): string =>
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [port]),
      trafficPolicy('places', ofRoute, { bulkhead: { maxParallelRequests: 1 } }),
    )

  test('when its client leaves', () =>
    beside({ maxParallelRequests: 1 }, async (portcullis, held) => {
      {
        await using gone = await RawClient.to(portcullis.port())
        gone.write('GET /r HTTP/1.1\r\nHost: a\r\n\r\n')
        await held.count(1)
      }
      await portcullis.line(() => true)
      await hasPlace(portcullis, held, 1)
    }))

  test('when its time is over', () =>
    beside(
      { maxParallelRequests: 1 },
      async portcullis => {
        for (let i = 0; i < 2; i++) assert.equal((await ask(portcullis)).status, 504)
      },
      { timeouts: { request: '100ms' } },
    ))

  test('when its backend breaks off', async () => {
    await using upstream = await RawServer.start(socket => socket.on('data', () => socket.resetAndDestroy()))
    await using portcullis = await startGateway(oneAtATime(upstream.port))
    for (let i = 0; i < 3; i++) assert.equal((await ask(portcullis)).status, 502)
  })

  test('when a tunnel is over, and not before', async () => {
    await using upstream = await TestUpstream.start()
    upstream.server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
    await using portcullis = await startGateway(oneAtATime(upstream.port))
    {
      await using tunnel = await RawClient.to(portcullis.port())
      tunnel.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello')
      await tunnel.until(/hello/)
      await isFull(portcullis)
    }
    await portcullis.line(line => line['http.response.status_code'] === 101)
    assert.equal((await ask(portcullis)).status, 200)
  })
})

test('what is answered from a cache needs no place, and renewals that nobody waits for have one', () =>
  beside(
    { maxParallelRequests: 1 },
    async (portcullis, held) => {
      const kept = () => ask(portcullis, '/r/kept')
      while (!String((await kept()).headers['cache-status']).includes('hit'));
      // It is stale at once, given as it is, and asked about beside that: that takes the one place.
      holdsKept.now = true
      while (held.all.length === 0) assert.equal((await kept()).body, 'kept')
      await isFull(portcullis)
      assert.equal((await kept()).body, 'kept')
      holdsKept.now = false
      held.all[0]!('kept')
      // Its place is free once the answer is here.
      while ((await ask(portcullis, '/r/free')).status === 503);
    },
    { more: [trafficPolicy('kept', ofRoute, { cache: { staleWhileRevalidate: '10m' } })] },
  ))

test('a call of gRPC beyond the places is told UNAVAILABLE', async () => {
  const held = new Seen<() => void>()
  await using server = await EchoServer.start({ Unary: (_, answer) => held.push(() => answer(null, {})) })
  await using portcullis = await startGrpc(
    server.port,
    trafficPolicy('places', { kind: 'GRPCRoute', name: 'grpc' }, { bulkhead: { maxParallelRequests: 1 } }),
  )
  using client = new EchoClient(portcullis.port())
  const first = client.unary({})
  await held.count(1)
  assert.equal((await client.unary({})).code, codes.UNAVAILABLE)
  held.all[0]!()
  assert.equal((await first).code, codes.OK)
})
