import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { status as codes } from '@grpc/grpc-js'
import { send, type Answer, type Asked } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { grpcBackend, grpcRoute } from '../support/grpc-gateway.ts'
import { backendPolicy, clientPolicy, externalAuthPolicy } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { RawServer } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ofGateway, ofRoute, trafficPolicy } from '../support/traffic.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream, readBody } from '../support/upstream.ts'
import { WireServer } from '../support/wire-server.ts'

interface Setting {
  /** Where the backend of route `r` is. */
  readonly port: number
  readonly other?: number
  readonly otherWire?: 'h1' | 'h2c'
  readonly rule?: object
  readonly more?: readonly object[]
}

/** Route `r`, with this fallback, and a neighbour below /n at the same backend that has none. */
function site(fallback: object, { port, other = port, otherWire = 'h1', rule, more = [] }: Setting): string {
  const second = { ...backend('other', [other]) } as { spec: object }
  if (otherWire === 'h2c') second.spec = { ...second.spec, protocol: 'h2c' }
  return yamlOf(
    gateway(),
    httpRoute('r', { rules: [{ matches: [prefix('/')], backendRefs: [to('up')], ...rule }] }),
    httpRoute('n', { rules: [{ matches: [prefix('/n')], backendRefs: [to('up')] }] }),
    backend('up', [port]),
    second,
    trafficPolicy('instead', ofRoute, { fallback }),
    ...more,
  )
}

const ask = (portcullis: TestGateway, asked: Asked = {}): Promise<Answer> => send(portcullis.port(), asked)

const fixed = { response: { status: 200, contentType: 'application/json', body: '{"items":[]}' } }

/** Answers as `act` says, once it has read all. */
const sick = (act: (socket: { end(text: string): void; resetAndDestroy(): void }) => void) =>
  RawServer.start(socket => void socket.on('data', () => act(socket)))

suite('a fixed answer is given in place of a backend that', () => {
  for (const [what, act, failure] of [
    ['breaks connections', 'reset', 'connection_terminated'],
    ['closes in the middle of a head', 'half', 'http_response_incomplete'],
    ['does not speak HTTP', 'noise', 'http_protocol_error'],
    ['never answers', 'silent', 'http_response_timeout'],
  ] as const)
    test(what, async () => {
      await using server = await sick(socket => {
        if (act === 'reset') socket.resetAndDestroy()
        else if (act === 'half') socket.end('HTTP/1.1 200 OK\r\nContent-')
        else if (act === 'noise') socket.end('hello there\r\n\r\n')
      })
      const rule = { timeouts: { request: '200ms' } }
      await using portcullis = await startGateway(site(fixed, { port: server.port, rule }))
      const { status, headers, body } = await ask(portcullis)
      assert.deepEqual([status, headers['content-type'], body], [200, 'application/json', '{"items":[]}'])
      const line = await portcullis.line(() => true)
      assert.equal(line['portcullis.fallback'], 'response')
      assert.equal(line['portcullis.fallback.reason'], failure)
    })

  test('is not there, for its route alone', async () => {
    await using portcullis = await startGateway(site(fixed, { port: await freePort() }))
    assert.equal((await ask(portcullis)).body, '{"items":[]}')
    assert.equal((await ask(portcullis, { path: '/n' })).status, 502)
  })

  test('is left alone by its breaker', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.writeHead(500).end())
    const trip = { minRequests: 2, openFor: '10m' }
    const more = [backendPolicy({ circuitBreaker: { trip } })]
    await using portcullis = await startGateway(site(fixed, { port: upstream.port, more }))
    const statuses = []
    for (let i = 0; i < 4; i++) statuses.push((await ask(portcullis)).status)
    assert.deepEqual(statuses, [500, 500, 200, 200])
  })

  test('answers a status of the list, and no other', async () => {
    await using upstream = await TestUpstream.start((request, response) => {
      response.writeHead(Number(request.url!.slice(1))).end('own')
    })
    const policy = { ...fixed, httpStatusCodes: [502, 503] }
    await using portcullis = await startGateway(site(policy, { port: upstream.port }))
    for (const [path, status] of [
      ['/503', 200],
      ['/500', 500],
      ['/404', 404],
      ['/201', 201],
    ] as const)
      assert.equal((await ask(portcullis, { path })).status, status)
  })

  test('fails in another way than the triggers say, in no way', async () => {
    const policy = { ...fixed, triggers: ['timeout'] }
    await using portcullis = await startGateway(site(policy, { port: await freePort() }))
    assert.equal((await ask(portcullis)).status, 502)
  })
})

