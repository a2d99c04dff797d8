import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { Code, ConnectError, createClient, type Client, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { createConnectTransport as browserConnect } from '@connectrpc/connect-web'
import { grpc } from '../../src/composition/backends/grpc.ts'
import { defineGateway } from '../../src/composition/routes/gateway.ts'
import { rpcTypes } from '../../src/composition/grpc/details.ts'
import { EngineServer } from '../support/engine-server.ts'
import { compileProtos } from '../../src/composition/proto/compile.ts'
import type { EchoService } from '../support/connect.ts'
import { EchoServer, type Handlers } from '../support/grpc.ts'
import { Metadata } from '@grpc/grpc-js'

const proto = readFileSync(new URL('../support/echo.proto', import.meta.url), 'utf8')
const echo = compileProtos(['echo.proto'], () => proto)
const echoService = echo.getService('test.Echo') as unknown as EchoService
const connectClient = (transport: Transport) => createClient(echoService, transport)

/** The same, which the backend does not have. */
const other = compileProtos(['other.proto'], () => proto.replace('package test', 'package other'))

const long = 'x'.repeat(5000)

async function started(handlers: Partial<Handlers> = {}) {
  const backend = await EchoServer.start(handlers)
  const gateway = defineGateway({
    backends: { echo: grpc(echo.getService('test.Echo')!, { url: `http://127.0.0.1:${backend.port}` }) },
    routes: r => [
      r.transcode('echo', {
        descriptors: echo,
        requestMetadata: 'all',
      }),
    ],
  })
  const server = await EngineServer.start(gateway)
  return {
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    },
  }
}

type Make = (server: EngineServer) => Transport

/** By what clients can do over HTTP/1.1 and HTTP/2. */
const transports: Readonly<Record<string, readonly [make: Make, duplex: boolean]>> = {
  'Connect, binary, HTTP/2': [s => createConnectTransport({ baseUrl: s.http2, httpVersion: '2' }), true],
  'Connect, JSON, HTTP/2': [
    s => createConnectTransport({ baseUrl: s.http2, httpVersion: '2', useBinaryFormat: false }),
    true,
  ],
  'Connect, binary, HTTP/1.1': [s => createConnectTransport({ baseUrl: s.http1, httpVersion: '1.1' }), false],
  'Connect of browsers, JSON': [s => browserConnect({ baseUrl: s.http1 }), false],
  'gRPC-Web, binary': [s => createGrpcWebTransport({ baseUrl: s.http1, httpVersion: '1.1' }), false],
  'gRPC-Web, JSON': [
    s => createGrpcWebTransport({ baseUrl: s.http2, httpVersion: '2', useBinaryFormat: false }),
    true,
  ],
  gRPC: [s => createGrpcTransport({ baseUrl: s.http2 }), true],
}

