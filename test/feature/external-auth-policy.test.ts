import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { Logger } from '../../src/telemetry/log.ts'
import { AuthService, type Question } from '../support/auth-service.ts'
import { echoOf, seenBy, send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { clientPolicy, externalAuthPolicy } from '../support/policies.ts'
import { RawClient, RawServer } from '../support/raw.ts'
import { backend, exact, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const targets = (...refs: readonly object[]) => ({
  targetRefs: refs.map(ref => ({ group: 'gateway.networking.k8s.io', ...ref })),
})

/** A route of some paths to an echo, asked about as the policies say; `auth` and `second` are services. */
const yaml = (up: number, auth: number, ...policies: readonly object[]): string =>
  yamlOf(
    gateway(),
    httpRoute('r', {
      rules: [
        { name: 'one', matches: [prefix('/one'), prefix('/public')], backendRefs: [to('up')] },
        { name: 'two', matches: [prefix('/two')], backendRefs: [to('up')] },
      ],
    }),
    backend('up', [up]),
    backend('auth', [auth]),
    ...policies,
  )

const running = (up: number, auth: number, spec: object = {}): Promise<TestGateway> =>
  startGateway(yaml(up, auth, externalAuthPolicy(spec)))

const deny = (_: Question, response: ServerResponse): void => void response.writeHead(401).end('log in')

suite('where a policy stands', () => {
  test('at a Gateway it is asked about requests that no route takes, too', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(deny)
    await using portcullis = await running(upstream.port, service.port)
    for (const path of ['/one', '/nowhere'])
      assert.deepEqual([(await send(portcullis.port(), { path })).status, path], [401, path])
    assert.equal(upstream.connections, 0)
  })

  for (const [where, target, asked] of [
    ['a listener', { kind: 'Gateway', name: 'gw', sectionName: 'http' }, ['/one', '/two']],
    ['a route', { kind: 'HTTPRoute', name: 'r' }, ['/one', '/two']],
    ['a rule', { kind: 'HTTPRoute', name: 'r', sectionName: 'two' }, ['/two']],
  ] as const)
    test(`at ${where} it is asked about what that takes`, async () => {
      await using upstream = await TestUpstream.start()
      await using service = await AuthService.start()
      await using portcullis = await running(upstream.port, service.port, targets(target))
      for (const path of ['/one', '/two', '/nowhere']) await send(portcullis.port(), { path })
      const paths = service.asked.map(({ url }) => url)
      assert.deepEqual(
        paths.filter(path => path !== '/nowhere'),
        asked,
      )
    })

  test('every policy is asked, and one refusal is enough', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    await using second = await AuthService.start(({ url }, response) =>
      response.writeHead(url === '/two' ? 403 : 200).end(),
    )
    const near = externalAuthPolicy(
      { ...targets({ kind: 'HTTPRoute', name: 'r' }), backendRef: to('second') },
      'near',
    )
    await using portcullis = await startGateway(
      yaml(upstream.port, service.port, externalAuthPolicy(), near, backend('second', [second.port])),
    )
    assert.equal((await send(portcullis.port(), { path: '/one' })).status, 200)
    assert.equal((await send(portcullis.port(), { path: '/two' })).status, 403)
    assert.deepEqual([service.asked.length, second.asked.length], [2, 2])
  })

  test('one that applies in two ways is asked once', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    const both = targets({ kind: 'Gateway', name: 'gw' }, { kind: 'HTTPRoute', name: 'r' })
    await using portcullis = await running(upstream.port, service.port, both)
    assert.equal((await send(portcullis.port(), { path: '/one' })).status, 200)
    assert.equal(service.asked.length, 1)
  })

  test('a reload brings it, changes it and takes it away', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(deny)
    await using portcullis = await startGateway(yaml(upstream.port, service.port))
    const status = async (): Promise<number> => (await send(portcullis.port(), { path: '/one' })).status
    assert.equal(await status(), 200)
    await portcullis.reload(yaml(upstream.port, service.port, externalAuthPolicy()))
    assert.equal(await status(), 401)
    await portcullis.reload(
      yaml(upstream.port, service.port, externalAuthPolicy({ except: [{ methods: ['GET'] }] })),
    )
    assert.equal(await status(), 200)
    await portcullis.reload(
      yaml(upstream.port, service.port, externalAuthPolicy({ backendRef: to('nobody') })),
    )
    assert.equal(await status(), 500)
    await portcullis.reload(yaml(upstream.port, service.port))
    assert.equal(await status(), 200)
  })
})

