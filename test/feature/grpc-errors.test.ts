import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { status as codes } from '@grpc/grpc-js'
import type { ServerStream } from '../../src/http/h2/server-stream.ts'
import { CHUNKED, type ResponseHead } from '../../src/http/head.ts'
import { localHead } from '../../src/http/local.ts'
import { H2Server, indifferent } from '../support/http2/server.ts'
import { send } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { grpcBackend, grpcRoute, grpcYaml, startGrpc } from '../support/grpc-gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { exact, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'

/** A response of gRPC that goes on. */
const open: ResponseHead = {
  ...localHead(200, ['content-type', 'application/grpc'], 0),
  length: CHUNKED,
  hasLength: false,
}

/** An upstream of frames: what it does to a stream is exactly what is asked of it. */
function upstreamOf(answer: (stream: ServerStream) => void): Promise<H2Server> {
  return H2Server.start(stream => {
    stream.handler = indifferent
    answer(stream)
  })
}

async function unary(running: TestGateway, message: Partial<Message> = {}): Promise<[number, string]> {
  using client = new EchoClient(running.port())
  const { code, details } = await client.unary(message)
  return [code, details]
}

/** A port where nobody listens. */
async function closedPort(): Promise<number> {
  const server = await EchoServer.start()
  const { port } = server
  await server[Symbol.asyncDispose]()
  return port
}

suite('what the gateway answers itself is a status', () => {
  test('no route', async () => {
    await using running = await startGateway(
      yamlOf(gateway(), httpRoute('other', { hostnames: ['other.example'], rules: [{ backendRefs: [] }] })),
    )
    const [code, details] = await unary(running)
    assert.equal(code, codes.UNIMPLEMENTED)
    assert.match(details, /^No route matches the request \(exchange [\w-]+\)$/)
    const line = await running.line(() => true)
    assert.equal(line['portcullis.failure'], 'route_not_found')
    assert.equal(details.includes(String(line['portcullis.exchange.id'])), true)
  })

  test('a server that is down: no address of it is told', async () => {
    const port = await closedPort()
    await using running = await startGrpc(port)
    const [code, details] = await unary(running)
    assert.equal(code, codes.UNAVAILABLE)
    assert.doesNotMatch(details, new RegExp(`127\\.0\\.0\\.1|${port}`))
    const line = await running.line(() => true)
    assert.deepEqual(
      [line['portcullis.failure'], line['rpc.grpc.status_code'], line['portcullis.attempts']],
      ['connection_refused', codes.UNAVAILABLE, 3],
    )
  })

  test('a route without a backend', async () => {
    await using running = await startGateway(
      yamlOf(gateway(), grpcRoute('grpc', { rules: [{ backendRefs: [to('nobody')] }] })),
    )
    assert.equal((await unary(running))[0], codes.UNAVAILABLE)
  })

  test('a request that is too large', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port, clientPolicy({ limits: { bodyBytes: 1000 } }))
    const [code, details] = await unary(running, { data: Buffer.alloc(2000) })
    assert.equal(code, codes.RESOURCE_EXHAUSTED)
    assert.match(details, /^The request body is too large/)
  })

  test('a worker that is overloaded', async () => {
    await using server = await EchoServer.start()
    await using running = await startGateway(grpcYaml(server.port), {
      overload: { exchanges: 0, bufferedBytes: 1e9, heapShare: 1 },
    })
    using client = new EchoClient(running.port())
    const call = client.chat()
    void statusOf(call)
    call.write({})
    // One is under way, which is one more than this worker wants; it is judged once a second.
    while ((await unary(running))[0] !== codes.UNAVAILABLE);
    call.cancel()
    const line = await running.line(one => one['portcullis.failure'] === 'proxy_overloaded')
    assert.equal(line['rpc.grpc.status_code'], codes.UNAVAILABLE)
  })

  test('an HTTPRoute does so as well', async () => {
    await using running = await startGateway(
      yamlOf(
        gateway(),
        httpRoute('http', { rules: [{ backendRefs: [to('up')] }] }),
        grpcBackend('up', [await closedPort()]),
      ),
    )
    assert.equal((await unary(running))[0], codes.UNAVAILABLE)
  })

  test('to others it is a problem, as ever', async () => {
    await using running = await startGrpc(await closedPort())
    const { status, headers } = await send(running.port(), { method: 'POST', body: 'x' })
    assert.deepEqual([status, headers['content-type']], [502, 'application/problem+json'])
    assert.equal((await running.line(() => true))['rpc.grpc.status_code'], undefined)
  })
})

