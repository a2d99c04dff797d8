import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { simpleYaml, TestUpstream } from '../support/upstream.ts'

test('a request reaches its upstream and the response comes back', async () => {
  await using upstream = await TestUpstream.start()
  await using gateway = await startGateway(simpleYaml(upstream.port))
  const response = await fetch(`http://127.0.0.1:${gateway.port()}/items/1?x=2`, {
    headers: { 'X-One': '1' },
  })
  assert.equal(response.status, 200)
  const seen = (await response.json()) as { method: string; url: string; headers: [string, string][] }
  assert.equal(seen.method, 'GET')
  assert.equal(seen.url, '/items/1?x=2')
  const headers = new Map(seen.headers.map(([name, value]) => [name.toLowerCase(), value]))
  assert.equal(headers.get('x-one'), '1')
  assert.equal(headers.get('host'), `127.0.0.1:${gateway.port()}`)
  assert.equal(headers.get('x-forwarded-for'), '127.0.0.1')
  assert.equal(headers.get('x-forwarded-proto'), 'http')
  assert.equal(headers.get('x-forwarded-port'), String(gateway.port()))
})

for (const [name, framing] of [
  ['Content-Length', (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`],
  [
    'chunked',
    (body: string) => `Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ],
] as const)
  test(`a body framed by ${name} arrives whole, also when cut anywhere`, async () => {
    await using upstream = await TestUpstream.start()
    await using gateway = await startGateway(simpleYaml(upstream.port))
    const bytes = `POST /p HTTP/1.1\r\nHost: a.example\r\n${framing('hello world')}`
    for (let cut = 0; cut <= bytes.length; cut += 7) {
      await using client = await RawClient.to(gateway.port())
      client.write(bytes.slice(0, cut))
      client.write(bytes.slice(cut))
      const text = await client.until(/"body":"hello world".*\}/)
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n/)
    }
  })

test('pipelined requests are answered in their order, over few upstream connections', async () => {
  await using upstream = await TestUpstream.start()
  await using gateway = await startGateway(simpleYaml(upstream.port))
  await using client = await RawClient.to(gateway.port())
  const requests = Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
  client.write(requests.join(''))
  const text = await client.until(/"url":"\/19"/)
  const urls = [...text.matchAll(/"url":"\/(\d+)"/g)].map(([, n]) => Number(n))
  assert.deepEqual(
    urls,
    Array.from({ length: 20 }, (_, i) => i),
  )
  assert.equal(upstream.connections, 1)
})

test('an unroutable request gets problem+json and keeps its connection', async () => {
  await using upstream = await TestUpstream.start()
  await using gateway = await startGateway(
    simpleYaml(upstream.port, '      matches: [{ path: { type: PathPrefix, value: /only } }]'),
  )
  await using client = await RawClient.to(gateway.port())
  client.write(
    'GET /no HTTP/1.1\r\nHost: a\r\n\r\nPOST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /only HTTP/1.1\r\nHost: a\r\n\r\n',
  )
  const text = await client.until(/"url":"\/only"/)
  assert.equal([...text.matchAll(/HTTP\/1\.1 404 Not Found\r\n/g)].length, 2)
  assert.match(text, /Content-Type: application\/problem\+json\r\n/)
})
