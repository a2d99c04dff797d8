import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { status as codes } from '@grpc/grpc-js'
import { send, seenBy, type Asked } from '../support/client.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backendPolicy, plain } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { echo, TestUpstream } from '../support/upstream.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'

/** Answers with these codes, one a request, and then 200; `attempt` is how often it was asked, and which attempts were told. */
async function failing(statuses: readonly number[], fields: Readonly<Record<string, string>> = {}) {
  const told: string[] = []
  const upstream = await TestUpstream.start((request, response) => {
    told.push(String(request.headers['x-portcullis-attempt'] ?? ''))
    const code = statuses[told.length - 1] ?? 200
    response.writeHead(code, code === 200 ? {} : fields)
    response.end(`attempt ${told.length}`)
  })
  return { upstream, told }
}

const policed = (ports: number | readonly number[], upstream: object, rule: object = {}) =>
  startGateway(plain(ports, { upstream, rule }))

const quick = { backOff: { baseInterval: '1ms', maxInterval: '2s' } }

suite('the policy of a backend has what is repeated', () => {
  for (const [what, retry, rule, statuses, asked, status, attempts] of [
    ['a status by its number', { attempts: 1, retryOn: { httpStatusCodes: [503] } }, {}, [503], {}, 200, 2],
    [
      'once, where it does not say how often',
      { retryOn: { httpStatusCodes: [503] } },
      {},
      [503, 503],
      {},
      503,
      2,
    ],
    ['5xx', { attempts: 3, retryOn: { triggers: ['5xx'] } }, {}, [500, 599, 507], {}, 200, 4],
    [
      'the errors of gateways',
      { attempts: 3, retryOn: { triggers: ['gateway-error'] } },
      {},
      [502, 503, 504],
      {},
      200,
      4,
    ],
    ['and not another', { attempts: 3, retryOn: { triggers: ['gateway-error'] } }, {}, [500], {}, 500, 1],
    ['409', { attempts: 1, retryOn: { triggers: ['retriable-4xx'] } }, {}, [409], {}, 200, 2],
    [
      'nothing of a POST',
      { attempts: 1, retryOn: { triggers: ['5xx'] } },
      {},
      [503],
      { method: 'POST', body: 'x' },
      503,
      1,
    ],
    [
      'a POST where it may be',
      { nonIdempotent: true, attempts: 1, retryOn: { triggers: ['5xx'] } },
      {},
      [503],
      { method: 'POST', body: 'x' },
      200,
      2,
    ],
    [
      'as often as the route says, after what the policy says',
      { attempts: 1, retryOn: { triggers: ['5xx'] } },
      { retry: { attempts: 3, backoff: '1ms' } },
      [503, 503, 503],
      {},
      200,
      4,
    ],
    [
      'after what the route says, where it names statuses',
      { attempts: 3, retryOn: { triggers: ['5xx'] } },
      { retry: { codes: [503], backoff: '1ms' } },
      [500],
      {},
      500,
      1,
    ],
    [
      'nothing, where the route says so',
      { attempts: 3, retryOn: { triggers: ['5xx'] } },
      { retry: { attempts: 0 } },
      [503],
      {},
      503,
      1,
    ],
  ] as const satisfies readonly (readonly [string, object, object, number[], Asked, number, number])[])
    test(`${what}: ${status} after ${attempts}`, async () => {
      const { upstream, told } = await failing(statuses)
      await using _ = upstream
      await using portcullis = await policed(upstream.port, { retry: { ...quick, ...retry } }, rule)
      assert.equal((await send(portcullis.port(), asked)).status, status)
      assert.equal(told.length, attempts)
    })

  for (const [what, triggers, status, connections] of [
    ['a connection that ends without an answer', ['reset'], 200, 2],
    ['but not where it says other things', ['connect-failure', '5xx'], 502, 1],
  ] as const)
    test(what, async () => {
      let met = 0
      await using server = await RawServer.start(socket => {
        const number = ++met
        socket.once('data', () =>
          number === 1
            ? socket.resetAndDestroy()
            : socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
        )
      })
      await using portcullis = await policed(server.port, {
        retry: { ...quick, attempts: 1, retryOn: { triggers } },
      })
      assert.equal((await send(portcullis.port())).status, status)
      assert.equal(met, connections)
    })
})

