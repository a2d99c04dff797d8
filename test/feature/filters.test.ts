import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Asked, Exchange, Filter, Verdict } from '../../src/filters/filter.ts'
import { CallFailure, type Kit } from '../../src/filters/kit.ts'
import { Note } from '../../src/filters/notes.ts'
import { phases } from '../../src/filters/phases.ts'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { send, seenBy } from '../support/client.ts'
import { startPlugged, type Plug } from '../support/plugged.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, gateway as gatewayOf, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ask, httpsListener, secure } from '../support/tls.ts'
import { simpleYaml, TestUpstream } from '../support/upstream.ts'
import { Seen } from '../support/until.ts'

const answering = (request: (x: Exchange) => Verdict | Promise<Verdict>, more: Partial<Plug> = {}): Plug => ({
  ...more,
  compile: () => ({ request }),
})

/** Goes on after that. */
const goesOn = (_done: void): undefined => undefined

interface Problem {
  readonly status: number
  readonly reason: string
  readonly limit?: string
}

suite('a refusal by name', () => {
  for (const later of [false, true])
    test(`${later ? 'later' : 'at once'}: status, fields, problem, log and metrics follow from it`, async () => {
      const verdict: Verdict = {
        failure: 'rate_limited',
        detail: 'limit "burst"',
        fields: ['Retry-After', '7', 'RateLimit', '"burst";r=0;t=7'],
        members: { limit: 'burst', status: 200 },
      }
      await using upstream = await TestUpstream.start()
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [answering(() => (later ? Promise.resolve(verdict) : verdict))],
      })
      const { status, headers, body } = await send(gateway.port())
      assert.equal(status, 429)
      assert.deepEqual([headers['retry-after'], headers['ratelimit']], ['7', '"burst";r=0;t=7'])
      const problem = JSON.parse(body) as Problem
      assert.deepEqual([problem.status, problem.reason, problem.limit], [429, 'rate_limited', 'burst'])
      const line = await gateway.line(() => true)
      assert.deepEqual(
        [line['portcullis.failure'], line['portcullis.failure.reason']],
        ['rate_limited', 'limit "burst"'],
      )
      assert.match(gateway.metrics(), /portcullis_failures_total\{failure="rate_limited"\} 1/)
    })

  for (const [failure, status, grpc] of [
    ['authentication_required', 401, '16'],
    ['access_denied', 403, '7'],
    ['rate_limited', 429, '8'],
    ['authorization_unavailable', 503, '14'],
  ] as const)
    test(`${failure}: ${status}, and ${grpc} to a gRPC call`, async () => {
      await using upstream = await TestUpstream.start()
      await using gateway = await startPlugged(simpleYaml(upstream.port), {
        filters: [answering(() => ({ failure, fields: ['WWW-Authenticate', 'Basic'] }))],
      })
      const plain = await send(gateway.port())
      assert.deepEqual([plain.status, plain.headers['www-authenticate']], [status, 'Basic'])
      const call = await send(gateway.port(), {
        method: 'POST',
        headers: { 'Content-Type': 'application/grpc' },
      })
      assert.deepEqual([call.status, call.headers['grpc-status']], [200, grpc])
    })

  test('of a response: those further out see it, and not the answer', async () => {
    const seen: number[] = []
    const watching: Plug = {
      phase: 'cors',
      compile: () => ({ response: x => void seen.push(x.response.status) }),
    }
    const refusing: Plug = { compile: () => ({ response: () => ({ failure: 'access_denied' }) }) }
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [refusing, watching] })
    assert.deepEqual([(await send(gateway.port())).status, seen], [403, [403]])
  })

  test('another answer in its place, also later', async () => {
    for (const wait of [false, true]) {
      const page = { status: 200, fields: ['X-Page', 'yes'], body: 'sorry' }
      const pages: Plug = {
        compile: () => ({
          response: x => (x.response.status < 500 ? undefined : wait ? Promise.resolve(page) : page),
        }),
      }
      await using upstream = await TestUpstream.start((_request, response) =>
        response.writeHead(500).end('x'.repeat(300_000)),
      )
      await using gateway = await startPlugged(simpleYaml(upstream.port), { filters: [pages] })
      for (let i = 0; i < 2; i++) {
        const { status, headers, body } = await send(gateway.port())
        assert.deepEqual([status, headers['x-page'], body], [200, 'yes', 'sorry'])
      }
    }
  })
})

