import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Authority, caConfigMap } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { RawClient } from '../support/raw.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

const authority = await Authority.make('upstreams')
const pair = await authority.issue({ names: ['up.example'] })

/** A server by others (node:http2). */
class Upstream implements AsyncDisposable {
  readonly server: Http2Server
  readonly sessions = new Set<ServerHttp2Session>()
  connections = 0

  constructor(server: Http2Server, answer: (stream: ServerHttp2Stream, path: string) => void) {
    this.server = server
    server.on('session', session => {
      this.connections++
      this.sessions.add(session)
      session.on('error', () => {})
      session.on('close', () => this.sessions.delete(session))
    })
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {})
      answer(stream, headers[':path'] ?? '')
    })
  }

  static async plain(answer: (stream: ServerHttp2Stream, path: string) => void = hello): Promise<Upstream> {
    const upstream = new Upstream(createServer(), answer)
    upstream.server.listen(0, '127.0.0.1')
    await once(upstream.server, 'listening')
    return upstream
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.sessions) session.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}

const hello = (stream: ServerHttp2Stream, path: string): void => {
  stream.respond({ ':status': 200, 'content-type': 'text/plain' })
  stream.end(`hello ${path}`)
}

function started(
  port: number,
  spec: object = { protocol: 'h2c' },
  ...more: readonly object[]
): Promise<TestGateway> {
  return startGateway(
    yamlOf(
      gateway(),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      {
        apiVersion: 'portcullis.dev/v1alpha1',
        kind: 'Backend',
        metadata: { name: 'up' },
        spec: { endpoints: [{ address: '127.0.0.1', port }], ...spec },
      },
      ...more,
    ),
  )
}

test('requests by HTTP/1 share one HTTP/2 connection to the upstream', async () => {
  await using upstream = await Upstream.plain()
  await using running = await started(upstream.port)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => send(running.port(), { path: `/${i}` })),
  )
  assert.deepEqual(
    answers.map(({ status, body }) => `${status} ${body}`),
    Array.from({ length: 50 }, (_, i) => `200 hello /${i}`),
  )
  assert.equal(upstream.connections, 1)
})

test('bodies of any length go up and come back', async () => {
  await using upstream = await Upstream.plain(stream => {
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  await using running = await started(upstream.port)
  for (const bytes of [0, 1, 65_535, 70_000, 1_000_000]) {
    const body = 'abcdefghij'.repeat(bytes / 10 + 1).slice(0, bytes)
    const answer = await send(running.port(), {
      method: 'POST',
      headers: { 'Content-Length': String(bytes) },
      body,
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, body)
  }
})

test('trailers of the upstream arrive', async () => {
  await using upstream = await Upstream.plain(stream => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '5' }))
    stream.end('hello')
  })
  await using running = await started(upstream.port)
  await using client = await RawClient.to(running.port())
  client.write('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n')
  const text = await client.until(/\r\n0\r\n(.*\r\n)*\r\n$/)
  assert.match(text, /\r\n0\r\nx-sum: 5\r\n\r\n$/i)
})

test('a stream that the upstream refuses goes to another connection', async () => {
  let refused = 0
  await using upstream = await Upstream.plain((stream, path) => {
    if (refused++ === 0) stream.close(7)
    else hello(stream, path)
  })
  await using running = await started(upstream.port)
  assert.equal((await send(running.port(), { method: 'POST', path: '/p', body: 'x' })).body, 'hello /p')
  assert.equal(refused, 2)
})

test('after GOAWAY new requests go by a new connection, and those under way end', async () => {
  let answer: () => void = () => {}
  await using upstream = await Upstream.plain((stream, path) => {
    if (path !== '/wait') return hello(stream, path)
    answer = () => hello(stream, path)
    stream.session?.goaway()
  })
  await using running = await started(upstream.port)
  const pending = send(running.port(), { path: '/wait' })
  await once(upstream.server, 'stream')
  while (upstream.connections < 2) assert.equal((await send(running.port(), { path: '/' })).status, 200)
  answer()
  assert.equal((await pending).body, 'hello /wait')
})

test('an upstream that is not there is named', async () => {
  const upstream = await Upstream.plain()
  const { port } = upstream
  await upstream[Symbol.asyncDispose]()
  await using running = await started(port)
  assert.equal((await send(running.port())).status, 502)
  assert.equal((await running.line(() => true))['portcullis.failure'], 'connection_refused')
})

test('HTTP/2 over TLS needs the upstream to agree on it', async () => {
  const secure = createSecureServer({ key: pair.key, cert: pair.chain, allowHTTP1: false })
  await using upstream = new Upstream(secure as unknown as Http2Server, hello)
  upstream.server.listen(0, '127.0.0.1')
  await once(upstream.server, 'listening')
  const policy = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'BackendTLSPolicy',
    metadata: { name: 'trust' },
    spec: {
      targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'up' }],
      validation: {
        hostname: 'up.example',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
      },
    },
  }
  await using running = await started(
    upstream.port,
    { protocol: 'h2' },
    policy,
    caConfigMap('ca', authority.root),
  )
  assert.equal((await send(running.port(), { path: '/s' })).body, 'hello /s')
})

test('a session that is idle ends with its gateway', async () => {
  await using upstream = await Upstream.plain()
  const running = await started(upstream.port)
  await send(running.port())
  const [session] = upstream.sessions
  assert.ok(session)
  const closed = once(session, 'close')
  await running[Symbol.asyncDispose]()
  await closed
})
