import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const resources = yamlOf(
  gateway(),
  httpRoute('r', {
    hostnames: ['a.example'],
    rules: [
      { matches: [prefix('/nobody')], backendRefs: [to('nobody')] },
      { matches: [prefix('/empty')], backendRefs: [{ name: 'empty', port: 80 }] },
      { matches: [prefix('/refused')], backendRefs: [to('refused')] },
    ],
  }),
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } },
  // Port 1 is nobody's, and connections to it are refused at once.
  backend('refused', [1]),
)

for (const [path, host, status, reason, title] of [
  ['/unknown', 'a.example', 404, 'route_not_found', 'No route matches the request'],
  ['/', 'b.example', 404, 'route_not_found', 'No route matches the request'],
  ['/nobody', 'a.example', 500, 'destination_not_found', 'The route has no valid backend'],
  ['/empty', 'a.example', 503, 'destination_unavailable', 'The backend has no endpoint available'],
  ['/refused', 'a.example', 502, 'connection_refused', 'The backend refused the connection'],
] as const)
  test(`${status} ${reason} is a problem that names its exchange, and nothing of the inside`, async () => {
    await using portcullis = await startGateway(resources)
    const answer = await send(portcullis.port(), { path, host, headers: { 'X-Request-Id': 'mine' } })
    const line = await portcullis.line(({ 'url.path': seen }) => seen === path)
    const exchange = line['portcullis.exchange.id']
    assert.equal(answer.status, status)
    assert.equal(answer.headers['content-type'], 'application/problem+json')
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['retry-after'], status === 503 ? '1' : undefined)
    assert.deepEqual(JSON.parse(answer.body), { title, status, exchange, reason })
    assert.ok(typeof exchange === 'string' && exchange.length >= 8, 'an id of its own, for nobody is trusted')
    assert.deepEqual([line['http.response.status_code'], line['portcullis.failure']], [status, reason])
  })

test('HEAD gets the head of the problem, its length, and no body', async () => {
  await using portcullis = await startGateway(resources)
  const got = await send(portcullis.port(), { path: '/unknown' })
  const answer = await send(portcullis.port(), { method: 'HEAD', path: '/unknown' })
  assert.deepEqual([answer.status, answer.body], [404, ''])
  assert.equal(answer.headers['content-length'], got.headers['content-length'])
})

test('the connection is kept, also after HEAD and after a body that nobody wanted', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ matches: [prefix('/ok')], backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
  await using client = await RawClient.to(portcullis.port())
  client.write('HEAD /no HTTP/1.1\r\nHost: a\r\n\r\n')
  client.write('PUT /no HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc')
  client.write('GET /ok HTTP/1.1\r\nHost: a\r\n\r\n')
  const text = await client.until(/"url":"\/ok"/)
  assert.equal([...text.matchAll(/HTTP\/1\.1 404 Not Found\r\n/g)].length, 2)
})

test('a malformed request is a problem that names the rule', async () => {
  await using portcullis = await startGateway(resources)
  const text = await RawClient.exchange(portcullis.port(), 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/)
  assert.match(text, /\r\nContent-Type: application\/problem\+json\r\n/)
  assert.match(text, /\r\nConnection: close\r\n/)
  assert.match(text, /"reason":"host-repeated"/)
})