for (const [name, [make, duplex]] of Object.entries(transports))
  suite(name, () => {
    const browser = name.includes('browsers')

    test('one message and one answer, with metadata', async () => {
      await using setup = await started()
      const client: Client<EchoService> = connectClient(make(setup.server))
      let head: Headers | undefined
      let behind: Headers | undefined
      const answer = await client.unary(
        { text: long, data: new Uint8Array([1, 2]), count: -1 },
        { headers: { 'x-test': 'a' }, onHeader: h => (head = h), onTrailer: t => (behind = t) },
      )
      assert.deepEqual([answer.text, [...answer.data], answer.count], [long, [1, 2], -1])
      assert.equal(head?.get('x-test'), 'a')
      assert.equal(behind?.get('x-test'), 'a')
    })

    test('an error with details and metadata', async () => {
      const detail = rpcTypes().getMessage('google.rpc.ErrorInfo')!
      await using setup = await started({
        Unary(_, done) {
          const metadata = new Metadata()
          metadata.set('x-why', 'so')
          // google.rpc.Status{code: 9, details: [Any{google.rpc.ErrorInfo{reason: "R"}}]}
          const any = Buffer.from(
            `\x0a\x28type.googleapis.com/google.rpc.ErrorInfo\x12\x03\x0a\x01R`,
            'latin1',
          )
          metadata.set(
            'grpc-status-details-bin',
            Buffer.concat([Buffer.from([0x08, 9, 0x1a, any.length]), any]),
          )
          done({ code: 9, details: 'größer', metadata })
        },
      })
      const error = await connectClient(make(setup.server))
        .unary({})
        .catch((reason: unknown) => reason)
      assert.ok(error instanceof ConnectError)
      assert.deepEqual(
        [error.code, error.rawMessage, error.metadata.get('x-why')],
        [Code.FailedPrecondition, 'größer', 'so'],
      )
      const [found] = error.findDetails(detail as never) as unknown as { reason: string }[]
      assert.equal(found?.reason, 'R')
    })

    test('a stream of the backend, whole and broken off', async () => {
      await using setup = await started({
        Spread(call) {
          for (let i = 0; i < 3; i++) call.write({ text: `${call.request.text}${i}` })
          if (call.request.count === 0) call.end()
          else call.emit('error', { code: 8, details: 'enough' })
        },
      })
      const client = connectClient(make(setup.server))
      const texts: string[] = []
      for await (const { text } of client.spread({ text: long })) texts.push(text)
      assert.deepEqual(texts, [`${long}0`, `${long}1`, `${long}2`])
      const seen: string[] = []
      const failed = async () => {
        for await (const { text } of client.spread({ text: 'a', count: 1 })) seen.push(text)
      }
      await assert.rejects(
        failed,
        (error: ConnectError) => error.code === Code.ResourceExhausted && error.rawMessage === 'enough',
      )
      assert.deepEqual(seen, ['a0', 'a1', 'a2'])
    })

    test('a method that is not there', async () => {
      await using setup = await started()
      const service = other.getService('other.Echo') as unknown as EchoService
      const error = await createClient(service, make(setup.server))
        .unary({})
        .catch((reason: unknown) => reason)
      assert.ok(error instanceof ConnectError)
      assert.equal(error.code, Code.Unimplemented)
    })

    test('a deadline', async () => {
      const told = Promise.withResolvers<number>()
      await using setup = await started({
        Unary: call => told.resolve((call.getDeadline() as Date).valueOf() - Date.now()),
      })
      const error = await connectClient(make(setup.server))
        .unary({}, { timeoutMs: 300 })
        .catch((reason: unknown) => reason)
      assert.ok(error instanceof ConnectError)
      assert.equal(error.code, Code.DeadlineExceeded)
      assert.ok((await told.promise) <= 300)
    })

    if (!browser && !name.startsWith('gRPC-Web, binary'))
      test('a stream of the client', async () => {
        await using setup = await started()
        const answer = await connectClient(make(setup.server)).collect(
          (async function* () {
            yield await Promise.resolve({ text: 'a', data: new Uint8Array(3) })
            yield { text: 'b' }
          })(),
        )
        assert.deepEqual([answer.text, answer.count], ['a,b', 3])
      })

    if (duplex)
      test('a conversation', async () => {
        await using setup = await started()
        const heard = Promise.withResolvers<void>()
        const answers = connectClient(make(setup.server)).chat(
          (async function* () {
            yield { text: 'a' }
            // Only when that has come back is there more to say.
            await heard.promise
            yield { text: 'b' }
          })(),
        )
        const texts: string[] = []
        for await (const { text } of answers) {
          texts.push(text)
          heard.resolve()
        }
        assert.deepEqual(texts, ['a', 'b'])
      })
  })

