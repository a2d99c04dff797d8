// Calls of a composition to servers of gRPC by others, over sockets and the clusters of the data plane.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { create, toBinary } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Metadata, status } from '@grpc/grpc-js'
import { Type as T } from 'typebox'
import {
  defineGateway,
  grpc,
  type CallFailure,
  type GrpcSettings,
} from '../../src/composition/composition.ts'
import { Engine } from '../../src/composition/engine/engine.ts'
import { gathered } from '../../src/composition/transport/gathered.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { echoService, type EchoService } from '../support/connect.ts'
import { BookSchema } from '../support/fixtures/shop/shop_pb.ts'
import { EchoServer, type Handlers } from '../support/grpc.ts'
import { ThreadWithin } from '../support/within.ts'

/** Of the calls that a test looks at. */
let failed: CallFailure | undefined
let heads: (string | undefined)[] = []

const gatewayOf = (settings: Partial<GrpcSettings<EchoService>>) =>
  defineGateway({
    backends: { a: grpc(echoService, { url: 'h2c://a.example', timeoutMs: 20_000, ...settings }) },
    routes: r => [
      r.get('/unary', {
        in: { query: T.Object({ text: T.String(), bytes: T.Optional(T.Integer()) }) },
        out: T.Unknown(),
        async run({ c, query }) {
          const data = new Uint8Array(query.bytes ?? 0).fill(7)
          const call = c.a.unary(
            { text: query.text, data },
            {
              metadata: { 'x-test': 'ascii', 'x-test-bin': Uint8Array.of(0, 255) },
              onHead: metadata => heads.push(metadata.get('x-test')),
              onTrailers: metadata => heads.push(String(metadata.bytes('x-test-bin')[0]?.[1])),
            },
          )
          try {
            const { text, data: back } = await call
            return { text, bytes: back.length }
          } catch (error) {
            failed = error as CallFailure
            throw error
          }
        },
      }),
      r.get('/collect', {
        out: T.Unknown(),
        run: async ({ c }) => (await c.a.collect([{ text: 'a' }, { text: 'b' }])).text,
      }),
      r.get('/spread', {
        in: { query: T.Object({ count: T.Integer(), most: T.Optional(T.Integer()) }) },
        out: T.Unknown(),
        async run({ c, query: { count, most = Infinity } }) {
          const texts: string[] = []
          for await (const { text } of c.a.spread({ text: 's', count })) {
            texts.push(text)
            if (texts.length >= most) break
          }
          return texts
        },
      }),
      r.get('/chat', {
        out: T.Unknown(),
        async run({ c }) {
          const heard: string[] = []
          const next = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
          async function* said() {
            yield { text: 'one' }
            await next[0]!.promise
            yield { text: 'two' }
            await next[1]!.promise
          }
          for await (const { text } of c.a.chat(said())) {
            heard.push(text)
            next[heard.length - 1]!.resolve()
          }
          return heard
        },
      }),
    ],
  })

class Composed implements AsyncDisposable {
  private readonly thread: ThreadWithin
  private readonly engine: Engine

  private constructor(thread: ThreadWithin, engine: Engine) {
    this.thread = thread
    this.engine = engine
  }

  static async of(port: number, settings: Partial<GrpcSettings<EchoService>> = {}): Promise<Composed> {
    failed = undefined
    heads = []
    const entry = { protocol: 'grpc', url: 'h2c://a.example', timeoutMs: 20_000 }
    const thread = await ThreadWithin.of([port], { entry, cluster: { protocol: 'h2' } })
    const gateway = gatewayOf(settings)
    return new Composed(thread, new Engine(gateway, { transport: thread.transport, clock: systemClock }))
  }

  async get(target: string): Promise<readonly [status: number, body: unknown]> {
    const answer = await this.engine.answer({ method: 'GET', target, headers: {}, body: null })
    return [answer.status, JSON.parse(Buffer.from(await gathered(answer.body)).toString('utf8')) as unknown]
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.thread[Symbol.asyncDispose]()
  }
}

class ConnectServer implements AsyncDisposable {
  private readonly server: Http2Server

  private constructor(server: Http2Server) {
    this.server = server
  }