test('what was asked for, whatever rewrites it', async () => {
  const seen: Asked[] = []
  const rewriting = {
    type: 'URLRewrite',
    urlRewrite: { hostname: 'inner', path: { type: 'ReplaceFullPath', replaceFullPath: '/inner' } },
  }
  const looking: Plug = {
    compile: () => ({
      request: () => undefined,
      response: ({ asked }) => {
        const { method, authority, hostname, path, query } = asked
        seen.push({ method, authority, hostname, path, query })
      },
    }),
  }
  await using upstream = await TestUpstream.start()
  const route = httpRoute('r', { rules: [{ filters: [rewriting], backendRefs: [to('up')] }] })
  await using gateway = await startPlugged(yamlOf(gatewayOf(), route, backend('up', [upstream.port])), {
    filters: [looking],
  })
  const answer = await send(gateway.port(), { path: '/a/../%62?c=%64', host: 'A.example:80' })
  assert.deepEqual(seenBy(answer, 'host'), ['inner'])
  assert.deepEqual(seen, [
    { method: 'GET', authority: 'A.example:80', hostname: 'a.example', path: '/b', query: '?c=%64' },
  ])
})

test('notes go from filter to filter and into the log, whatever became of the exchange', async () => {
  const user = new Note<{ readonly name: string }>('user')
  const shown = new Note<string>('shown', 'user.id')
  const cost = new Note<number>('cost', 'portcullis.cost')
  const told = new Seen<string>()
  const filters: Plug[] = [
    { phase: 'authentication', ...answering(x => goesOn(x.notes.set(user, { name: 'a "b"' }))) },
    {
      phase: 'plan',
      compile: () => ({
        request: x => goesOn(x.notes.set(shown, x.notes.get(user)?.name ?? 'nobody')),
        end: x => {
          x.notes.set(cost, x.status)
          told.push(`${x.status} ${String(x.failure)}`)
        },
      }),
    },
    { compile: () => ({ end: () => assert.fail('planted') }) },
  ]
  await using upstream = await TestUpstream.start((request, response) => {
    if (request.url === '/cut') request.socket.destroy()
    else response.end()
  })
  await using gateway = await startPlugged(simpleYaml(upstream.port), { filters })
  await send(gateway.port())
  await send(gateway.port(), { method: 'POST', path: '/cut', body: 'x' })
  for (const [path, status] of [
    ['/', 200],
    ['/cut', 502],
  ] as const) {
    const line = await gateway.line(one => one['url.path'] === path)
    assert.deepEqual([line['user.id'], line['portcullis.cost']], ['a "b"', status])
  }
  assert.deepEqual(told.all, ['200 null', '502 connection_terminated'])
})

test('who waits for something hears that the client has gone', async () => {
  const gone = new Seen<string>()
  await using upstream = await TestUpstream.start()
  await using gateway = await startPlugged(simpleYaml(upstream.port), {
    filters: [
      {
        compile: () => ({
          request: ({ signal }) =>
            new Promise(resolve => {
              gone.push('waiting')
              signal.addEventListener('abort', () => {
                gone.push('gone')
                resolve(undefined)
              })
            }),
          end: ({ failure }) => gone.push(String(failure)),
        }),
      },
    ],
  })
  await using client = await RawClient.to(gateway.port())
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await gone.count(1)
  client.socket.destroy()
  assert.deepEqual(await gone.count(3), ['waiting', 'gone', 'client_gone'])
})