test('who says only how long to wait keeps the attempts at connections', async () => {
  await using well = await TestUpstream.start((_, response) => void response.end('well'))
  await using portcullis = await policed([await freePort(), well.port], { retry: quick })
  for (let i = 0; i < 2; i++) assert.equal((await send(portcullis.port())).body, 'well')
})

suite('a backend that asks to be left alone', () => {
  const retry = { ...quick, attempts: 1, retryOn: { httpStatusCodes: [503] } }
  for (const [what, after, status, attempts] of [
    ['for a second has a second', '1', 200, 2],
    ['for longer than may be waited is not asked again, and its answer goes to the client', '3', 503, 1],
  ] as const)
    test(what, async () => {
      const { upstream, told } = await failing([503], { 'Retry-After': after })
      await using _ = upstream
      await using portcullis = await policed(upstream.port, { retry })
      const beganMs = performance.now()
      const answer = await send(portcullis.port())
      assert.deepEqual([answer.status, told.length], [status, attempts])
      if (status === 200) assert.ok(performance.now() - beganMs >= 990)
      else assert.equal(answer.headers['retry-after'], after)
    })

  test('and whose time would be over by then, neither', async () => {
    const { upstream, told } = await failing([503], { 'Retry-After': '1' })
    await using _ = upstream
    await using portcullis = await policed(upstream.port, { retry, timeouts: { request: '900ms' } })
    assert.equal((await send(portcullis.port())).status, 503)
    assert.equal(told.length, 1)
  })
})

test('each attempt goes to an endpoint that was not tried before, whatever the balancer', async () => {
  for (const loadBalancing of [
    { type: 'RoundRobin' },
    { type: 'Random' },
    { type: 'LeastRequest' },
    { type: 'ConsistentHash', consistentHash: { source: 'QueryParam', name: 'k' } },
    { type: 'RingHash', consistentHash: { source: 'QueryParam', name: 'k' } },
    { type: 'Maglev', consistentHash: { source: 'QueryParam', name: 'k' } },
  ]) {
    const sick = await Promise.all([1, 2, 3].map(() => failing(Array.from({ length: 100 }, () => 503))))
    const { upstream: well } = await failing([])
    const all = [...sick.map(({ upstream }) => upstream), well]
    try {
      await using portcullis = await policed(
        all.map(({ port }) => port),
        {
          loadBalancing,
          retry: { ...quick, attempts: 3, retryOn: { triggers: ['5xx'] } },
          retryBudget: { minRetries: { count: 1000, interval: '10s' } },
          outlierDetection: { maxEjectedPercent: 0 },
        },
      )
      for (let i = 0; i < 20; i++)
        assert.equal((await send(portcullis.port(), { path: `/?k=${i}` })).status, 200, loadBalancing.type)
    } finally {
      for (const upstream of all) await upstream[Symbol.asyncDispose]()
    }
  }
})

/** Two layers, each of which would make four attempts of one. */
async function layers(
  trustedHops: number,
  run: (outer: TestGateway, told: readonly string[]) => Promise<void>,
) {
  const { upstream, told } = await failing(Array.from({ length: 100 }, () => 503))
  await using _ = upstream
  const retry = { ...quick, attempts: 3, retryOn: { triggers: ['5xx'] } }
  await using inner = await startGateway(
    plain(upstream.port, { upstream: { retry }, client: { trustedHops } }),
  )
  await using outer = await policed(inner.port(), { retry })
  await run(outer, told)
}