suite('Connect on the wire', () => {
  const call = async (server: EngineServer, init: RequestInit, path = '/test.Echo/Unary') =>
    await fetch(server.http1 + path, { method: 'POST', ...init })

  for (const [name, init, status, code] of [
    ['no JSON', { body: '{', headers: { 'content-type': 'application/json' } }, 400, 'invalid_argument'],
    [
      'another version',
      { body: '{}', headers: { 'content-type': 'application/json', 'connect-protocol-version': '2' } },
      400,
      'invalid_argument',
    ],
    [
      'a timeout that is none',
      { body: '{}', headers: { 'content-type': 'application/json', 'connect-timeout-ms': 'x' } },
      400,
      'invalid_argument',
    ],
    [
      'an unknown compression',
      { body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'zip' } },
      501,
      'unimplemented',
    ],
    [
      'what is not compressed as it says',
      { body: '{}', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      400,
      'invalid_argument',
    ],
  ] as const)
    test(`${name} is ${status}`, async () => {
      await using setup = await started()
      const answer = await call(setup.server, init)
      assert.equal(answer.status, status)
      assert.equal(((await answer.json()) as { code: string }).code, code)
    })

  test('members that no field has are let through', async () => {
    await using setup = await started()
    const answer = await call(setup.server, {
      body: '{"text":"a","more":1}',
      headers: { 'content-type': 'application/json' },
    })
    assert.deepEqual(await answer.json(), { text: 'a' })
  })

  test('what is more than a message may be, when it is inflated, is 413', async () => {
    await using setup = await started()
    const bomb = new Uint8Array(
      await new Response(
        new Blob([new Uint8Array(8 * 2 ** 20)]).stream().pipeThrough(new CompressionStream('gzip')),
      ).arrayBuffer(),
    )
    const answer = await call(setup.server, {
      body: bomb,
      headers: { 'content-type': 'application/proto', 'content-encoding': 'gzip' },
    })
    assert.equal(answer.status, 413)
    assert.equal(((await answer.json()) as { code: string }).code, 'resource_exhausted')
  })
})

// doc/compression.md of gRPC: what nobody knows is UNIMPLEMENTED, whatever is said of each message.
for (const [what, fields, flags, code] of [
  ['of a way that nobody knows, though none is', { 'grpc-encoding': 'zip' }, 0, 12],
  ['and it is not said how', {}, 1, 13],
  ['and it is said that they are not', { 'grpc-encoding': 'identity' }, 1, 13],
] as const)
  test(`messages that are compressed, ${what}, end a call of gRPC-Web with ${code}`, async () => {
    let calls = 0
    await using setup = await started({ Unary: () => void calls++ })
    const answer = await fetch(`${setup.server.http1}/test.Echo/Unary`, {
      method: 'POST',
      body: Buffer.from([flags, 0, 0, 0, 0]),
      headers: { 'content-type': 'application/grpc-web', ...fields },
    })
    assert.equal(answer.headers.get('grpc-status'), String(code))
    assert.equal(calls, 0)
  })

test('a stream of Connect whose compression nobody knows is unimplemented', async () => {
  await using setup = await started()
  const answer = await fetch(`${setup.server.http1}/test.Echo/Collect`, {
    method: 'POST',
    body: Buffer.from([0, 0, 0, 0, 0]),
    headers: { 'content-type': 'application/connect+proto', 'connect-content-encoding': 'zip' },
  })
  const end = Buffer.from(await answer.arrayBuffer())
  assert.equal(end[0], 2)
  const { error } = JSON.parse(end.subarray(5).toString()) as { error: { code: string } }
  assert.equal(error.code, 'unimplemented')
})

test('gRPC-Web in base64, of which each part has its own padding', async () => {
  await using setup = await started()
  const message = Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x61])
  const body = message.subarray(0, 4).toString('base64') + message.subarray(4).toString('base64')
  const answer = await fetch(`${setup.server.http1}/test.Echo/Unary`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/grpc-web-text' },
  })
  assert.match(answer.headers.get('content-type') ?? '', /^application\/grpc-web-text/)
  const parts = (await answer.text()).match(/[^=]+={0,2}/g) ?? []
  const bytes = Buffer.concat(parts.map(part => Buffer.from(part, 'base64')))
  assert.deepEqual([...bytes.subarray(5, 8)], [0x0a, 1, 0x61])
  assert.match(bytes.subarray(5 + bytes[4]!).toString('latin1'), /^\x80.{4}grpc-status: 0\r\n/s)
})