test('a fixed answer of an error is no page of localReplies', async () => {
  const pages = trafficPolicy('pages', ofGateway, { localReplies: { errors: [{ text: 'a page' }] } })
  const policy = { response: { status: 503, body: 'come back' } }
  await using portcullis = await startGateway(site(policy, { port: await freePort(), more: [pages] }))
  const { status, body } = await ask(portcullis)
  assert.deepEqual([status, body], [503, 'come back'])
  assert.equal((await ask(portcullis, { path: '/n' })).body, 'a page')
})

suite('nothing is given in place of a refusal', () => {
  const all = { ...fixed, httpStatusCodes: [401, 403, 429, 503] }
  test('of authorization, nor where nobody can be asked about it', async () => {
    await using upstream = await TestUpstream.start()
    await using auth = await TestUpstream.start((_, response) => void response.writeHead(403).end('no'))
    for (const port of [auth.port, await freePort()]) {
      const more = [backend('auth', [port]), externalAuthPolicy({ http: {} })]
      await using portcullis = await startGateway(site(all, { port: upstream.port, more }))
      assert.equal((await ask(portcullis)).status, port === auth.port ? 403 : 503)
    }
  })

  test('of a list of addresses, a limit or a password', async () => {
    for (const [spec, status] of [
      [{ addresses: { allow: ['192.0.2.1'] } }, 403],
      [{ localReplies: { maintenance: {} } }, 503],
    ] as const) {
      const more = [trafficPolicy('refuses', ofGateway, spec)]
      await using portcullis = await startGateway(site(all, { port: await freePort(), more }))
      assert.equal((await ask(portcullis)).status, status)
    }
  })
})

for (const otherWire of ['h1', 'h2c'] as const)
  suite(`another backend, of ${otherWire}`, () => {
    const policy = { backendRef: to('other'), httpStatusCodes: [503] }
    const otherServer = () =>
      WireServer.start(otherWire, (request, response) => {
        void readBody(request as never).then(body =>
          response.end(
            ['other', request.method, request.url, request.headers['x-own'], String(body)].join(' '),
          ),
        )
      })

    test('has the request, with its body, where the first has none for it', async () => {
      await using other = await otherServer()
      await using broken = await sick(socket => socket.resetAndDestroy())
      await using answering = await TestUpstream.start(
        (_, response) => void response.writeHead(503).end('sick'),
      )
      for (const port of [await freePort(), broken.port, answering.port]) {
        await using portcullis = await startGateway(site(policy, { port, other: other.port, otherWire }))
        const asked = { method: 'POST', path: '/a?b', body: 'twice', headers: { 'X-Own': 'kept' } }
        const { status, body } = await ask(portcullis, asked)
        assert.deepEqual([status, body], [200, 'other POST /a?b kept twice'])
        const line = await portcullis.line(() => true)
        assert.equal(line['portcullis.fallback'], 'Backend/default/other')
        assert.equal(line['portcullis.cluster'], 'Backend/default/other')
        assert.notEqual((await ask(portcullis, { path: '/n' })).status, 200)
      }
    })

    test('has what is left of the time, and none where that is over', async () => {
      await using other = await WireServer.start(otherWire, () => {})
      const port = await freePort()
      const rule = { timeouts: { request: '300ms' } }
      await using portcullis = await startGateway(site(policy, { port, other: other.port, otherWire, rule }))
      assert.equal((await ask(portcullis)).status, 504)
    })
  })