suite('a request that is itself a retry', () => {
  test('says so to the backend', async () => {
    const { upstream, told } = await failing([503, 503])
    await using _ = upstream
    await using portcullis = await policed(upstream.port, {
      retry: { ...quick, attempts: 2, retryOn: { triggers: ['5xx'] } },
    })
    await send(portcullis.port())
    assert.deepEqual(told, ['', '2', '3'])
  })

  test('is not multiplied by a layer that trusts the one before', () =>
    layers(1, async (outer, told) => {
      assert.equal((await send(outer.port())).status, 503)
      // The first of the outer layer has four of the inner one; the three that follow have one each.
      assert.deepEqual(told, ['', '2', '3', '4', '2', '3', '4'])
    }))

  test('is what anybody says only where they are trusted', async () => {
    for (const [trustedHops, attempts, first] of [
      [0, 2, ''],
      [1, 1, '2'],
    ] as const) {
      const { upstream, told } = await failing([503])
      await using _ = upstream
      await using portcullis = await startGateway(
        plain(upstream.port, {
          upstream: { retry: { ...quick, attempts: 1, retryOn: { triggers: ['5xx'] } } },
          client: { trustedHops },
        }),
      )
      await send(portcullis.port(), { headers: { 'X-Portcullis-Attempt': '2' } })
      assert.deepEqual([told.length, told[0]], [attempts, first])
    }
  })
})

suite('where a mesh repeats what fails', () => {
  for (const [meshMode, attempts] of [
    ['Disabled', 2],
    ['Permissive', 1],
    ['Strict', 1],
  ] as const)
    test(`${meshMode}: ${attempts} after a status`, async () => {
      const { upstream, told } = await failing([503])
      await using _ = upstream
      const upstreamPolicy = { meshMode, retry: { ...quick, attempts: 1, retryOn: { triggers: ['5xx'] } } }
      await using portcullis = await policed(upstream.port, upstreamPolicy)
      await send(portcullis.port())
      assert.equal(told.length, attempts)
    })
})

suite('time', () => {
  test('of an attempt is by the policy where the route says nothing, and another one follows', async () => {
    let asked = 0
    await using upstream = await TestUpstream.start((_, response) => {
      if (++asked > 1) response.end('second')
    })
    await using portcullis = await policed(upstream.port, {
      timeouts: { attempt: '50ms' },
      retry: { ...quick, attempts: 5, retryOn: { triggers: ['timeout'] } },
    })
    assert.equal((await send(portcullis.port())).body, 'second')
  })

  for (const [what, timeouts, reason] of [
    ['of the whole', { request: '100ms' }, 'timeouts.request'],
    ['of an attempt', { attempt: '100ms' }, 'timeouts.attempt'],
    ['to the first byte', { firstByte: '100ms' }, 'timeouts.firstByte'],
  ] as const)
    test(`${what}: a backend that accepts and never answers is 504, and its neighbour is served`, async () => {
      await using silent = await RawServer.start(socket => void socket.on('data', () => {}))
      await using well = await TestUpstream.start((_, response) => void response.end('well'))
      await using portcullis = await startGateway(
        yamlOf(
          gateway(),
          httpRoute('all', {
            rules: [{ matches: [prefix('/well')], backendRefs: [to('well')] }, { backendRefs: [to('up')] }],
          }),
          backend('up', [silent.port]),
          backend('well', [well.port]),
          backendPolicy({ timeouts }),
        ),
      )
      const hanging = send(portcullis.port())
      assert.equal((await send(portcullis.port(), { path: '/well' })).body, 'well')
      assert.equal((await hanging).status, 504)
      const line = await portcullis.line(({ 'portcullis.failure': failure }) => failure !== undefined)
      assert.equal(line['portcullis.failure.reason'], reason)
    })

  test('to the first byte runs from when all of the request is here', async () => {
    await using upstream = await TestUpstream.start((request, response) => {
      request.on('end', () => setTimeout(() => response.end('in time'), 300)).resume()
    })
    await using portcullis = await policed(upstream.port, { timeouts: { firstByte: '1s' } })
    await using client = await RawClient.to(portcullis.port())
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na')
    await delay(900)
    client.write('b')
    assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 200 /)
  })

  test('beyond what a timer takes is not over at once', async () => {
    await using upstream = await TestUpstream.start((_, response) => {
      setTimeout(() => response.end('in time'), 50)
    })
    const long = '600h'
    await using portcullis = await policed(upstream.port, {
      connections: { connectTimeout: long },
      timeouts: { request: long, attempt: long, firstByte: long },
    })
    assert.equal((await send(portcullis.port())).body, 'in time')
  })

  test('to the first byte leaves a body that drips alone', async () => {
    await using upstream = await TestUpstream.start((_, response) => {
      response.write('a')
      setTimeout(() => response.end('b'), 300)
    })
    await using portcullis = await policed(upstream.port, { timeouts: { firstByte: '200ms' } })
    assert.equal((await send(portcullis.port())).body, 'ab')
  })

  // "0s" of a route disables the timeout (HTTPRouteTimeouts).
  for (const given of ['30s', '0s'])
    test(`of the route goes before that of the policy, ${given} too`, async () => {
      await using upstream = await TestUpstream.start((_, response) => {
        setTimeout(() => response.end('late'), 200)
      })
      await using portcullis = await policed(
        upstream.port,
        { timeouts: { request: '50ms', attempt: '50ms' } },
        { timeouts: { request: given, backendRequest: given } },
      )
      assert.equal((await send(portcullis.port())).body, 'late')
    })

  for (const [route, policy] of [
    [{ request: '0s' }, { request: '50ms' }],
    [{ backendRequest: '0s' }, { attempt: '50ms' }],
  ] as const)
    test(`of the policy is not that of a route with ${JSON.stringify(route)}, but of one that says nothing`, async () => {
      await using upstream = await TestUpstream.start((_, response) => {
        setTimeout(() => response.end('late'), 200)
      })
      await using without = await policed(upstream.port, { timeouts: policy }, { timeouts: route })
      assert.equal((await send(without.port())).body, 'late')
      await using with_ = await policed(upstream.port, { timeouts: policy })
      assert.equal((await send(with_.port())).status, 504)
    })

  test('that is left is told to the backend, and what clients say of it is not', async () => {
    await using upstream = await TestUpstream.start(echo)
    const headers = { 'X-Time-Left': '99999999' }
    await using timed = await policed(upstream.port, {
      timeouts: { request: '30s', deadlineHeader: 'X-Time-Left' },
    })
    const [left = '', ...others] = seenBy(await send(timed.port(), { headers }), 'x-time-left')
    assert.deepEqual(others, [])
    assert.ok(Number(left) > 0 && Number(left) <= 30_000, left)
    await using untimed = await policed(upstream.port, { timeouts: { deadlineHeader: 'X-Time-Left' } })
    assert.deepEqual(seenBy(await send(untimed.port(), { headers }), 'x-time-left'), [])
  })
})

