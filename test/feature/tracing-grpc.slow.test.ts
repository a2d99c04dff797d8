// Seeing calls of gRPC, of each of its four kinds: what a collector is told of them, and what their backend is.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import type { Metadata } from '@grpc/grpc-js'
import { TestCollector, type ReceivedSpan } from '../support/collector.ts'
import { composedYaml } from '../support/composed-yaml.ts'
import { echoService } from '../support/connect.ts'
import { EchoServer, type Handlers, type Message } from '../support/grpc.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Seen } from '../support/until.ts'

const composition = `
import { Type as T } from 'typebox'
import { all, defineGateway, grpc, registryOfProtos, soft } from 'portcullis/composition'

const descriptors = registryOfProtos(['echo.proto'], [import.meta.dirname])
const text = { out: T.String() }

export const gateway = defineGateway({
  backends: {
    echo: grpc(descriptors.getService('test.Echo')!, {
      url: 'h2c://echo',
      retry: { attempts: 2 },
      idempotent: ['unary'],
    }),
  },
  routes: r => [
    r.get('/unary/{text}', { ...text, run: async ({ c, params }) => (await c.echo.unary(params)).text }),
    r.get('/collect', { ...text, run: async ({ c }) => (await c.echo.collect([{ text: 'a' }, { text: 'b' }])).text }),
    r.get('/parts', {
      out: T.Object({ a: T.String(), b: T.Union([T.Null(), T.String()]) }),
      async run({ c }) {
        const a = c.echo.unary({ text: 'a' }).then(one => one.text)
        return await all({ a, b: soft(c.echo.unary({ text: 'none' }).then(one => one.text), null) })
      },
    }),
    r.stream('/spread/{text}', {
      ...text,
      async *run({ c, params }) {
        for await (const one of c.echo.spread({ ...params, count: 2 })) yield one.text
      },
    }),
    r.stream('/chat', {
      ...text,
      async *run({ c }) {
        for await (const one of c.echo.chat([{ text: 'a' }, { text: 'b' }])) yield one.text
      },
    }),
    r.transcode('echo', {
      descriptors,
      config: { http: { rules: [{ selector: 'test.Echo.Unary', get: '/v1/{text}' }] } },
    }),
  ],
})
`

/** A gateway with a collector, and a server of gRPC that fails the first time that it hears `again`, and each time that it hears `none`. */
class Traced implements AsyncDisposable {
  readonly url: string
  readonly collector: TestCollector
  /** What the backend is told of traces, call by call. */
  readonly told: Seen<string>
  private readonly stack: AsyncDisposableStack

  private constructor(
    url: string,
    collector: TestCollector,
    told: Seen<string>,
    stack: AsyncDisposableStack,
  ) {
    this.url = url
    this.collector = collector
    this.told = told
    this.stack = stack
  }

  static async start(): Promise<Traced> {
    const stack = new AsyncDisposableStack()
    const told = new Seen<string>()
    const heard = (metadata: Metadata): number =>
      told.push(String(metadata.get('traceparent')[0])) ?? told.all.length
    const handlers: Partial<Handlers> = {
      Unary({ metadata, request }, answer) {
        heard(metadata)
        const isFirst = told.all.length === 1
        if (request.text === 'again' && isFirst) answer({ code: 14, details: 'soon' })
        else if (request.text === 'none') answer({ code: 5, details: 'no such thing' })
        else answer(null, request)
      },
      Collect(call, answer) {
        heard(call.metadata)
        const texts: string[] = []
        call.on('data', ({ text }: Message) => texts.push(text))
        call.on('end', () => answer(null, { text: texts.join() }))
      },
      Spread(call) {
        heard(call.metadata)
        const { text } = call.request
        call.write({ text })
        if (text === 'broken') return void call.emit('error', { code: 13, details: 'broken' })
        call.write({ text })
        call.end()
      },
      Chat(call) {
        heard(call.metadata)
        call.on('data', (message: Message) => call.write(message))
        call.on('end', () => call.end())
      },
    }
    const backend = stack.use(await EchoServer.start(handlers))
    const collector = stack.use(await TestCollector.start())
    const port = await freePort()
    const folder = stack.use(
      new Folder({
        'gateway.yaml': composedYaml({
          port,
          paths: { '/': 'echo' },
          specs: { echo: '{ bundle: ./echo.gateway.ts }' },
          backends: { echo: backend.port },
        }),
        'echo.gateway.ts': composition,
        'echo.proto': readFileSync(new URL('../support/echo.proto', import.meta.url), 'utf8'),
      }),
    )
    const run = stack.use(await RunProcess.start([folder.path], '--workers', '1', '--otlp', collector.url))
    await run.started()
    await run.event('composition.serving')
    return new Traced(`http://127.0.0.1:${port}`, collector, told, stack)
  }