suite('a head that is refused', () => {
  for (const [what, metadata, client, code, said] of [
    [
      'for a name with "_"',
      { x_test: '1' },
      {},
      codes.INTERNAL,
      /^A field name has an underscore \(ClientPolicy spec\.headers\.underscores\) \(exchange [\w-]+\)$/,
    ],
    [
      'for a field that is too long',
      { 'x-test': 'v'.repeat(17_000) },
      {},
      codes.INTERNAL,
      /^A field is too long /,
    ],
    [
      'for its size',
      { 'x-test': 'v'.repeat(5000) },
      { limits: { headBytes: '4Ki' } },
      codes.INTERNAL,
      /^The head is too long /,
    ],
    [
      'for a limit that is passed before its type is told',
      {},
      { limits: { fields: 3 } },
      codes.INTERNAL,
      /^There are too many fields /,
    ],
  ] as const)
    test(`${what} is a status`, async () => {
      await using server = await EchoServer.start()
      await using running = await startGrpc(server.port, clientPolicy(client))
      using peer = new EchoClient(running.port())
      const outcome = await peer.unary({}, { metadata })
      assert.equal(outcome.code, code)
      assert.match(outcome.details, said)
      const line = await running.line(one => one['portcullis.rejection'] !== undefined)
      assert.deepEqual([line['http.response.status_code'], line['rpc.grpc.status_code']], [200, code])
    })

  for (const [type, expected] of [
    ['application/grpc', 'application/grpc'],
    ['application/grpc-web+proto', 'application/grpc-web'],
    ['application/grpc-web-text', 'application/grpc-web-text'],
    ['application/json', 'application/problem+json'],
  ] as const)
    for (const [what, asked] of [
      ['a target', { path: '/%zz' }],
      ['a method', { method: 'post' }],
      ['a Host', { headers: { host: 'a b' } }],
    ] as const)
      test(`for ${what}, of type ${type}, is answered by ${expected}`, async () => {
        await using running = await startGrpc(await closedPort())
        await using client = wireClient('h2c', running.port())
        const headers = { ...('headers' in asked ? asked.headers : {}), 'content-type': type }
        const { status, headers: got } = await client.send({ method: 'POST', ...asked, headers, body: '' })
        assert.equal(got['content-type'], expected)
        assert.equal(got['grpc-status'] === undefined, type === 'application/json')
        assert.equal(status === 200, type !== 'application/json')
      })
})