suite('a call of gRPC', () => {
  for (const [what, nonIdempotent, code, calls] of [
    ['is repeated after a status that the policy names, where it may be', true, codes.OK, 2],
    ['is a POST, and not repeated where nobody says that it may be', false, codes.UNAVAILABLE, 1],
  ] as const)
    test(what, async () => {
      let met = 0
      await using server = await EchoServer.start({
        Unary: (_, answer) => (++met === 1 ? answer({ code: codes.UNAVAILABLE }) : answer(null, {})),
      })
      const retry = { ...quick, nonIdempotent, attempts: 1, retryOn: { triggers: ['unavailable'] } }
      await using portcullis = await startGrpc(server.port, backendPolicy({ retry }))
      using client = new EchoClient(portcullis.port())
      assert.equal((await client.unary({})).code, code)
      assert.equal(met, calls)
    })

  for (const [what, asked, leastMs, mostMs] of [
    ['the time of the policy, where the client gives none', undefined, 0, 30_000],
    ['its own time, where that is less', '10S', 0, 10_000],
    ['the time of the policy, where that is less', '50S', 10_001, 30_000],
  ] as const)
    test(`tells the server what is left of ${what}`, async () => {
      const left: number[] = []
      await using server = await EchoServer.start({
        Unary: (call, answer) => {
          left.push(Number(call.getDeadline()) - Date.now())
          answer(null, {})
        },
      })
      await using portcullis = await startGrpc(server.port, backendPolicy({ timeouts: { request: '30s' } }))
      using client = new EchoClient(portcullis.port())
      const options = asked === undefined ? {} : { metadata: { 'grpc-timeout': asked } }
      assert.equal((await client.unary({}, options)).code, codes.OK)
      assert.ok(left[0]! > leastMs && left[0]! <= mostMs, `${String(left)} ms`)
    })
})
