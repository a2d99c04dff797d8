import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { AuthService } from '../support/auth-service.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { send, type Asked } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy, clientPolicy, externalAuthPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'
import { WireServer, type WireResponse } from '../support/wire-server.ts'

/** Believed from the fourth answer on, before which nothing is sent twice. */
const WARM = 4
const soon = { percentile: 50, minDelay: '1ms', maxPercent: 100 }

interface Met {
  /** Which of the endpoints. */
  readonly at: number
  /** What it was told of the attempt. */
  readonly told: string
  readonly body: string
  readonly response: WireResponse
  /** Resolves when the stream, or its connection, has been closed. */
  readonly gone: Promise<void>
}

interface Setting {
  readonly wire?: 'h1' | 'h2c'
  readonly endpoints?: number
  readonly policy?: object
  readonly rule?: object
  readonly client?: object
  readonly more?: readonly object[]
}

/** Endpoints that answer /warm at once, and everything else when the test says so; and a neighbour below /well. */
async function hedged(
  { wire = 'h1', endpoints = 2, policy = {}, rule = {}, client, more = [] }: Setting,
  run: (portcullis: TestGateway, met: Seen<Met>) => Promise<void>,
): Promise<void> {
  const met = new Seen<Met>()
  const servers = await Promise.all(
    Array.from({ length: endpoints }, (_, at) =>
      WireServer.start(wire, (request, response) => {
        if (request.url === '/warm') return void response.end('warm')
        const told = String(request.headers['x-portcullis-attempt'] ?? '')
        const gone = new Promise<void>(resolve => response.on('close', resolve))
        void text(request).then(body => met.push({ at, told, body, response, gone }))
      }),
    ),
  )
  await using well = await TestUpstream.start((_, response) => void response.end('well'))
  const up = {
    ...backend(
      'up',
      servers.map(({ port }) => port),
    ),
  } as { spec: object }
  if (wire === 'h2c') up.spec = { ...up.spec, protocol: 'h2c' }
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', {
        rules: [
          { matches: [prefix('/well')], backendRefs: [to('well')] },
          { backendRefs: [to('up')], ...rule },
        ],
      }),
      up,
      backend('well', [well.port]),
      backendPolicy({ hedging: soon, ...policy }),
      ...(client === undefined ? [] : [clientPolicy(client)]),
      ...more,
    ),
  )
  try {
    for (let i = 0; i < WARM; i++)
      assert.equal((await send(portcullis.port(), { path: '/warm' })).body, 'warm')
    await run(portcullis, met)
    assert.equal((await send(portcullis.port(), { path: '/well' })).body, 'well')
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]()
  }
}

const counted = (portcullis: TestGateway, name: string): number =>
  Number(
    new RegExp(`portcullis_upstream_${name}\\{cluster="Backend/default/up"\\} (\\d+)`).exec(
      portcullis.metrics(),
    )?.[1] ?? 0,
  )

function answer({ response }: Met, status: number, body: string): void {
  response.writeHead(status)
  response.end(body)
}

for (const wire of ['h1', 'h2c'] as const)
  suite(`a second attempt, to a backend of ${wire}`, () => {
    test('goes to another endpoint, wins, and the first is given up', () =>
      hedged({ wire }, async (portcullis, met) => {
        const asked = send(portcullis.port(), { path: '/a' })
        const [first, second] = (await met.count(2)) as [Met, Met]
        assert.notEqual(first.at, second.at)
        assert.deepEqual([first.told, second.told], ['', '2'])
        answer(second, 200, 'second')
        assert.equal((await asked).body, 'second')
        await first.gone
        assert.equal(counted(portcullis, 'hedges_total'), 1)
        assert.equal(counted(portcullis, 'hedges_won_total'), 1)
        assert.equal(counted(portcullis, 'retries_paid_total'), 1)
        const line = await portcullis.line(one => one['url.path'] === '/a')
        assert.deepEqual([line['portcullis.hedged'], line['portcullis.attempts']], ['won', 2])
      }))

    test('is given up where the first answers after all', () =>
      hedged({ wire }, async (portcullis, met) => {
        const asked = send(portcullis.port(), { path: '/a' })
        const [first, second] = (await met.count(2)) as [Met, Met]
        answer(first, 404, 'first')
        assert.equal((await asked).body, 'first')
        await second.gone
        assert.equal(counted(portcullis, 'hedges_won_total'), 0)
        assert.equal((await portcullis.line(one => one['url.path'] === '/a'))['portcullis.hedged'], 'lost')
      }))

    test('that is answered with an error does not end the first', () =>
      hedged({ wire }, async (portcullis, met) => {
        const asked = send(portcullis.port())
        const [first, second] = (await met.count(2)) as [Met, Met]
        answer(second, 503, 'sick')
        await second.gone
        answer(first, 200, 'first')
        assert.equal((await asked).body, 'first')
      }))

    for (const [what, fail] of [
      ['is answered with an error', (one: Met) => answer(one, 503, 'sick')],
      ['is broken off', (one: Met) => one.response.destroy()],
    ] as const)
      test(`is waited for where the first ${what}`, () =>
        hedged({ wire }, async (portcullis, met) => {
          const asked = send(portcullis.port())
          const [first, second] = (await met.count(2)) as [Met, Met]
          fail(first)
          await first.gone
          answer(second, 200, 'second')
          assert.equal((await asked).body, 'second')
        }))

    test('is given up with the first when the time of the request is over, or its client has gone', () =>
      hedged({ wire, rule: { timeouts: { request: '300ms' } } }, async (portcullis, met) => {
        assert.equal((await send(portcullis.port())).status, 504)
        const both = await met.count(2)
        await Promise.all(both.map(({ gone }) => gone))
      }))

    test('has the body too', () =>
      hedged({ wire, policy: { hedging: { ...soon, methods: ['POST'] } } }, async (portcullis, met) => {
        // Only what is hedged is measured.
        for (let i = 0; i < WARM; i++)
          await send(portcullis.port(), { path: '/warm', method: 'POST', body: 'warm' })
        const asked = send(portcullis.port(), { method: 'POST', body: 'twice' })
        const [first, second] = (await met.count(2)) as [Met, Met]
        assert.deepEqual([first.body, second.body], ['twice', 'twice'])
        answer(second, 200, 'second')
        assert.equal((await asked).body, 'second')
      }))
  })

