import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { AuthService, type Question } from '../support/auth-service.ts'
import { echoOf, seenBy, send } from '../support/client.ts'
import { ExtAuthzServer, type CheckRequest, type CheckResponse } from '../support/ext-authz.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

// The ExternalAuth filter of Gateway API, by the cases of its conformance tests (HTTPRouteExternalAuth…) and by what
// its types say.

const auth = (more: object = {}): object => ({
  type: 'ExternalAuth',
  externalAuth: { protocol: 'HTTP', backendRef: to('auth'), http: {}, ...more },
})

const guarded = (up: number, ask: number, filter: object = auth()): Promise<TestGateway> =>
  startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', {
        rules: [
          { filters: [filter], backendRefs: [to('up')] },
          { matches: [prefix('/open')], backendRefs: [to('up')] },
        ],
      }),
      backend('up', [up]),
      backend('auth', [ask]),
    ),
  )

const byPath = (
  { url }: Question,
  response: Parameters<Parameters<typeof AuthService.start>[0] & {}>[1],
): void => {
  if (url.includes('denied')) response.writeHead(403, { 'X-Auth-Error': 'no' }).end('Access denied')
  else response.writeHead(200, { 'X-User-Id': '42', 'Content-Type': 'text/auth' }).end('ok')
}

test('who is allowed passes with what the service says, who is denied gets its words', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start(byPath)
  await using portcullis = await guarded(upstream.port, service.port)
  const allowed = await send(portcullis.port(), {
    path: '/allowed',
    headers: { 'X-User-Id': '1', 'Content-Type': 'text/mine' },
  })
  assert.equal(allowed.status, 200)
  assert.deepEqual(seenBy(allowed, 'x-user-id'), ['42'])
  assert.deepEqual(seenBy(allowed, 'content-type'), ['text/mine'])
  const denied = await send(portcullis.port(), { path: '/denied' })
  assert.deepEqual([denied.status, denied.body, denied.headers['x-auth-error']], [403, 'Access denied', 'no'])
  const line = await portcullis.line(({ 'url.path': path }) => path === '/denied')
  assert.equal(line['portcullis.external_auth'], 'denied')
  assert.match(
    portcullis.metrics(),
    /portcullis_external_auth_total\{policy="HTTPRoute\/default\/r",result="denied"\} 1/,
  )
})

test('a rule without the filter is asked about by nobody', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start(byPath)
  await using portcullis = await guarded(upstream.port, service.port)
  assert.equal((await send(portcullis.port(), { path: '/open/denied' })).status, 200)
  assert.deepEqual(service.asked, [])
})

test('the service is told method, path, host and Authorization, and nothing of the client beside', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await guarded(upstream.port, service.port, auth({ http: { path: '/check/' } }))
  const headers = { Authorization: 'Bearer t', Cookie: 'a=1', 'X-Other': 'o', 'User-Agent': 'me' }
  const answer = await send(portcullis.port(), {
    method: 'PUT',
    path: '/a%7e?b=%2f',
    host: 'b.example:81',
    headers,
    body: 'hello',
  })
  assert.equal(echoOf(answer).body, 'hello')
  const [asked] = service.asked
  assert.ok(asked)
  assert.deepEqual([asked.method, asked.url, asked.body], ['PUT', '/check/a~?b=%2f', ''])
  const told = asked.raw.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
  assert.deepEqual(told.toSorted(), [
    'authorization',
    'content-length',
    'host',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-method',
    'x-forwarded-proto',
    'x-forwarded-uri',
    'x-original-method',
    'x-original-url',
    'x-real-ip',
    'x-request-id',
  ])
  assert.deepEqual(
    ['host', 'content-length', 'authorization', 'x-original-url', 'x-forwarded-uri'].map(
      name => asked.headers[name],
    ),
    ['b.example:81', '0', 'Bearer t', 'http://b.example:81/a~?b=%2f', '/a~?b=%2f'],
  )
})

