import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthService } from '../support/auth-service.ts'
import { echoOf, send } from '../support/client.ts'
import { ExtAuthzServer } from '../support/ext-authz.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { externalAuthPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const running = (up: number, auth: number, spec: object = {}): Promise<TestGateway> =>
  startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [up]),
      backend('auth', [auth]),
      externalAuthPolicy({ forwardBody: { maxSize: 1000 }, ...spec }),
    ),
  )

test('the service gets the body, and the backend gets it as it came', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await running(upstream.port, service.port)
  for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }]) {
    const body = 'x'.repeat(1000)
    const answer = await send(portcullis.port(), { method: 'POST', body, headers })
    assert.deepEqual([answer.status, echoOf(answer).body], [200, body])
    const asked = service.asked.at(-1)
    assert.deepEqual([asked?.method, asked?.body, asked?.headers['content-length']], ['POST', body, '1000'])
  }
})

test('a request without a body has none there either', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await running(upstream.port, service.port)
  assert.equal((await send(portcullis.port())).status, 200)
  assert.deepEqual([service.asked[0]?.method, service.asked[0]?.headers['content-length']], ['GET', '0'])
})

test('by a fixed path the body goes with a POST', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await running(upstream.port, service.port, { http: { path: '/check' } })
  await send(portcullis.port(), { method: 'PUT', body: 'hello' })
  assert.deepEqual(
    [service.asked[0]?.method, service.asked[0]?.url, service.asked[0]?.body],
    ['POST', '/check', 'hello'],
  )
})

for (const headers of [{}, { 'Transfer-Encoding': 'chunked' }])
  test(`a longer one is 413 and nobody's, ${Object.keys(headers).join('') || 'its length said'}`, async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    await using portcullis = await running(upstream.port, service.port)
    const answer = await send(portcullis.port(), { method: 'POST', body: 'x'.repeat(1001), headers })
    assert.equal(answer.status, 413)
    assert.deepEqual([service.asked.length, upstream.connections], [0, 0])
  })

test('one that is excepted is not held, and may be as long as it likes', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await running(upstream.port, service.port, { except: [{ methods: ['PUT'] }] })
  const body = 'x'.repeat(300_000)
  const answer = await send(portcullis.port(), { method: 'PUT', body })
  assert.deepEqual([answer.status, echoOf(answer).body.length], [200, body.length])
  assert.equal(service.asked.length, 0)
})

for (const [what, forwardBody] of [
  ['held', { maxSize: 1000 }],
  ['not held', undefined],
] as const)
  test(`who waits to be told to go on is, where the body is ${what}`, async () => {
    await using upstream = await TestUpstream.start()
    await using service = await AuthService.start()
    await using portcullis = await running(upstream.port, service.port, { forwardBody })
    await using client = await RawClient.to(portcullis.port())
    const head = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'
    client.write(head)
    await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    client.write('hello')
    assert.match(await client.until(/"body":"hello"/), /HTTP\/1\.1 200 OK/)
  })

test('with a refusal the rest of a body is of no use to anybody', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start((_, response) => response.writeHead(401).end())
  await using portcullis = await running(upstream.port, service.port, { forwardBody: undefined })
  await using client = await RawClient.to(portcullis.port())
  client.write('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\nbegin')
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 401 /)
  assert.equal(upstream.connections, 0)
})

test('with a cache the body belongs to the question', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using portcullis = await running(upstream.port, service.port, { cache: { maxAge: '1h' } })
  for (const body of ['a', 'b', 'a']) await send(portcullis.port(), { method: 'POST', body })
  assert.deepEqual(
    service.asked.map(({ body }) => body),
    ['a', 'b'],
  )
})

test('a service that is not to have it is not told, beside one that is', async () => {
  await using upstream = await TestUpstream.start()
  await using service = await AuthService.start()
  await using other = await AuthService.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
      backend('auth', [service.port]),
      backend('other', [other.port]),
      externalAuthPolicy({ forwardBody: { maxSize: 1000 } }),
      externalAuthPolicy({ backendRef: to('other') }, 'other'),
    ),
  )
  const answer = await send(portcullis.port(), { method: 'POST', body: 'hello' })
  assert.equal(echoOf(answer).body, 'hello')
  assert.deepEqual([service.asked[0]?.body, other.asked[0]?.body], ['hello', ''])
})

test('by gRPC it is in the question, too', async () => {
  const bodies: string[] = []
  await using upstream = await TestUpstream.start()
  await using service = await ExtAuthzServer.start((call, done) => {
    const { body, rawBody } = call.request.attributes.request.http
    bodies.push(body, rawBody.toString('latin1'))
    done(null, {})
  })
  await using portcullis = await running(upstream.port, service.port, { protocol: 'GRPC' })
  assert.equal((await send(portcullis.port(), { method: 'POST', body: 'hello' })).status, 200)
  assert.deepEqual(bodies, ['hello', ''])
})