suite("a listener's filters", () => {
  const yaml = (port: number): string =>
    yamlOf(
      gatewayOf([
        { name: 'a', hostname: 'a.example' },
        { name: 'b', hostname: '*.example' },
      ]),
      httpRoute('r', {
        parentRefs: [
          { name: 'gw', sectionName: 'a' },
          { name: 'gw', sectionName: 'b' },
        ],
        rules: [{ matches: [prefix('/r')], backendRefs: [to('up')] }],
      }),
      backend('up', [port]),
    )

  test('see requests that no route takes, and run with those of rules in one order', async () => {
    const ran: string[] = []
    const plugs = phases.flatMap((phase): Plug[] =>
      (['rule', 'listener'] as const).map(at => ({
        at,
        phase,
        compile: () => ({
          request: () => void ran.push(`${phase} ${at}`),
          end: () => void ran.push(`end ${phase} ${at}`),
        }),
      })),
    )
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(yaml(upstream.port), { filters: plugs.toReversed() })
    assert.equal((await send(gateway.port(), { path: '/r' })).status, 200)
    await gateway.line(line => line['url.path'] === '/r')
    const both = phases.flatMap(phase => [`${phase} listener`, `${phase} rule`])
    assert.deepEqual(ran.splice(0), [...both, ...both.map(step => `end ${step}`).toReversed()])
    assert.equal((await send(gateway.port(), { path: '/none' })).status, 404)
    const line = await gateway.line(one => one['url.path'] === '/none')
    assert.deepEqual(
      ran.filter(step => !step.startsWith('end')),
      phases.map(phase => `${phase} listener`),
    )
    assert.deepEqual(
      [line['portcullis.listener'], line['portcullis.failure']],
      ['default/gw/a', 'route_not_found'],
    )
  })

  test('may answer in place of 404, and see that', async () => {
    const statuses: number[] = []
    const filters: Plug[] = [
      answering(
        ({ request }) => (request.path === '/own' ? { status: 200, fields: [], body: 'own' } : undefined),
        {
          at: 'listener',
        },
      ),
      {
        at: 'listener',
        phase: 'cors',
        compile: () => ({ response: x => void statuses.push(x.response.status) }),
      },
    ]
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(yaml(upstream.port), { filters })
    assert.equal((await send(gateway.port(), { path: '/own' })).body, 'own')
    assert.equal((await send(gateway.port(), { path: '/other' })).status, 404)
    assert.deepEqual(statuses, [200, 404])
  })

  test('with TLS; a request for another listener is misdirected before they see it', async () => {
    const authority = await Authority.make()
    const names = ['a.example', 'b.other']
    await using upstream = await TestUpstream.start()
    const secured = yamlOf(
      gatewayOf([
        httpsListener('a', ['c'], { hostname: '*.example' }),
        httpsListener('b', ['c'], { hostname: 'b.other' }),
      ]),
      tlsSecret('c', await authority.issue({ names })),
      httpRoute('r', {
        parentRefs: [{ name: 'gw', sectionName: 'a' }],
        rules: [{ matches: [prefix('/r')], backendRefs: [to('up')] }],
      }),
      backend('up', [upstream.port]),
    )
    const seen: string[] = []
    const looking: Plug = {
      at: 'listener',
      compile: () => ({ request: x => goesOn(void seen.push(`${x.listener} ${x.request.path}`)) }),
    }
    await using gateway = await startPlugged(secured, { filters: [looking] })
    const socket = await secure(gateway.port(443), { servername: 'a.example', ca: authority.root })
    for (const [host, path, status] of [
      ['a.example', '/r', 200],
      ['a.example', '/none', 404],
      ['b.other', '/r', 421],
      ['nobody', '/r', 404],
    ] as const)
      assert.equal((await ask(socket, host, '', path)).status, status)
    socket.destroy()
    assert.deepEqual(seen, ['default/gw/a /r', 'default/gw/a /none'])
  })

  test('that cannot be compiled close it, requests that no route takes included', async () => {
    const filters: Plug[] = [
      {
        at: 'listener',
        compile: () => {
          throw new Error('planted')
        },
      },
    ]
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(yaml(upstream.port), { filters })
    for (const path of ['/r', '/none']) {
      assert.equal((await send(gateway.port(), { path })).status, 500)
      const line = await gateway.line(one => one['url.path'] === path)
      assert.deepEqual(
        [line['portcullis.failure'], line['portcullis.failure.reason']],
        ['proxy_configuration_error', 'Error: planted'],
      )
    }
    // Nobody's filters: no listener takes that host.
    assert.equal((await send(gateway.port(), { path: '/r', host: 'other' })).status, 404)
  })
})

suite('what a filter keeps', () => {
  class Kept {
    drained = 0
    drain(): void {
      this.drained++
    }
  }

  test('is one for all rules and ports, survives reloads, and is drained when nobody asks for it', async () => {
    const made: Kept[] = []
    const asking: Plug = {
      compile: kit => {
        kit.keep('test/one', () => {
          const one = new Kept()
          made.push(one)
          return one
        })
        return {}
      },
    }
    await using upstream = await TestUpstream.start()
    const yaml = (rules: number): string =>
      yamlOf(
        gatewayOf([{ name: 'a' }, { name: 'b', port: 81 }]),
        httpRoute('r', {
          rules: Array.from({ length: rules }, (_, i) => ({
            matches: [prefix(`/${i}`)],
            backendRefs: [to('up')],
          })),
        }),
        backend('up', [upstream.port]),
      )
    await using gateway = await startPlugged(yaml(3), { filters: [asking] })
    await gateway.reload(yaml(5))
    await gateway.reload(yaml(1))
    assert.deepEqual(
      made.map(({ drained }) => drained),
      [0],
    )
    await gateway.reload(yamlOf(gatewayOf([{ name: 'a' }, { name: 'b', port: 81 }])))
    await gateway.reload(yamlOf(gatewayOf([{ name: 'a' }, { name: 'b', port: 81 }], 'gw')))
    assert.deepEqual(
      made.map(({ drained }) => drained),
      [1],
    )
  })
})