test('headers that are named are sent and brought, others are not', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start((_, response) =>
    response.writeHead(200, { 'X-User-Id': '42', 'X-Secret': 's' }).end(),
  )
  const http = { allowedHeaders: ['X-Api-Key'], allowedResponseHeaders: ['x-user-id', 'X-Role'] }
  await using portcullis = await guarded(upstream.port, service.port, auth({ http }))
  const headers = { 'x-api-key': 'k', 'X-Role': 'admin', 'X-Secret': 'mine' }
  const answer = await send(portcullis.port(), { headers })
  assert.deepEqual(
    ['x-user-id', 'x-role', 'x-secret', 'x-api-key'].map(name => seenBy(answer, name)),
    [['42'], [], ['mine'], ['k']],
  )
  assert.equal(service.asked[0]?.headers['x-api-key'], 'k')
  assert.equal(service.asked[0]?.headers['x-role'], undefined)
})

for (const [status, answered] of [
  [201, 403],
  [204, 403],
  [302, 302],
  [401, 401],
  [404, 404],
  [429, 429],
  [500, 503],
  [503, 503],
] as const)
  test(`an answer of ${status} is ${answered} to the client, and nothing passes`, async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start((_, response) => response.writeHead(status).end())
    await using portcullis = await guarded(upstream.port, service.port)
    assert.equal((await send(portcullis.port())).status, answered)
    assert.equal(upstream.connections, 0)
  })

test('a refusal has its cookies and its way to log in', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start((_, response) =>
    response
      .writeHead(302, ['Location', 'https://login.example/?rd=x', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      .end('go'),
  )
  await using portcullis = await guarded(upstream.port, service.port)
  const answer = await send(portcullis.port())
  assert.deepEqual(
    [answer.status, answer.body, answer.headers.location],
    [302, 'go', 'https://login.example/?rd=x'],
  )
  assert.deepEqual(answer.distinct['set-cookie'], ['a=1', 'b=2'])
})

test('an approval has its cookies for the answer', async () => {
  await using upstream = await TestUpstream.start((_, response) =>
    response.writeHead(200, ['Set-Cookie', 'own=1']).end(),
  )
  await using service = await AuthService.start((_, response) =>
    response.writeHead(200, ['Set-Cookie', 'session=2']).end(),
  )
  await using portcullis = await guarded(upstream.port, service.port)
  assert.deepEqual((await send(portcullis.port())).distinct['set-cookie'], ['own=1', 'session=2'])
})

test('without an endpoint nothing passes', async () => {
  await using upstream = await TestUpstream.start()
  const gone = await AuthService.start()
  const { port } = gone
  await gone[Symbol.asyncDispose]()
  await using portcullis = await guarded(upstream.port, port)
  const answer = await send(portcullis.port())
  assert.equal(answer.status, 503)
  assert.match(answer.body, /authorization_unavailable/)
  assert.equal(upstream.connections, 0)
  const line = await portcullis.line(() => true)
  assert.equal(line['portcullis.failure'], 'authorization_unavailable')
  assert.match(String(line['portcullis.failure.reason']), /^connection_refused/)
})

test('a service that does not exist closes the rule, and no other', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await guarded(upstream.port, 1, auth({ backendRef: to('nobody') }))
  const closed = await send(portcullis.port())
  assert.equal(closed.status, 500)
  assert.match(closed.body, /protection_missing/)
  assert.equal((await send(portcullis.port(), { path: '/open' })).status, 200)
})

test('on a backend it is asked for what that backend gets', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start(byPath)
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up', { filters: [auth()] })] }] }),
      backend('up', [upstream.port]),
      backend('auth', [service.port]),
    ),
  )
  assert.equal((await send(portcullis.port(), { path: '/denied' })).status, 403)
  const allowed = await send(portcullis.port(), { method: 'POST', body: 'hello' })
  assert.deepEqual([allowed.status, echoOf(allowed).body], [200, 'hello'])
})

// By gRPC, as Envoy asks.

const byGrpc = auth({ protocol: 'GRPC', http: undefined, grpc: {} })