suite('the other backend gets the request of the client, not what the first one was told', () => {
  const policy = { backendRef: to('other'), httpStatusCodes: [503] }

  for (const headers of [{}, { 'X-Forwarded-For': '10.0.0.1', 'X-Portcullis-Attempt': '1', 'X-Left': '9' }])
    test(`which attempt it is, and the time that is left, ${Object.keys(headers).length === 0 ? 'which nobody told us' : 'as we were told'}`, async () => {
      const told: unknown[] = []
      const listen = (status: number) =>
        TestUpstream.start((request, response) => {
          told.push([request.headers['x-portcullis-attempt'], request.headers['x-left']])
          response.writeHead(status).end()
        })
      await using upstream = await listen(503)
      await using other = await listen(200)
      const rule = { retry: { codes: [503], attempts: 1, backoff: '1ms' }, timeouts: { request: '60s' } }
      const more = [
        backendPolicy({ timeouts: { deadlineHeader: 'X-Left' } }),
        clientPolicy({ trustedHops: 1 }),
      ]
      await using portcullis = await startGateway(
        site(policy, { port: upstream.port, other: other.port, rule, more }),
      )
      assert.equal((await ask(portcullis, { headers })).status, 200)
      assert.equal(told.length, 3)
      assert.equal((told[1] as string[])[0], '2')
      assert.deepEqual(told[2], Object.keys(headers).length === 0 ? [undefined, undefined] : ['1', '9'])
    })

  for (const [what, headers, expected] of [
    ['conditions that it has not asked', {}, [200, ',,']],
    ['its own condition', { 'If-None-Match': '"mine"' }, [200, '"mine",,']],
    ['its own condition, which holds', { 'If-None-Match': '"1"' }, [304, '']],
    ['a part', { Range: 'bytes=0-1' }, [200, ',,bytes=0-1']],
  ] as const)
    test(`of the cache: ${what}`, async () => {
      const modified = 'Tue, 01 Jan 2030 00:00:00 GMT'
      let well = true
      await using upstream = await TestUpstream.start((_, response) => {
        if (!well) return void response.writeHead(503).end('sick')
        const fields = {
          'Cache-Control': 'max-age=0, must-revalidate',
          ETag: '"1"',
          'Last-Modified': modified,
        }
        response.writeHead(200, fields).end('first')
      })
      await using other = await TestUpstream.start((request, response) => {
        const { 'if-none-match': tag = '', 'if-modified-since': since = '', range = '' } = request.headers
        response.writeHead(tag === '"1"' ? 304 : 200)
        response.end(tag === '"1"' ? '' : [tag, since, range].join())
      })
      const more = [trafficPolicy('kept', ofRoute, { cache: {} })]
      await using portcullis = await startGateway(
        site(policy, { port: upstream.port, other: other.port, more }),
      )
      while (!String((await ask(portcullis)).headers['cache-status']).includes('fwd=stale'));
      well = false
      const { status, body } = await ask(portcullis, { headers })
      assert.deepEqual([status, body], expected)
    })

  test('the time of a call of gRPC, which is not that of its first attempt', async () => {
    const met = new Seen<true>()
    await using slow = await EchoServer.start({ Unary: () => met.push(true) })
    await using other = await EchoServer.start({
      Unary: (call, reply) => void setTimeout(() => reply(null, call.request), 100),
    })
    const target = { kind: 'GRPCRoute', name: 'grpc' }
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        grpcRoute('grpc', { rules: [{ backendRefs: [to('up')] }] }),
        grpcBackend('up', [slow.port]),
        grpcBackend('other', [other.port]),
        backendPolicy({ timeouts: { attempt: '300ms' } }),
        trafficPolicy('instead', target, { fallback: { backendRef: to('other') } }),
      ),
    )
    using client = new EchoClient(portcullis.port())
    for (const metadata of [{}, { 'grpc-timeout': '60S' }]) {
      const { code, message } = await client.unary({ text: 'a' }, { metadata })
      assert.deepEqual([code, message?.text], [codes.OK, 'a'])
    }
    await met.count(2)
  })
})