suite('what is asked and answered', () => {
  test('a fixed path is asked as ingress-nginx and Traefik ask it, with all that the client sent', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    await using portcullis = await running(upstream.port, service.port, {
      http: { path: '/oauth2/auth?group=a', hostname: 'auth.example' },
    })
    const headers = {
      Cookie: 'session=1',
      Accept: 'text/html',
      'X-Forwarded-Uri': '/spoofed',
      'X-Original-URL': 'x',
    }
    const answer = await send(portcullis.port(), {
      method: 'POST',
      path: '/one/../one?a=1',
      headers,
      body: 'x'.repeat(200_000),
    })
    assert.equal(answer.status, 200)
    assert.equal(echoOf(answer).body.length, 200_000)
    const [asked] = service.asked
    assert.ok(asked)
    assert.deepEqual([asked.method, asked.url, asked.body], ['GET', '/oauth2/auth?group=a', ''])
    const told = (name: string) => asked.headers[name]
    assert.deepEqual(
      ['host', 'cookie', 'accept', 'content-length', 'x-forwarded-method', 'x-forwarded-uri'].map(told),
      ['auth.example', 'session=1', 'text/html', '0', 'POST', '/one?a=1'],
    )
    assert.deepEqual(
      ['x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-for', 'x-original-url', 'x-original-method'].map(
        told,
      ),
      ['a.example', 'http', '127.0.0.1', 'http://a.example/one?a=1', 'POST'],
    )
  })

  test('what a client sends under the service’s names reaches nobody', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(({ url }, response) => {
      if (url === '/one/known') response.setHeader('X-User', 'alice')
      if (url === '/one/down') response.statusCode = 500
      response.end()
    })
    await using portcullis = await running(upstream.port, service.port, {
      http: { allowedResponseHeaders: ['X-User'] },
      whenUnavailable: 'allow',
      except: [{ paths: [{ value: '/public' }] }],
    })
    for (const [path, expected] of [
      ['/one/known', ['alice']],
      ['/one/unknown', []],
      ['/one/down', []],
      ['/public', []],
    ] as const) {
      const answer = await send(portcullis.port(), { path, headers: { 'x-user': 'admin' } })
      assert.deepEqual([path, answer.status, seenBy(answer, 'x-user')], [path, 200, expected])
    }
  })

  test('nor does what some backends take for these names', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    await using portcullis = await startGateway(
      yaml(
        upstream.port,
        service.port,
        externalAuthPolicy({ http: { allowedResponseHeaders: ['X-User-Name'] } }),
        clientPolicy({ headers: { underscores: 'allow' } }),
      ),
    )
    const headers = { X_User_Name: 'admin', 'x_user-name': 'admin', X_Other: 'mine' }
    const seen = echoOf(await send(portcullis.port(), { path: '/one', headers })).headers
    assert.deepEqual(
      seen.filter(([name]) => name.includes('_')),
      [['X_Other', 'mine']],
    )
  })

  for (const [status, method] of [
    [401, 'HEAD'],
    [302, 'HEAD'],
    [304, 'GET'],
  ] as const)
    test(`a refusal of ${status} to ${method} says no length of a body that is not there`, async () => {
      await using upstream = await TestUpstream.start()
      await using service = await AuthService.start((_, response) =>
        response.writeHead(status, { 'Content-Length': 6 }).end(),
      )
      await using portcullis = await running(upstream.port, service.port)
      await using client = await RawClient.to(portcullis.port())
      client.write(`${method} /one HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      const head = await client.until(/\r\n\r\n$/)
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.doesNotMatch(head, /content-length/i)
    })

  test('what one policy has brought another leaves', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start((_, response) =>
      response.setHeader('X-User', 'alice').end(),
    )
    await using second = await AuthService.start()
    const near = externalAuthPolicy(
      {
        ...targets({ kind: 'HTTPRoute', name: 'r' }),
        backendRef: to('second'),
        http: { allowedResponseHeaders: ['X-User'] },
      },
      'near',
    )
    const far = externalAuthPolicy({ http: { allowedResponseHeaders: ['X-User'] } })
    await using portcullis = await startGateway(
      yaml(upstream.port, service.port, far, near, backend('second', [second.port])),
    )
    const answer = await send(portcullis.port(), { path: '/one', headers: { 'x-user': 'admin' } })
    assert.deepEqual(seenBy(answer, 'x-user'), ['alice'])
  })

  test('the service is told what was asked for, not what a rule makes of it', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    const rewrite = {
      hostname: 'inner.example',
      path: { type: 'ReplaceFullPath', replaceFullPath: '/inner' },
    }
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', {
          rules: [{ filters: [{ type: 'URLRewrite', urlRewrite: rewrite }], backendRefs: [to('up')] }],
        }),
        backend('up', [upstream.port]),
        backend('auth', [service.port]),
        externalAuthPolicy(targets({ kind: 'HTTPRoute', name: 'r' })),
      ),
    )
    assert.equal(echoOf(await send(portcullis.port(), { path: '/outer' })).url, '/inner')
    assert.deepEqual([service.asked[0]?.url, service.asked[0]?.headers.host], ['/outer', 'a.example'])
  })

  test('a preflight is answered before anybody is asked', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(deny)
    const cors = { allowOrigins: ['https://shop.example'], allowCredentials: true }
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [{ filters: [{ type: 'CORS', cors }], backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        backend('auth', [service.port]),
        externalAuthPolicy(targets({ kind: 'HTTPRoute', name: 'r' })),
      ),
    )
    const origin = { Origin: 'https://shop.example' }
    const preflight = { ...origin, 'Access-Control-Request-Method': 'PUT' }
    assert.equal((await send(portcullis.port(), { method: 'OPTIONS', headers: preflight })).status, 204)
    assert.equal(service.asked.length, 0)
    const refused = await send(portcullis.port(), { headers: origin })
    assert.deepEqual([refused.status, refused.body], [401, 'log in'])
    // A script is to be able to read that it must log in.
    assert.equal(refused.headers['access-control-allow-origin'], 'https://shop.example')
  })

  test('exceptions are what was asked for', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start(deny)
    await using portcullis = await startGateway(
      yaml(
        upstream.port,
        service.port,
        httpRoute('health', { rules: [{ matches: [exact('/live')], backendRefs: [to('up')] }] }),
        externalAuthPolicy({
          except: [
            { routes: [{ name: 'health' }] },
            { paths: [{ value: '/public' }], methods: ['GET', 'HEAD'] },
          ],
        }),
      ),
    )
    for (const [method, path, status] of [
      ['GET', '/public', 200],
      ['GET', '/public/%61', 200],
      ['GET', '/one/../public', 200],
      ['POST', '/public', 401],
      ['GET', '/publicity', 401],
      ['GET', '/public/../one', 401],
      ['GET', '/public/..;/one', 400],
      ['GET', '/public%2Fone', 401],
      ['GET', '/live', 200],
      ['GET', '/one', 401],
    ] as const)
      assert.deepEqual([path, (await send(portcullis.port(), { method, path })).status], [path, status])
  })
})

suite('a service that gives no answer', () => {
  const raw = (answer: string) => RawServer.start(socket => socket.once('data', () => socket.end(answer)))
  const huge = `HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`
  for (const [what, answer, reason] of [
    ['closes', '', /^connection_terminated/],
    ['breaks off', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx', /^http_response_incomplete/],
    ['speaks no HTTP', 'hello\r\n\r\n', /^http_protocol_error/],
    ['never stops', huge, /^http_response_body_size/],
    ['fails', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n', /^status_502/],
  ] as const)
    for (const [whenUnavailable, status] of [
      ['deny', 503],
      ['allow', 200],
    ] as const)
      test(`${what}: ${status} where that is to ${whenUnavailable}`, async () => {
        await using upstream = await TestUpstream.start()
        await using service = await raw(answer)
        await using portcullis = await running(upstream.port, service.port, { whenUnavailable })
        const answered = await send(portcullis.port(), { path: '/one' })
        assert.equal(answered.status, status)
        assert.equal(upstream.connections, status === 200 ? 1 : 0)
        if (status === 200) return
        assert.match(answered.body, /authorization_unavailable/)
        assert.match(String((await portcullis.line(() => true))['portcullis.failure.reason']), reason)
      })

  test('is given up when its time is over', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await RawServer.start(() => {})
    await using portcullis = await running(upstream.port, service.port, { timeout: '50ms' })
    assert.equal((await send(portcullis.port(), { path: '/one' })).status, 503)
    const line = await portcullis.line(() => true)
    assert.match(String(line['portcullis.failure.reason']), /^http_response_timeout/)
  })

  test('is not waited for beyond the route’s own time', async () => {
    await using upstream = await TestUpstream.start()
    await using service = await RawServer.start(() => {})
    await using portcullis = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('r', { rules: [{ timeouts: { request: '50ms' }, backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
        backend('auth', [service.port]),
        externalAuthPolicy(targets({ kind: 'HTTPRoute', name: 'r' })),
      ),
    )
    const { status } = await send(portcullis.port())
    assert.ok(status === 503 || status === 504, String(status))
    assert.equal(upstream.connections, 0)
  })

  test('is not waited for when the client has gone', async () => {
    await using upstream = await TestUpstream.start()
    const left = new Seen<true>()
    await using service = await AuthService.start((_, response) =>
      response.on('close', () => left.push(true)),
    )
    const told: string[] = []
    const log = new Logger({ write: text => void told.push(text) })
    await using portcullis = await startGateway(yaml(upstream.port, service.port, externalAuthPolicy()), {
      log,
    })
    await using client = await RawClient.to(portcullis.port())
    client.write('GET /one HTTP/1.1\r\nHost: a.example\r\n\r\n')
    await service.count(1)
    client.socket.destroy()
    await left.count(1)
    assert.equal((await portcullis.line(() => true))['portcullis.failure'], 'client_gone')
    assert.equal(upstream.connections, 0)
    // Nor is that a failure of the service, of which clients could fill the log.
    assert.deepEqual(told, [])
    assert.match(portcullis.metrics(), /^portcullis_external_auth_total\{.*result="unavailable"\} 0$/m)
  })

  test('asks itself in a circle: that ends', async () => {
    await using upstream = await TestUpstream.start()
    const own = await startGateway(yaml(upstream.port, 1))
    await using portcullis = own
    // The service is the gateway itself, which asks about that request, too.
    await portcullis.reload(yaml(upstream.port, portcullis.port(), externalAuthPolicy()))
    const answer = await send(portcullis.port(), { path: '/one' })
    assert.equal(answer.status, 503)
    assert.equal(upstream.connections, 0)
    assert.ok(portcullis.lines.length <= 12, String(portcullis.lines.length))
  })
})