const judge = ({ attributes: { request } }: CheckRequest): CheckResponse => {
  const { path } = request.http
  if (!path.includes('denied'))
    return {
      okResponse: {
        headers: [{ header: { key: 'x-user-id', value: '42' } }],
        headersToRemove: ['x-secret'],
        responseHeadersToAdd: [{ header: { key: 'set-cookie', value: 'a=1' } }],
      },
    }
  const headers = [{ header: { key: 'x-auth-error', value: 'access-denied' } }]
  return { status: { code: 7 }, deniedResponse: { status: { code: 403 }, headers, body: 'Access denied' } }
}

test('by gRPC the same, as Envoy asks', async () => {
  const asked: CheckRequest[] = []
  await using upstream = await TestUpstream.start()
  await using service = await ExtAuthzServer.start((call, done) => {
    asked.push(call.request)
    done(null, judge(call.request))
  })
  await using portcullis = await guarded(upstream.port, service.port, byGrpc)
  const headers = { 'X-User-Id': '1', 'X-Secret': 's', 'X-Other': 'o' }
  const allowed = await send(portcullis.port(), {
    method: 'POST',
    path: '/allowed?a=1',
    headers,
    body: 'hello',
  })
  assert.equal(allowed.status, 200)
  assert.equal(echoOf(allowed).body, 'hello')
  assert.deepEqual(seenBy(allowed, 'x-user-id'), ['42'])
  assert.deepEqual(seenBy(allowed, 'x-secret'), [])
  assert.deepEqual(allowed.headers['set-cookie'], ['a=1'])
  const { source, request } = asked[0]!.attributes
  assert.equal(source.address.socketAddress.address, '127.0.0.1')
  const { method, path, host, headers: told, body } = request.http
  assert.deepEqual([method, path, host, body], ['POST', '/allowed?a=1', 'a.example', ''])
  assert.deepEqual([told[':path'], told['x-other'], told['x-user-id']], ['/allowed?a=1', 'o', '1'])
  const denied = await send(portcullis.port(), { path: '/denied' })
  assert.deepEqual(
    [denied.status, denied.headers['x-auth-error'], denied.body],
    [403, 'access-denied', 'Access denied'],
  )
})

test('by gRPC a call that fails lets nothing pass', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await ExtAuthzServer.start((_, done) => done({ code: 13, details: 'broken' }))
  await using portcullis = await guarded(upstream.port, service.port, byGrpc)
  assert.equal((await send(portcullis.port())).status, 503)
  assert.equal((await portcullis.line(() => true))['portcullis.failure.reason'], 'grpc_status_13')
  assert.equal(upstream.connections, 0)
})

test('by gRPC a service that does not speak it lets nothing pass', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await guarded(upstream.port, service.port, byGrpc)
  assert.equal((await send(portcullis.port())).status, 503)
  assert.equal(upstream.connections, 0)
})

// Who merges trailers into the head would take them for the service's word (RFC 9110 §6.5.1).
for (const http of [{}, { allowedResponseHeaders: ['X-User-Id'] }])
  test(`no trailer says what the service says, with ${JSON.stringify(http)}`, async () => {
    await using upstream = await TestUpstream.start((asked, answer) => {
      asked.resume().on('end', () => answer.end(JSON.stringify(asked.trailers)))
    })
    await using service = await AuthService.start(byPath)
    await using portcullis = await guarded(upstream.port, service.port, auth({ http }))
    const headers = { Trailer: 'X-User-Id, X-Fine', 'Transfer-Encoding': 'chunked' }
    const asking = httpRequest({
      port: portcullis.port(),
      method: 'POST',
      path: '/allowed',
      headers,
      agent: false,
    })
    asking.addTrailers({ 'X-User-Id': '1', 'X-Fine': 'yes' })
    asking.end('body')
    const trailers = await new Promise((resolve, reject) => {
      asking.on('response', response => resolve(json(response))).on('error', reject)
    })
    assert.deepEqual(trailers, { 'x-fine': 'yes' })
  })
