import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { Code, ConnectError, type ServiceImpl, type Transport } from '@connectrpc/connect'
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node'
import { createGrpcWebTransport as createBrowserTransport } from '@connectrpc/connect-web'
import { connectClient, echoService, type EchoService } from '../support/connect.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startGrpc } from '../support/grpc-gateway.ts'
import { Seen } from '../support/until.ts'

/** Protocols in which the server of Connect was spoken to, and calls that were cancelled. */
const spoken = new Seen<string>()
const cancelled = new Seen<true>()

const handlers: ServiceImpl<EchoService> = {
  unary(message, context) {
    spoken.push(context.protocolName)
    if (message.text === 'fail')
      throw new ConnectError('as you wish', Code.FailedPrecondition, { 'x-test-why': 'asked' })
    context.responseHeader.set('x-test-a', context.requestHeader.get('x-test-a') ?? '')
    context.responseTrailer.set('x-test-a', context.requestHeader.get('x-test-a') ?? '')
    return message
  },
  async collect(messages) {
    const texts: string[] = []
    for await (const { text } of messages) texts.push(text)
    return { text: texts.join() }
  },
  async *spread({ text, count }, context) {
    context.signal.addEventListener('abort', () => cancelled.push(true))
    for (let i = 0; i < count; i++) yield { text: `${text}${i}` }
    if (text === 'for ever') await once(context.signal, 'abort')
  },
  async *chat(messages) {
    for await (const message of messages) yield message
  },
}

suite('Connect on both sides', () => {
  let server: Http2Server
  let running: TestGateway
  const sessions = new Set<ServerHttp2Session>()

  before(async () => {
    const adapter = connectNodeAdapter({ routes: router => void router.service(echoService, handlers) })
    server = createServer(adapter)
    server.on('session', session => sessions.add(session))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    running = await startGrpc((server.address() as AddressInfo).port)
  })

  after(async () => {
    await running[Symbol.asyncDispose]()
    for (const session of sessions) session.destroy()
    server.close()
    await once(server, 'close')
  })

  const transports: readonly (readonly [
    name: string,
    arrives: string,
    make: (baseUrl: string) => Transport,
  ])[] = [
    ['gRPC', 'grpc', baseUrl => createGrpcTransport({ baseUrl })],
    ['gRPC-Web over HTTP/1.1', 'grpc', baseUrl => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' })],
    ['gRPC-Web over HTTP/2', 'grpc', baseUrl => createGrpcWebTransport({ baseUrl, httpVersion: '2' })],
    ['gRPC-Web as browsers speak it', 'grpc', baseUrl => createBrowserTransport({ baseUrl })],
    // A protocol of its own, which goes through as it is.
    ['Connect over HTTP/1.1', 'connect', baseUrl => createConnectTransport({ baseUrl, httpVersion: '1.1' })],
    ['Connect over HTTP/2', 'connect', baseUrl => createConnectTransport({ baseUrl, httpVersion: '2' })],
  ]

  for (const [name, arrives, make] of transports) {
    const client = () => connectClient(make(`http://127.0.0.1:${running.port()}`))

    test(`${name}: unary, with metadata both ways`, async () => {
      const received: (string | null)[] = []
      const { text } = await client().unary(
        { text: 'hello' },
        {
          headers: { 'x-test-a': 'b' },
          onHeader: fields => received.push(fields.get('x-test-a')),
          onTrailer: fields => received.push(fields.get('x-test-a')),
        },
      )
      assert.equal(text, 'hello')
      assert.deepEqual(received, ['b', 'b'])
      assert.equal(spoken.all.at(-1), arrives)
    })

    test(`${name}: an error`, async () => {
      await assert.rejects(client().unary({ text: 'fail' }), (error: unknown) => {
        assert.ok(error instanceof ConnectError)
        assert.deepEqual(
          [error.code, error.rawMessage, error.metadata.get('x-test-why')],
          [Code.FailedPrecondition, 'as you wish', 'asked'],
        )
        return true
      })
    })

    test(`${name}: a stream of the server`, async () => {
      const texts: string[] = []
      for await (const { text } of client().spread({ text: 'n', count: 50 })) texts.push(text)
      assert.deepEqual(
        texts,
        Array.from({ length: 50 }, (_, i) => `n${i}`),
      )
    })

    test(`${name}: cancelled by the client`, async () => {
      const before_ = cancelled.all.length
      const abort = new AbortController()
      await assert.rejects(
        async () => {
          for await (const _ of client().spread({ text: 'for ever', count: 1 }, { signal: abort.signal }))
            abort.abort()
        },
        { code: Code.Canceled },
      )
      await cancelled.count(before_ + 1)
    })
  }

  test('gRPC: streams of the client, and both ways', async () => {
    const client = connectClient(createGrpcTransport({ baseUrl: `http://127.0.0.1:${running.port()}` }))
    async function* messages() {
      for (const text of ['a', 'b', 'c']) {
        await Promise.resolve()
        yield { text }
      }
    }
    assert.equal((await client.collect(messages())).text, 'a,b,c')
    const texts: string[] = []
    for await (const { text } of client.chat(messages())) texts.push(text)
    assert.deepEqual(texts, ['a', 'b', 'c'])
  })
})
