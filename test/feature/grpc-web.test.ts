import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Code, ConnectError } from '@connectrpc/connect'
import { createGrpcWebTransport } from '@connectrpc/connect-node'
import { Metadata, status as codes } from '@grpc/grpc-js'
import { connectClient } from '../support/connect.ts'
import { send, type Answer } from '../support/client.ts'
import { EchoServer, type Message } from '../support/grpc.ts'
import { grpcRoute, startGrpc } from '../support/grpc-gateway.ts'
import { startGateway } from '../support/gateway.ts'
import { gateway, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { WireServer, type WireRequest } from '../support/wire-server.ts'

/** A length-prefixed message, or trailers. */
function frame(payload: Buffer, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(payload.length, 1)
  return Buffer.concat([head, payload])
}

/** Message { text } of echo.proto. */
function textMessage(text: string): Buffer {
  return Buffer.concat([Buffer.from([10, text.length]), Buffer.from(text)])
}

for (const httpVersion of ['1.1', '2'] as const)
  suite(`gRPC-Web by Connect over HTTP/${httpVersion}`, () => {
    const clientOf = (port: number) =>
      connectClient(createGrpcWebTransport({ baseUrl: `http://127.0.0.1:${port}`, httpVersion }))

    test('unary, with metadata both ways', async () => {
      await using server = await EchoServer.start()
      await using running = await startGrpc(server.port)
      const received: Headers[] = []
      const { text, count } = await clientOf(running.port()).unary(
        { text: 'hello', count: 3 },
        {
          headers: { 'x-test-a': 'b' },
          onHeader: head => received.push(head),
          onTrailer: trailers => received.push(trailers),
        },
      )
      assert.deepEqual([text, count], ['hello', 3])
      assert.deepEqual(
        received.map(fields => fields.get('x-test-a')),
        ['b', 'b'],
      )
      assert.equal((await running.line(() => true))['rpc.grpc.status_code'], 0)
    })

    test('a stream of the server, each message as it comes', async () => {
      const seen = new Seen<string>()
      await using server = await EchoServer.start({
        async Spread(call) {
          for (const text of ['a', 'b', 'c']) {
            call.write({ text })
            await seen.first(value => value === text)
          }
          call.end()
        },
      })
      await using running = await startGrpc(server.port)
      for await (const { text } of clientOf(running.port()).spread({})) seen.push(text)
      assert.deepEqual(seen.all, ['a', 'b', 'c'])
    })

    test('an error of the server, after messages and without', async () => {
      await using server = await EchoServer.start({
        Unary: (_call, answer) => answer({ code: codes.NOT_FOUND, details: 'no such thing' }),
        Spread(call) {
          call.write({ text: 'one' })
          const metadata = new Metadata()
          metadata.set('x-test-why', 'enough')
          call.emit('error', { code: codes.ABORTED, details: 'stop', metadata })
        },
      })
      await using running = await startGrpc(server.port)
      const client = clientOf(running.port())
      await assert.rejects(client.unary({}), { code: Code.NotFound, rawMessage: 'no such thing' })
      const texts: string[] = []
      await assert.rejects(
        async () => {
          for await (const { text } of client.spread({})) texts.push(text)
        },
        (error: unknown) =>
          error instanceof ConnectError &&
          error.code === Code.Aborted &&
          error.metadata.get('x-test-why') === 'enough',
      )
      assert.deepEqual(texts, ['one'])
    })

    test('an error of the gateway', async () => {
      const server = await EchoServer.start()
      await server[Symbol.asyncDispose]()
      await using running = await startGrpc(server.port)
      await assert.rejects(clientOf(running.port()).unary({}), (error: unknown) => {
        assert.ok(error instanceof ConnectError)
        assert.equal(error.code, Code.Unavailable)
        assert.match(error.rawMessage, /^The backend refused the connection \(exchange [\w-]+\)$/)
        assert.match(error.metadata.get('content-type') ?? '', /^application\/grpc-web/)
        return true
      })
    })

    test('a service that has no route', async () => {
      await using running = await startGateway(
        yamlOf(gateway(), grpcRoute('other', { hostnames: ['other.example'] })),
      )
      const { unary } = clientOf(running.port())
      await assert.rejects(unary({}), { code: Code.Unimplemented })
    })

    test('a deadline', async () => {
      await using server = await EchoServer.start({ Unary: () => {} })
      await using running = await startGrpc(server.port)
      // Told in the field alone: the client has no clock of its own that could come first.
      const call = clientOf(running.port()).unary({}, { headers: { 'grpc-timeout': '100m' } })
      await assert.rejects(call, { code: Code.DeadlineExceeded })
    })
  })

test('what a server gets is gRPC, and nothing is missing', async () => {
  const seen = new Seen<WireRequest['headers']>()
  await using upstream = await WireServer.start('h2c', (request, response) => {
    seen.push(request.headers)
    response.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '0' })
    response.end()
  })
  await using running = await startGrpc(upstream.port)
  const { status, headers, body } = await send(running.port(), {
    method: 'POST',
    path: '/test.Echo/Unary',
    headers: {
      'Content-Type': 'application/grpc-web+proto',
      'X-Grpc-Web': '1',
      'X-User-Agent': 'grpc-web-javascript/0.1',
    },
    body: '\0\0\0\0\0',
  })
  const got = await seen.first()
  assert.deepEqual(
    ['content-type', 'te', 'content-length', 'x-grpc-web', 'x-user-agent'].map(name => got[name]),
    ['application/grpc+proto', 'trailers', undefined, '1', 'grpc-web-javascript/0.1'],
  )
  // Trailers alone stay in the head.
  assert.deepEqual(
    [status, headers['content-type'], headers['grpc-status'], body],
    [200, 'application/grpc-web', '0', ''],
  )
})