test('where both are answered with errors, the last one is what the route says to it', () =>
  hedged({ rule: { retry: { codes: [503], attempts: 2, backoff: '1ms' } } }, async (portcullis, met) => {
    const asked = send(portcullis.port())
    const [first, second] = (await met.count(2)) as [Met, Met]
    answer(second, 503, 'sick')
    answer(first, 503, 'sick')
    const [, , third] = (await met.count(3)) as [Met, Met, Met]
    assert.equal(third.told, '3')
    answer(third, 200, 'third')
    assert.equal((await asked).body, 'third')
    assert.equal(counted(portcullis, 'retries_total'), 1)
  }))

suite('nothing is sent twice', () => {
  const trusting = { trustedHops: 1 }
  for (const [what, setting, asked] of [
    ['that has a method which is not named', {}, { method: 'POST', body: 'x' }],
    ['where there is one endpoint', { endpoints: 1 }, {}],
    [
      'that a hop before repeats',
      { client: trusting },
      { headers: { 'X-Forwarded-For': '10.0.0.1', 'X-Portcullis-Attempt': '2' } },
    ],
    ['that a mesh behind repeats', { policy: { hedging: soon, meshMode: 'Permissive' } }, {}],
    ['where the route repeats nothing', { rule: { retry: { attempts: 0 } } }, {}],
    ['as long as too few answers are known', { policy: { hedging: { ...soon, percentile: 99 } } }, {}],
    ['before the least time', { policy: { hedging: { ...soon, minDelay: '1h' } } }, {}],
    ['of too few requests', { policy: { hedging: { ...soon, maxPercent: 1 } } }, {}],
    ['where the policy has none', { policy: { hedging: undefined } }, {}],
  ] as const satisfies readonly (readonly [string, Setting, Asked])[])
    test(what, () =>
      hedged(setting, async (portcullis, met) => {
        const sent = send(portcullis.port(), asked)
        const [first] = (await met.count(1)) as [Met]
        setTimeout(() => answer(first, 200, 'first'), 100)
        assert.equal((await sent).body, 'first')
        assert.equal(met.all.length, 1)
        assert.equal(counted(portcullis, 'hedges_total'), 0)
      }),
    )
})

for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }])
  test(`nor is a body that is whole at once, and too large to be kept: ${Object.keys(headers)[0] ?? 'its length said'}`, async () => {
    await using service = await AuthService.start()
    const more = [
      backend('auth', [service.port]),
      externalAuthPolicy({ forwardBody: { maxSize: 200_000 }, except: [{ paths: [{ value: '/warm' }] }] }),
    ]
    const policy = { hedging: { ...soon, methods: ['GET', 'PUT'] } }
    await hedged({ policy, more }, async (portcullis, met) => {
      const body = 'x'.repeat(100_000)
      const sent = send(portcullis.port(), { method: 'PUT', body, headers })
      const [first] = (await met.count(1)) as [Met]
      setTimeout(() => answer(first, 200, 'first'), 100)
      assert.equal((await sent).body, 'first')
      assert.deepEqual(
        met.all.map(one => one.body.length),
        [body.length],
      )
      assert.equal(counted(portcullis, 'hedges_total'), 0)
    })
  })

test('of many requests that are slow no more than the share is sent twice', () =>
  hedged({ policy: { hedging: { ...soon, maxPercent: 10 } } }, async (portcullis, met) => {
    const sent = Array.from({ length: 60 - WARM }, () => send(portcullis.port()))
    await met.count(60 - WARM + 6)
    for (const one of met.all) answer(one, 200, 'well')
    for (const one of sent) assert.equal((await one).status, 200)
    assert.equal(counted(portcullis, 'hedges_total'), 6)
  }))

test('a call of gRPC that hangs is answered by another server, where its policy has POST', async () => {
  let hung = 0
  const slow = await EchoServer.start({
    Unary: (call, reply) => {
      if (call.request.text !== 'slow' || hung++ > 0) reply(null, { text: 'fast' })
    },
  })
  const other = await EchoServer.start({
    Unary: (call, reply) => {
      if (call.request.text !== 'slow' || hung++ > 0) reply(null, { text: 'fast' })
    },
  })
  try {
    await using portcullis = await startGrpc(
      [slow.port, other.port],
      backendPolicy({ hedging: { ...soon, methods: ['POST'] } }),
    )
    using client = new EchoClient(portcullis.port())
    for (let i = 0; i < WARM; i++) await client.unary({ text: 'warm' })
    const { message } = await client.unary({ text: 'slow' })
    assert.equal(message?.text, 'fast')
    assert.equal(hung, 2)
    assert.equal(counted(portcullis, 'hedges_won_total'), 1)
  } finally {
    await slow[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
  }
})