  static async start(implementation: ServiceImpl<EchoService>): Promise<ConnectServer> {
    const routes = (router: ConnectRouter) => router.service(echoService, implementation)
    const server = createServer(connectNodeAdapter({ routes }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new ConnectServer(server)
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    await Promise.resolve()
  }
}

const connectEcho: ServiceImpl<EchoService> = {
  unary(request, context) {
    context.responseHeader.set('x-test', context.requestHeader.get('x-test') ?? '')
    context.responseTrailer.set('x-test-bin', context.requestHeader.get('x-test-bin') ?? '')
    return request
  },
  async collect(requests) {
    const texts: string[] = []
    for await (const { text } of requests) texts.push(text)
    return { text: texts.join() }
  },
  // oxlint-disable-next-line typescript/require-await -- as its type has it
  async *spread({ text, count }) {
    for (let i = 0; i < count; i++) yield { text: `${text}${i}` }
  },
  async *chat(requests) {
    for await (const request of requests) yield request
  },
}

const servers = {
  'grpc-js': () => EchoServer.start(),
  Connect: () => ConnectServer.start(connectEcho),
}

for (const [name, start] of Object.entries(servers))
  suite(`a server of ${name}`, () => {
    test('answers calls of all four kinds, with metadata both ways', async () => {
      await using server = await start()
      await using composed = await Composed.of(server.port)
      assert.deepEqual(await composed.get('/unary?text=h%C3%A9'), [200, { text: 'hé', bytes: 0 }])
      assert.deepEqual(heads, ['ascii', '255'])
      assert.deepEqual(await composed.get('/collect'), [200, 'a,b'])
      assert.deepEqual(await composed.get('/spread?count=3'), [200, ['s0', 's1', 's2']])
      assert.deepEqual(await composed.get('/chat'), [200, ['one', 'two']])
    })

    test('is sent and sends long messages, compressed ones too', async () => {
      await using server = await start()
      await using composed = await Composed.of(server.port, { compression: 'gzip' })
      assert.deepEqual(await composed.get('/unary?text=x&bytes=2000000'), [
        200,
        { text: 'x', bytes: 2_000_000 },
      ])
    })

    test('is not read beyond the limit of a message', async () => {
      await using server = await start()
      await using composed = await Composed.of(server.port, { limitBytes: 1000 })
      assert.deepEqual(await composed.get('/unary?text=x&bytes=980'), [200, { text: 'x', bytes: 980 }])
      assert.equal((await composed.get('/unary?text=x&bytes=1000'))[0], 502)
      assert.equal(failed?.failure, 'http_response_body_size')
    })
  })

/** google.rpc.Status with a detail of a type that the composition does not know, and one that is standard. */
const detail = anyPack(BookSchema, create(BookSchema, { title: 'x' }))

suite('a service that fails', () => {
  for (const [code, expected, http] of [
    [status.NOT_FOUND, 'not_found', 502],
    [status.UNAVAILABLE, 'unavailable', 503],
    [status.DEADLINE_EXCEEDED, 'deadline_exceeded', 504],
  ] as const)
    test(`by ${expected}, is known by its code, message and trailers`, async () => {
      const metadata = new Metadata()
      metadata.set('x-why', 'so')
      await using server = await serverOf({
        Unary: (_, answer) => answer({ code, details: 'nö: 100%', metadata }),
      })
      await using composed = await Composed.of(server.port)
      assert.equal((await composed.get('/unary?text=x'))[0], http)
      assert.equal(failed?.answer?.grpc?.code, expected)
      assert.equal(failed?.answer?.grpc?.message, 'nö: 100%')
      assert.equal(failed?.answer?.headers['x-why'], 'so')
    })

  test('says why by details, standard and of its own', async () => {
    await using server = await ConnectServer.start({
      ...connectEcho,
      unary() {
        throw new ConnectError('no', Code.FailedPrecondition, undefined, [
          { desc: BookSchema, value: { title: 'x' } },
        ])
      },
    })
    await using composed = await Composed.of(server.port)
    assert.equal((await composed.get('/unary?text=x'))[0], 502)
    const [one, ...more] = failed?.answer?.grpc?.details ?? []
    assert.deepEqual(more, [])
    assert.deepEqual([one?.type, one?.value], ['shop.v1.Book', null])
    assert.deepEqual(Buffer.from(one!.bytes), Buffer.from(detail.value))
    assert.deepEqual(detail.value, toBinary(BookSchema, create(BookSchema, { title: 'x' })))
  })

  test('behind messages of a stream fails it', async () => {
    await using server = await serverOf({
      Spread(call) {
        call.write({ text: 'one' })
        call.emit('error', { code: status.DATA_LOSS, details: 'lost' })
      },
    })
    await using composed = await Composed.of(server.port)
    assert.equal((await composed.get('/spread?count=2'))[0], 502)
  })

  test('is told of the deadline, and that nobody wants it any more', async () => {
    let deadline: unknown
    const cancelled = Promise.withResolvers<void>()
    await using server = await serverOf({
      Unary: call => {
        deadline = call.getDeadline()
        call.on('cancelled', () => cancelled.resolve())
      },
    })
    await using composed = await Composed.of(server.port, { timeoutMs: 300 })
    assert.equal((await composed.get('/unary?text=x'))[0], 504)
    const untilMs = Number(deadline)
    assert.ok(untilMs > Date.now() - 20_000 && untilMs < Date.now() + 300, String(deadline))
    await cancelled.promise
  })

  test('is told when its stream is not read to the end', async () => {
    const cancelled = Promise.withResolvers<void>()
    await using server = await serverOf({
      Spread(call) {
        call.on('cancelled', () => cancelled.resolve())
        const more = () => {
          while (!call.cancelled && call.write({ text: 'x'.repeat(10_000) }));
          call.once('drain', more)
        }
        more()
      },
    })
    await using composed = await Composed.of(server.port)
    assert.deepEqual((await composed.get('/spread?count=0&most=2'))[0], 200)
    await cancelled.promise
  })
})

const serverOf = (handlers: Partial<Handlers>) => EchoServer.start(handlers)