test('an answer that is no gRPC goes on as it is', async () => {
  await using upstream = await WireServer.start('h2c', (_request, response) => {
    response.writeHead(503, { 'content-type': 'text/html' })
    response.end('<p>no</p>')
  })
  await using running = await startGrpc(upstream.port)
  const { status, headers, body } = await send(running.port(), {
    method: 'POST',
    headers: { 'Content-Type': 'application/grpc-web-text' },
    body: 'AAAAAAA=',
  })
  assert.deepEqual([status, headers['content-type'], body], [503, 'text/html', '<p>no</p>'])
})

suite('gRPC-Web in base64', () => {
  function ask(port: number, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return send(port, {
      method: 'POST',
      path: '/test.Echo/Spread',
      headers: { 'Content-Type': 'application/grpc-web-text+proto', 'X-Grpc-Web': '1', ...headers },
      body,
    })
  }

  for (const [name, pieces] of [
    ['as one', [frame(textMessage('hi'))]],
    [
      'padded wherever it was flushed',
      [frame(textMessage('hi')).subarray(0, 4), frame(textMessage('hi')).subarray(4)],
    ],
  ] as const)
    test(`a request, ${name}, and its answer`, async () => {
      const seen = new Seen<Message>()
      await using server = await EchoServer.start({
        Spread(call) {
          seen.push(call.request)
          call.write({ text: 'one' })
          call.write({ text: 'three' })
          call.end()
        },
      })
      await using running = await startGrpc(server.port)
      const { status, headers, body } = await ask(
        running.port(),
        pieces.map(piece => piece.toString('base64')).join(''),
      )
      assert.equal((await seen.first()).text, 'hi')
      assert.deepEqual([status, headers['content-type']], [200, 'application/grpc-web-text+proto'])
      const bytes = Buffer.concat(groups(body).map(text => Buffer.from(text, 'base64')))
      const messages = Buffer.concat([frame(textMessage('one')), frame(textMessage('three'))])
      assert.deepEqual(bytes.subarray(0, messages.length), messages)
      const trailers = bytes.subarray(messages.length)
      assert.equal(trailers[0], 0x80)
      assert.equal(trailers.readUInt32BE(1), trailers.length - 5)
      assert.match(trailers.toString('latin1', 5), /^grpc-status: 0\r\n/)
    })

  test('the answer is in bytes where the client asks for that', async () => {
    await using server = await EchoServer.start()
    await using running = await startGrpc(server.port)
    const body = frame(textMessage('hi')).toString('base64')
    const { headers } = await ask(running.port(), body, { Accept: 'application/grpc-web+proto' })
    assert.equal(headers['content-type'], 'application/grpc-web+proto')
  })

  for (const [name, body] of [
    ['is no base64', 'AAAA!AAA'],
    ['ends within a group', 'AAAAAAA'],
  ] as const)
    test(`a body that ${name} is refused`, async () => {
      await using server = await EchoServer.start()
      await using running = await startGrpc(server.port)
      const { status, headers } = await ask(running.port(), body)
      assert.deepEqual([status, headers['content-type']], [200, 'application/grpc-web-text'])
      assert.equal(headers['grpc-status'], '13')
      assert.match(String(headers['grpc-message']), /^The body is not base64 \(exchange /)
      assert.equal((await running.line(() => true))['portcullis.rejection'], 'grpc-web-text')
    })

  /** Base64 that is padded in the middle, cut there. */
  function groups(text: string): string[] {
    return text.match(/[^=]+={0,2}/g) ?? []
  }
})