suite('a call of a filter', () => {
  /** Asks the cluster before each request, and writes down what came of it. */
  const asking = (
    seen: Seen<string>,
    cluster: string,
    more: Partial<Parameters<Kit['call']>[2]> = {},
  ): Plug => ({
    compile: (kit): Filter => ({
      async request(x) {
        const request = {
          method: 'POST',
          target: '/ask?b=c',
          authority: 'auth.example',
          fields: ['X-Of', x.asked.path, 'Content-Length', '99', 'Connection', 'close'],
          body: Buffer.from('hello'),
        }
        const options = {
          signal: x.signal,
          deadlineMs: Infinity,
          limitBytes: 1_000,
          client: x.clientAddress,
          ...more,
        }
        try {
          const { status, fields, body } = await kit.call(cluster, request, options)
          seen.push(`${status} ${fields.get('x-answer') ?? ''} ${body.toString()}`)
        } catch (error) {
          if (!(error instanceof CallFailure)) throw error
          seen.push(error.failure)
          return { failure: 'authorization_unavailable', detail: error.failure }
        }
        return undefined
      },
    }),
  })

  const yaml = (port: number, asked: readonly number[]): string =>
    yamlOf(
      gatewayOf(),
      httpRoute('r', {
        rules: [{ backendRefs: [to('up')] }, { matches: [prefix('/auth')], backendRefs: [to('auth')] }],
      }),
      backend('up', [port]),
      backend('auth', asked),
    )

  test('is a request like any other: balanced, repeated, counted', async () => {
    const seen = new Seen<string>()
    const heads: string[] = []
    await using upstream = await TestUpstream.start()
    await using auth = await TestUpstream.start((request, response) => {
      heads.push([request.method, request.url, request.headers.host, request.headers['x-of']].join(' '))
      response.setHeader('X-Answer', 'yes')
      request.pipe(response)
    })
    // Of two endpoints one is not there: every call that meets it goes on to the other.
    await using gateway = await startPlugged(yaml(upstream.port, [1, auth.port]), {
      filters: [asking(seen, 'Backend/default/auth')],
    })
    for (let i = 0; i < 4; i++) assert.equal((await send(gateway.port(), { path: '/x' })).status, 200)
    assert.deepEqual(seen.all, Array(4).fill('200 yes hello'))
    assert.equal(heads[0], 'POST /ask?b=c auth.example /x')
    const metrics = gateway.metrics()
    assert.match(
      metrics,
      /portcullis_upstream_requests_total\{cluster="Backend\/default\/auth",code_class="2xx"\} 4/,
    )
    assert.match(metrics, /portcullis_upstream_connect_failures_total\{cluster="Backend\/default\/auth",/)
  })

  for (const [name, serve, more, failure] of [
    ['no answer in time', () => {}, { deadlineMs: 1 }, 'http_response_timeout'],
    [
      'a body that says that it is too large',
      (socket: { end(text: string): void }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n'),
      {},
      'http_response_body_size',
    ],
    [
      'a body that is too large',
      (socket: { end(text: string): void }) => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(5_000)}`),
      {},
      'http_response_body_size',
    ],
    [
      'half an answer',
      (socket: { end(text: string): void }) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nx'),
      {},
      'http_response_incomplete',
    ],
    [
      'no HTTP',
      (socket: { end(text: string): void }) => socket.end('hello\r\n\r\n'),
      {},
      'http_protocol_error',
    ],
  ] as const)
    test(`${name}: it fails by name, and so does the request`, async () => {
      const seen = new Seen<string>()
      await using upstream = await TestUpstream.start()
      await using server = await RawServer.start(socket => socket.once('data', () => serve(socket)))
      const options = 'deadlineMs' in more ? { deadlineMs: performance.now() + 50 } : {}
      await using gateway = await startPlugged(yaml(upstream.port, [server.port]), {
        filters: [asking(seen, 'Backend/default/auth', options)],
      })
      assert.equal((await send(gateway.port())).status, 503)
      assert.deepEqual(seen.all, [failure])
    })

  test('a cluster that is not there, and one without an endpoint', async () => {
    for (const [cluster, failure] of [
      ['Backend/default/none', 'destination_not_found'],
      ['Backend/default/auth', 'connection_refused'],
    ] as const) {
      const seen = new Seen<string>()
      await using upstream = await TestUpstream.start()
      await using gateway = await startPlugged(yaml(upstream.port, [1]), { filters: [asking(seen, cluster)] })
      assert.equal((await send(gateway.port())).status, 503)
      assert.deepEqual(seen.all, [failure])
    }
  })

  test('ends with its client', async () => {
    const seen = new Seen<string>()
    const met = new Seen<string>()
    await using upstream = await TestUpstream.start()
    await using server = await RawServer.start(socket => {
      socket.once('data', () => met.push('asked'))
      socket.once('end', () => met.push('ended'))
    })
    await using gateway = await startPlugged(yaml(upstream.port, [server.port]), {
      filters: [asking(seen, 'Backend/default/auth')],
    })
    await using client = await RawClient.to(gateway.port())
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await met.count(1)
    client.socket.destroy()
    await met.count(2)
    assert.deepEqual(await seen.count(1), ['client_gone'])
  })
})