  /** The spans of one trace when there are so many: that of the request, and those of its calls as they began. */
  async trace(number: number, count: number): Promise<readonly [ReceivedSpan, ...ReceivedSpan[]]> {
    const of = () =>
      this.collector.spans.all.filter(
        span => span.traceId === traceId(number) && 'portcullis.composition' in span.attributes,
      )
    await this.collector.spans.first(() => of().length >= count)
    assert.deepEqual(this.collector.faults, [])
    const [request, ...more] = of().filter(({ kind }) => kind === SERVER)
    assert.ok(request !== undefined && more.length === 0)
    assert.equal(await this.collector.parentOf(request), PARENT)
    const calls = of().filter(({ kind }) => kind === CLIENT)
    assert.equal(calls.length, count - 1)
    for (const call of calls) assert.equal(call.parentSpanId, request.spanId)
    return [request, ...calls.toSorted((a, b) => Number(a.startNs - b.startNs))]
  }

  /** Whether the backend was told this span of its call, each time that it was asked. */
  hasTold({ traceId, spanId }: ReceivedSpan, times = 1): void {
    const found = this.told.all.filter(one => one === `00-${traceId}-${spanId}-01`)
    assert.equal(found.length, times, `${spanId} in ${this.told.all.join(' ')}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync()
  }
}

const SERVER = 2
const CLIENT = 3
const PARENT = 'b'.repeat(16)
const traceId = (number: number): string => number.toString(16).padStart(32, '0')
const traced = (number: number) => ({ traceparent: `00-${traceId(number)}-${PARENT}-01` })

/** What of a span's attributes is looked at. */
const seen = ({ name, isError, attributes }: ReceivedSpan, ...names: readonly string[]) => [
  name,
  isError,
  ...names.map(one => attributes[one]),
]

suite('spans of gRPC', () => {
  let t: Traced
  before(async () => (t = await Traced.start()))
  after(() => t[Symbol.asyncDispose]())

  test('of calls that routes make, of all kinds', async () => {
    const of = ['rpc.method', 'rpc.grpc.status_code', 'portcullis.attempts', 'portcullis.outcome'] as const
    for (const [number, path, answer, method, attempts] of [
      [1, '/unary/again', '"again"', 'Unary', 2],
      [2, '/collect', '"a,b"', 'Collect', 1],
      [3, '/spread/x', '["x","x"]', 'Spread', 1],
      [4, '/chat', '["a","b"]', 'Chat', 1],
    ] as const) {
      const got = await fetch(t.url + path, { headers: { ...traced(number), accept: 'application/json' } })
      assert.equal(await got.text(), answer)
      const [request, call] = await t.trace(number, 2)
      assert.deepEqual(seen(request, 'http.response.status_code'), [
        `GET ${path.replace(/(?<=unary\/|spread\/).*/, '{text}')}`,
        false,
        200,
      ])
      assert.deepEqual(seen(call!, 'rpc.system', 'rpc.service', ...of), [
        `test.Echo/${method}`,
        false,
        'grpc',
        'test.Echo',
        method,
        0,
        attempts,
        'ok',
      ])
      assert.ok(request.startNs <= call!.startNs && call!.endNs <= request.endNs)
      t.hasTold(call!, attempts)
    }

    const got = await fetch(`${t.url}/parts`, { headers: traced(5) })
    assert.deepEqual(await got.json(), { a: 'a', b: null })
    const [request, ...calls] = await t.trace(5, 3)
    assert.deepEqual(request.attributes['portcullis.partial'], ['b'])
    assert.deepEqual(
      calls.map(call => seen(call, 'rpc.grpc.status_code', 'error.type', 'portcullis.outcome')),
      [
        ['test.Echo/Unary', false, 0, undefined, 'ok'],
        ['test.Echo/Unary', true, 5, 'not_found', 'backend_status'],
      ],
    )

    // What breaks off in the middle.
    const events = await fetch(`${t.url}/spread/broken`, { headers: traced(6) })
    assert.match(await events.text(), /event: error/)
    const [broken, breaking] = await t.trace(6, 2)
    assert.deepEqual(seen(broken, 'error.type'), ['GET /spread/{text}', true, 'backend_status'])
    assert.deepEqual(seen(breaking!, 'rpc.grpc.status_code', 'error.type'), [
      'test.Echo/Spread',
      true,
      13,
      'internal',
    ])
  })

  test('of methods that are transcoded, in each protocol', async () => {
    const transports = [
      ['grpc', createGrpcTransport({ baseUrl: t.url })],
      ['grpc', createGrpcWebTransport({ baseUrl: t.url, httpVersion: '1.1' })],
      ['connect_rpc', createConnectTransport({ baseUrl: t.url, httpVersion: '2' })],
    ] as const
    for (const [i, [system, transport]] of transports.entries()) {
      const client = createClient(echoService, transport)
      const number = (n: number): number => 16 + i * 5 + n
      const options = (n: number) => ({ headers: traced(number(n)) })
      const rows = [
        [1, 'Unary', 0, async () => await client.unary({ text: 'x' }, options(1))],
        [2, 'Spread', 0, async () => await Array.fromAsync(client.spread({ text: 'x' }, options(2)))],
        [3, 'Unary', 5, async () => await client.unary({ text: 'none' }, options(3)).catch(() => null)],
        [
          4,
          'Spread',
          13,
          async () => await Array.fromAsync(client.spread({ text: 'broken' }, options(4))).catch(() => null),
        ],
        [5, 'Collect', 0, async () => await client.collect(sent(), options(5))],
      ] as const
      for (const [n, method, code, ask] of rows) {
        await ask()
        const [request, call] = await t.trace(number(n), 2)
        const name = `test.Echo/${method}`
        const error = code === 5 ? 'not_found' : 'internal'
        // A server's span has failed where the fault is the server's.
        assert.deepEqual(seen(request, 'rpc.system', 'rpc.service', 'rpc.method', 'error.type'), [
          name,
          code === 13,
          system,
          'test.Echo',
          method,
          code === 13 ? 'internal' : undefined,
        ])
        if (system === 'grpc') assert.equal(request.attributes['rpc.grpc.status_code'], code)
        else assert.equal(request.attributes['rpc.connect_rpc.error_code'], code === 0 ? undefined : error)
        assert.deepEqual(
          seen(call!, 'rpc.grpc.status_code', 'error.type', 'portcullis.outcome'),
          code === 0 ? [name, false, 0, undefined, 'ok'] : [name, true, code, error, 'backend_status'],
        )
        t.hasTold(call!)
      }
    }
  })

  test('of a rule of REST, and of a conversation', async () => {
    const got = await fetch(`${t.url}/v1/x`, { headers: traced(64) })
    assert.deepEqual(await got.json(), { text: 'x' })
    const [request, call] = await t.trace(64, 2)
    assert.deepEqual(seen(request, 'http.route', 'rpc.system', 'http.response.status_code'), [
      'GET /v1/{text}',
      false,
      '/v1/{text}',
      undefined,
      200,
    ])
    t.hasTold(call!)

    const client = createClient(echoService, createGrpcTransport({ baseUrl: t.url }))
    const said = await Array.fromAsync(client.chat(sent(), { headers: traced(65) }))
    assert.deepEqual(
      said.map(({ text }) => text),
      ['a', 'b'],
    )
    const [conversation, calling] = await t.trace(65, 2)
    assert.deepEqual(seen(conversation, 'rpc.grpc.status_code'), ['test.Echo/Chat', false, 0])
    t.hasTold(calling!)
  })
})

async function* sent(): AsyncGenerator<{ readonly text: string }> {
  yield await Promise.resolve({ text: 'a' })
  yield { text: 'b' }
}