suite('what an upstream does wrong is never a clean end', () => {
  const half = Buffer.from([0, 0, 0, 0, 10, 1, 2])
  const whole = Buffer.from([0, 0, 0, 0, 3, 10, 1, 97])

  for (const [name, resetCode, expected] of [
    ['cancels', 8, codes.CANCELLED],
    ['fails', 2, codes.INTERNAL],
    ['has had enough', 11, codes.RESOURCE_EXHAUSTED],
    ['wants more security', 12, codes.PERMISSION_DENIED],
  ] as const) {
    test(`it ${name} before it answers`, async () => {
      await using upstream = await upstreamOf(stream => stream.abort(resetCode))
      await using running = await startGrpc(upstream.port)
      assert.equal((await unary(running))[0], expected)
    })

    test(`it ${name} after a message`, async () => {
      await using upstream = await upstreamOf(stream => {
        stream.head(open)
        stream.data(whole, 0, whole.length)
        stream.abort(resetCode)
      })
      await using running = await startGrpc(upstream.port)
      using client = new EchoClient(running.port())
      const call = client.spread({})
      const got: string[] = []
      call.on('data', ({ text }: Message) => got.push(text))
      assert.equal((await statusOf(call)).code, expected)
      assert.deepEqual(got, ['a'])
      assert.equal((await running.line(() => true))['rpc.grpc.status_code'], expected)
    })
  }

  test('it breaks off within a message', async () => {
    await using upstream = await upstreamOf(stream => {
      stream.head(open)
      stream.data(half, 0, half.length)
      stream.abort(8)
    })
    await using running = await startGrpc(upstream.port)
    using client = new EchoClient(running.port())
    const call = client.spread({})
    call.resume()
    // A status of ours could be taken for the rest of the message: only a reset says it, and this is what it stands for.
    assert.equal((await statusOf(call)).code, codes.INTERNAL)
    assert.equal((await running.line(() => true))['portcullis.failure'], 'http_response_incomplete')
  })

  test('its connection is lost between two messages', async () => {
    const got = new Seen<Message>()
    await using upstream = await upstreamOf(stream => {
      stream.head(open)
      stream.data(whole, 0, whole.length)
      stream.flush()
      void got.first().then(() => upstream.sessions.forEach(session => session.destroy()))
    })
    await using running = await startGrpc(upstream.port)
    using client = new EchoClient(running.port())
    const call = client.spread({})
    call.on('data', (message: Message) => got.push(message))
    const { code, details } = await statusOf(call)
    assert.deepEqual([code, details], [codes.UNAVAILABLE, 'The response of the backend ended early'])
  })
})

suite('an upstream that does not speak gRPC', () => {
  for (const [http, expected] of [
    [401, codes.UNAUTHENTICATED],
    [403, codes.PERMISSION_DENIED],
    [404, codes.UNIMPLEMENTED],
    [418, codes.UNKNOWN],
    [429, codes.UNAVAILABLE],
    [503, codes.UNAVAILABLE],
  ] as const)
    test(`its ${http} goes on as it is, and is ${expected} to the client`, async () => {
      await using upstream = await WireServer.start('h2c', (_request, response) => {
        response.writeHead(http, { 'content-type': 'text/html' })
        response.end('<p>no</p>')
      })
      await using running = await startGrpc(upstream.port)
      assert.equal((await unary(running))[0], expected)
      const line = await running.line(() => true)
      assert.deepEqual([line['http.response.status_code'], line['rpc.grpc.status_code']], [http, undefined])
    })
})

suite('what was not processed is sent again', () => {
  const notFound: ResponseHead = {
    ...localHead(200, ['content-type', 'application/grpc', 'grpc-status', '5'], 0),
    hasLength: false,
  }

  test('a stream that is refused', async () => {
    let streams = 0
    await using upstream = await upstreamOf(stream => {
      if (streams++ === 0) return stream.abort(7)
      stream.head(notFound)
      stream.end(null)
    })
    await using running = await startGrpc(upstream.port)
    assert.equal((await unary(running))[0], codes.NOT_FOUND)
    assert.equal(streams, 2)
  })

  test('one that failed is not', async () => {
    let streams = 0
    await using upstream = await upstreamOf(stream => {
      streams++
      stream.abort(2)
    })
    await using running = await startGrpc(upstream.port)
    assert.equal((await unary(running))[0], codes.INTERNAL)
    assert.equal(streams, 1)
  })

  test('an endpoint that is down is left for another', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc([await closedPort(), server.port])
    for (let i = 0; i < 4; i++) assert.equal((await unary(running, { text: 'a' }))[0], codes.OK)
  })
})

test('a redirect stays one', async () => {
  const redirect = { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }
  await using running = await startGateway(
    yamlOf(gateway(), httpRoute('r', { rules: [{ matches: [exact('/x')], filters: [redirect] }] })),
  )
  const { status } = await send(running.port(), {
    method: 'POST',
    path: '/x',
    headers: { 'Content-Type': 'application/grpc-web+proto' },
  })
  // A browser follows it; in a status it would be lost.
  assert.equal(status, 301)
})