suite('the time of the other backend is that of its own policy', () => {
  const ofOther = (timeouts: object) =>
    backendPolicy({ targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'other' }], timeouts })

  for (const rule of [{}, { timeouts: { request: '1h' } }])
    test(`${'timeouts' in rule ? 'within that of the route' : 'where the route has none'}`, async () => {
      await using silent = await TestUpstream.start(() => {})
      const policy = { backendRef: to('other') }
      const more = [ofOther({ request: '200ms' })]
      await using portcullis = await startGateway(
        site(policy, { port: await freePort(), other: silent.port, rule, more }),
      )
      assert.equal((await ask(portcullis)).status, 504)
    })

  test('and begins when it is asked', async () => {
    await using silent = await sick(() => {})
    await using slow = await TestUpstream.start(
      (_, response) => void setTimeout(() => response.end('other'), 100),
    )
    const policy = { backendRef: to('other') }
    const more = [
      { ...backendPolicy({ timeouts: { attempt: '2s' } }), metadata: { name: 'first' } },
      ofOther({ request: '2s' }),
    ]
    await using portcullis = await startGateway(site(policy, { port: silent.port, other: slow.port, more }))
    assert.equal((await ask(portcullis)).body, 'other')
  })
})

suite('where the other backend fails too', () => {
  test('the fixed answer is next, and nothing goes in a circle', async () => {
    let met = 0
    await using upstream = await TestUpstream.start((_, response) => {
      met++
      response.writeHead(503).end('sick')
    })
    // The other backend is the same one.
    const policy = { backendRef: to('other'), httpStatusCodes: [503], ...fixed }
    await using portcullis = await startGateway(site(policy, { port: upstream.port }))
    assert.equal((await ask(portcullis)).body, '{"items":[]}')
    assert.equal(met, 2)
    const line = await portcullis.line(() => true)
    assert.equal(line['portcullis.fallback'], 'response')
  })

  for (const [what, answer, expected] of [
    ['in another way than the triggers say', null, 200],
    ['with an error of its own', 500, 200],
    ['but has an answer', 404, 404],
  ] as const)
    test(`${what}, the fixed answer is ${expected === 200 ? 'next' : 'not'}`, async () => {
      await using silent = await sick(() => {})
      await using answering = await TestUpstream.start(
        (_, response) => void response.writeHead(answer ?? 200).end('second'),
      )
      const other = answer === null ? await freePort() : answering.port
      const policy = { backendRef: to('other'), triggers: ['timeout'], ...fixed }
      const more = [backendPolicy({ timeouts: { attempt: '200ms' } })]
      await using portcullis = await startGateway(site(policy, { port: silent.port, other, more }))
      const { status, body } = await ask(portcullis)
      assert.deepEqual([status, body], [expected, expected === 200 ? fixed.response.body : 'second'])
    })

  test('its failure is the answer where there is nothing else', async () => {
    await using answering = await TestUpstream.start(
      (_, response) => void response.writeHead(503).end('second'),
    )
    const policy = { backendRef: to('other'), httpStatusCodes: [503] }
    await using portcullis = await startGateway(
      site(policy, { port: await freePort(), other: answering.port }),
    )
    const { status, body } = await ask(portcullis)
    assert.deepEqual([status, body], [503, 'second'])
  })
})

test('a body that is too large to be sent again is not sent elsewhere', async () => {
  await using other = await TestUpstream.start()
  await using upstream = await TestUpstream.start((request, response) => {
    void readBody(request).then(() => response.writeHead(503).end('sick'))
  })
  const policy = { backendRef: to('other'), httpStatusCodes: [503] }
  await using portcullis = await startGateway(site(policy, { port: upstream.port, other: other.port }))
  const { status, body } = await ask(portcullis, { method: 'POST', body: 'x'.repeat(200_000) })
  assert.deepEqual([status, body], [503, 'sick'])
})

