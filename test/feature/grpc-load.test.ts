import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { credentials, ServerCredentials, status as codes } from '@grpc/grpc-js'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { connectClient } from '../support/connect.ts'
import { startGateway } from '../support/gateway.ts'
import { EchoClient, EchoServer, statusOf, type Handlers, type Message } from '../support/grpc.ts'
import { grpcBackend, grpcRoute, startGrpc } from '../support/grpc-gateway.ts'
import { gateway, to, yamlOf } from '../support/resources.ts'
import { settled } from '../support/settled.ts'
import { httpsListener } from '../support/tls.ts'
import { Seen } from '../support/until.ts'

const MEBIBYTE = 1024 * 1024
const sha = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex')

test('messages of 50 MB go both ways', async () => {
  await using server = await EchoServer.start()
  await using running = await startGrpc(server.port)
  using client = new EchoClient(running.port())
  const data = Buffer.alloc(50 * MEBIBYTE)
  for (let i = 0; i < data.length; i += 4096) data.writeUInt32LE(i, i)
  const { code, message } = await client.unary({ data })
  assert.equal(code, codes.OK)
  assert.equal(sha(message!.data), sha(data))
})

test('a thousand streams at once, each with messages both ways', async () => {
  const STREAMS = 1000
  const waiting = new Seen<true>()
  await using server = await EchoServer.start({
    Chat(call) {
      call.on('data', (message: Message) => {
        call.write(message)
        if (message.text === 'first') waiting.push(true)
      })
      call.on('end', () => call.end())
    },
  })
  await using running = await startGrpc(server.port)
  // A connection takes 100 streams.
  const clients = Array.from({ length: STREAMS / 100 }, () => new EchoClient(running.port()))
  const results = clients.flatMap(client =>
    Array.from({ length: 100 }, async (_, i) => {
      const call = client.chat()
      const texts: string[] = []
      call.on('data', ({ text }: Message) => texts.push(text))
      const status = statusOf(call)
      call.write({ text: 'first' })
      // All thousand are open before any goes on.
      await waiting.count(STREAMS)
      call.write({ text: `second ${i}` })
      call.end()
      assert.equal((await status).code, codes.OK)
      assert.deepEqual(texts, ['first', `second ${i}`])
    }),
  )
  await Promise.all(results)
  for (const client of clients) client[Symbol.dispose]()
  const lines = running.lines.filter(line => line['rpc.grpc.status_code'] === 0)
  assert.equal(lines.length, STREAMS)
})

suite('who reads slowly holds back who sends', () => {
  const piece = Buffer.alloc(64 * 1024)
  // Far more than sockets and windows on the way take.
  const PIECES = 1024

  test('a client that does not read', async () => {
    let written = 0
    await using server = await EchoServer.start({
      async Spread(call) {
        for (; written < PIECES; written++) if (!call.write({ data: piece })) await once(call, 'drain')
        call.end()
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    let got = 0
    for await (const { data } of client.spread({}) as AsyncIterable<Message>) {
      got += data.length
      // After the first one it has better things to do.
      if (got > piece.length) continue
      const stopped = await settled(() => written)
      assert.ok(stopped < PIECES / 4, `${stopped} pieces were taken`)
    }
    assert.equal(got, PIECES * piece.length)
  })

  test('a server that does not read', async () => {
    const calls = new Seen<() => void>()
    await using server = await EchoServer.start({
      async Collect(call, answer) {
        const { promise, resolve } = Promise.withResolvers<void>()
        let bytes = 0
        for await (const { data } of call as AsyncIterable<Message>) {
          if (bytes === 0) {
            calls.push(resolve)
            await promise
          }
          bytes += data.length
        }
        answer(null, { count: bytes })
      },
    })
    await using running = await startGrpc(server.port)
    using client = new EchoClient(running.port())
    const { call, reply } = client.collect()
    let written = 0
    const sent = (async () => {
      for (; written < PIECES; written++) if (!call.write({ data: piece })) await once(call, 'drain')
      call.end()
    })()
    const goOn = await calls.first()
    const stopped = await settled(() => written)
    assert.ok(stopped < PIECES / 4, `${stopped} pieces were taken`)
    goOn()
    await sent
    assert.equal((await reply).count, PIECES * piece.length)
  })
})

test('a server that leaves in the middle loses no call', async () => {
  const Unary: Handlers['Unary'] = (_call, done) => void setImmediate(done, null, { text: 'still here' })
  await using first = await EchoServer.start({ Unary })
  await using second = await EchoServer.start({ Unary })
  await using running = await startGrpc([first.port, second.port])
  using client = new EchoClient(running.port())
  const left = Promise.withResolvers<void>()
  let done = 0
  const calls = Array.from({ length: 20 }, async () => {
    for (let i = 0; i < 50; i++) {
      const { code, message, details } = await client.unary({})
      assert.deepEqual([code, message?.text], [codes.OK, 'still here'], details)
      // GOAWAY, and calls under way are answered.
      if (++done === 300) first.server.tryShutdown(() => left.resolve())
    }
  })
  await Promise.all(calls)
  await left.promise
})

suite('gRPC in TLS at both ends', () => {
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

  test('by grpc-js and by Connect', async () => {
    const authority = await Authority.make('grpc')
    const own = await authority.issue({ names: ['grpc.example'] })
    const upstream = await authority.issue({ names: ['up.example'] })
    await using server = await EchoServer.start(
      {},
      {
        secure: ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(upstream.key), cert_chain: Buffer.from(upstream.chain) },
        ]),
      },
    )
    await using running = await startGateway(
      yamlOf(
        gateway([httpsListener('grpc', ['own'])]),
        tlsSecret('own', own),
        grpcRoute('grpc', { rules: [{ backendRefs: [to('up')] }] }),
        grpcBackend('up', [server.port], 'h2'),
        policy,
        caConfigMap('ca', authority.root),
      ),
    )
    const port = running.port(443)
    using client = new EchoClient(port, credentials.createSsl(Buffer.from(authority.root)), {
      'grpc.ssl_target_name_override': 'grpc.example',
      'grpc.default_authority': 'grpc.example',
    })
    assert.equal((await client.unary({ text: 'hello' })).message?.text, 'hello')
    const connect = connectClient(
      createGrpcTransport({
        baseUrl: `https://127.0.0.1:${port}`,
        nodeOptions: { ca: authority.root, servername: 'grpc.example' },
      }),
    )
    assert.equal((await connect.unary({ text: 'hello' })).text, 'hello')
  })
})