test('a call of gRPC has another server, and no fixed answer', async () => {
  await using other = await EchoServer.start()
  const policy = { backendRef: to('other'), ...fixed }
  const target = { kind: 'GRPCRoute', name: 'grpc' }
  const yaml = async (fallback: object): Promise<string> =>
    yamlOf(
      gateway(),
      grpcRoute('grpc', { rules: [{ backendRefs: [to('up')] }] }),
      grpcBackend('up', [await freePort()]),
      grpcBackend('other', [other.port]),
      trafficPolicy('instead', target, { fallback }),
    )
  await using portcullis = await startGateway(await yaml(policy))
  using client = new EchoClient(portcullis.port())
  assert.equal((await client.unary({ text: 'a' })).message?.text, 'a')
  await portcullis.reload(await yaml(fixed))
  assert.equal((await client.unary({ text: 'a' })).code, codes.UNAVAILABLE)
})

suite('the last good answer', () => {
  /** What is kept for as long as nothing is said, and is stale at once. */
  const kept = trafficPolicy('kept', ofRoute, { cache: {} })

  async function stale(
    asked: readonly Asked[],
    run: (portcullis: TestGateway, sicken: () => void) => Promise<void>,
    policy: object = { lastGood: {}, httpStatusCodes: [503] },
    control = 'max-age=0',
  ): Promise<void> {
    let well = true
    await using upstream = await TestUpstream.start((request, response) => {
      if (!well) return void response.writeHead(503).end('sick')
      const { authorization = '', cookie = '' } = request.headers
      const key = String(request.headers['x-api-key'] ?? '')
      response.writeHead(200, { 'Cache-Control': control, ETag: '"1"' })
      response.end(`of ${request.url!} ${authorization}${cookie}${key}`)
    })
    await using portcullis = await startGateway(site(policy, { port: upstream.port, more: [kept] }))
    for (const one of asked) {
      // Once it is stored it is asked about.
      while (!String((await ask(portcullis, one)).headers['cache-status']).includes('fwd=stale'));
    }
    await run(portcullis, () => (well = false))
  }

  test('is what the cache has of it, and says how old it is', () =>
    stale([{ path: '/a' }], async (portcullis, sicken) => {
      sicken()
      const answer = await ask(portcullis, { path: '/a' })
      assert.deepEqual([answer.status, answer.body], [200, 'of /a '])
      assert.match(String(answer.headers.age), /^\d+$/)
      assert.equal((await ask(portcullis, { path: '/b' })).body, 'sick')
      const line = await portcullis.line(one => one['portcullis.fallback'] !== undefined)
      assert.deepEqual(
        [line['portcullis.fallback'], line['portcullis.fallback.reason']],
        ['last-good', '503'],
      )
    }))

  for (const name of ['Authorization', 'Cookie', 'X-Api-Key'])
    test(`is never that of another ${name}`, () => {
      const mine = { path: '/a', headers: { [name]: 'mine=1' } }
      const yours = { path: '/a', headers: { [name]: 'yours=1' } }
      return stale([mine], async (portcullis, sicken) => {
        sicken()
        assert.equal((await ask(portcullis, mine)).body, 'of /a mine=1')
        for (const other of [yours, { path: '/a' }]) assert.equal((await ask(portcullis, other)).body, 'sick')
      })
    })

  test('is none that must not be used without asking', () =>
    stale(
      [{ path: '/a' }],
      async (portcullis, sicken) => {
        sicken()
        assert.equal((await ask(portcullis, { path: '/a' })).body, 'sick')
      },
      undefined,
      'max-age=0, must-revalidate',
    ))

  test('is none that is older than is said', () =>
    stale(
      [{ path: '/a' }],
      async (portcullis, sicken) => {
        sicken()
        // Its age is told in whole seconds, and counted in milliseconds.
        let body = ''
        while (body !== 'sick') body = (await ask(portcullis, { path: '/a' })).body
      },
      { lastGood: { maxAge: '50ms' }, httpStatusCodes: [503] },
    ))
})
