// Seeing compositions: what a collector and the metrics are told of requests and of the calls that were made for them.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { TestCollector, type ReceivedSpan } from '../support/collector.ts'
import { composedYaml } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Seen } from '../support/until.ts'

const home = `
import { Type as T } from 'typebox'
import { all, defineGateway, http, soft } from 'portcullis/composition'

export const gateway = defineGateway({
  backends: {
    users: http({ url: 'http://users/v1', retry: { attempts: 2 }, cache: {} }),
    nobody: http({ url: 'http://127.0.0.1:1' }),
  },
  routes: r => [
    r.get('/me/{id}', {
      out: T.Object({ name: T.String(), offer: T.Union([T.Null(), T.String()]) }),
      async run({ c, params }) {
        const user = c.users.get('/users/{id}', { path: params, query: { token: 'hidden', x: '1' } })
        const x = await all({ name: user.then(u => u.text()), offer: soft(c.nobody.get('/best').then(o => o.text()), null) })
        return x
      },
    }),
    r.proxy('/old/{rest=**}', 'users', { rewrite: '/old/{rest=**}' }),
  ],
})
`

/** A gateway that runs, with a collector, and a backend that fails before it answers. */
class Traced implements AsyncDisposable {
  readonly port: number
  readonly collector: TestCollector
  readonly run: RunProcess
  /** What the backend was asked. */
  readonly asked: Seen<IncomingMessage>
  private readonly stack: AsyncDisposableStack

  private constructor(
    port: number,
    collector: TestCollector,
    run: RunProcess,
    asked: Seen<IncomingMessage>,
    stack: AsyncDisposableStack,
  ) {
    this.port = port
    this.collector = collector
    this.run = run
    this.asked = asked
    this.stack = stack
  }

  static async start(env: (url: string) => Readonly<Record<string, string>>): Promise<Traced> {
    const stack = new AsyncDisposableStack()
    const asked = new Seen<IncomingMessage>()
    const backend = createServer((request, response) => {
      asked.push(request)
      const fails = request.url!.startsWith('/v1/users') && asked.all.length === 1
      response.writeHead(fails ? 503 : 200, { 'cache-control': 'max-age=60' }).end('Ada')
    })
    await once(backend.listen(0, '127.0.0.1'), 'listening')
    stack.defer(() => {
      backend.close()
      backend.closeAllConnections()
    })
    const collector = stack.use(await TestCollector.start())
    const port = await freePort()
    const folder = stack.use(
      new Folder({
        'gateway.yaml': composedYaml({
          port,
          paths: { '/': 'home' },
          specs: { home: '{ bundle: ./home.gateway.ts }' },
          backends: { users: (backend.address() as AddressInfo).port },
        }),
        'home.gateway.ts': home,
      }),
    )
    const run = stack.use(await RunProcess.startWith(env(collector.url), [folder.path], '--workers', '1'))
    await run.log.first(({ event }) => event === 'started')
    return new Traced(port, collector, run, asked, stack)
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { headers })
  }

  /** The spans of one trace that compositions have told of, when there are so many. */
  async trace(traceId: string, count: number): Promise<Readonly<Record<string, ReceivedSpan>>> {
    const of = (): readonly ReceivedSpan[] =>
      this.collector.spans.all.filter(
        span => span.traceId === traceId && 'portcullis.composition' in span.attributes,
      )
    await this.collector.spans.first(() => of().length >= count)
    assert.deepEqual(this.collector.faults, [])
    assert.equal(of().length, count)
    return Object.fromEntries(
      of().map(span => [`${span.kind === 2 ? 'answered' : 'asked'} ${span.name}`, span]),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync()
  }
}

const traceId = (digit: string): string => digit.repeat(32)
const parent = 'b'.repeat(16)
const traceparent = (digit: string, flags = '01'): string => `00-${traceId(digit)}-${parent}-${flags}`

suite('spans of a composition', () => {
  test('of its requests and each call, below what the client has begun', async () => {
    await using t = await Traced.start(url => ({ PORTCULLIS_OTLP: url, OTEL_SERVICE_NAME: 'shop' }))
    const { collector } = t
    assert.deepEqual(await (await t.get('/me/7?token=x', { traceparent: traceparent('1') })).json(), {
      name: 'Ada',
      offer: null,
    })
    const spans = await t.trace(traceId('1'), 3)
    const {
      'answered GET /me/{id}': request,
      'asked GET /users/{id}': users,
      'asked GET /best': nobody,
    } = spans
    assert.equal(await collector.parentOf(request!), parent)
    assert.deepEqual([request!.kind, users!.kind, nobody!.kind], [2, 3, 3])
    assert.deepEqual([users!.parentSpanId, nobody!.parentSpanId], [request!.spanId, request!.spanId])
    assert.deepEqual([request!.isError, users!.isError, nobody!.isError], [false, false, true])
    assert.ok(request!.startNs <= users!.startNs && users!.endNs <= request!.endNs)
    assert.deepEqual(request!.attributes, {
      'http.request.method': 'GET',
      'url.path': '/me/7',
      'url.query': 'token=[redacted]',
      'url.scheme': 'http',
      'http.route': '/me/{id}',
      'http.response.status_code': 200,
      'portcullis.composition': 'default/home',
      'portcullis.partial': ['offer'],
    })
    assert.deepEqual(users!.attributes, {
      'http.request.method': 'GET',
      'url.full': 'http://users/v1/users/7?token=[redacted]&x=1',
      'server.address': 'users',
      'server.port': 80,
      'http.response.status_code': 200,
      'http.request.resend_count': 1,
      'portcullis.composition': 'default/home',
      'portcullis.backend': 'users',
      'portcullis.call': 'users GET /users/{id}',
      'portcullis.attempts': 2,
      'portcullis.outcome': 'ok',
    })
    assert.equal(nobody!.attributes['error.type'], 'connection_refused')
    // Both attempts say the span of their call.
    assert.deepEqual(
      t.asked.all.map(({ headers }) => headers['traceparent']),
      Array(2).fill(`00-${traceId('1')}-${users!.spanId}-01`),
    )
    assert.equal(collector.resource['service.name'], 'shop')

    await t.get('/me/7', { traceparent: traceparent('2') })
    const again = await t.trace(traceId('2'), 3)
    assert.equal(again['asked GET /users/{id}']!.attributes['portcullis.cache'], 'hit')

    await t.get('/old/x', { traceparent: traceparent('3') })
    const { 'answered GET /old/{rest=**}': passing, 'asked GET /old/{rest=**}': passed } = await t.trace(
      traceId('3'),
      2,
    )
    assert.equal(passing!.attributes['http.route'], '/old/{rest=**}')
    assert.equal(passed!.attributes['url.full'], 'http://users/v1/old/x')
    assert.equal(passed!.parentSpanId, passing!.spanId)

    // What the client does not want told is not, and its backends hear that.
    await t.get('/old/y', { traceparent: traceparent('4', '00') })
    // Without a trace one begins here.
    await t.get('/old/z')
    const { traceId: own } = await collector.spans.first(
      ({ kind, attributes }) => kind === 2 && attributes['url.path'] === '/old/z',
    )
    const [, quiet, begun] = t.asked.all.slice(-3).map(({ headers }) => headers['traceparent'])
    assert.match(String(quiet), new RegExp(`^00-${traceId('4')}-(?!${parent})[0-9a-f]{16}-00$`))
    assert.match(String(begun), new RegExp(`^00-${own}-[0-9a-f]{16}-01$`))
    assert.ok(!collector.spans.all.some(span => span.traceId === traceId('4')))

    const metrics = await (await fetch(`http://127.0.0.1:${t.run.admin}/metrics`)).text()
    const labels = 'composition="default/home",route='
    for (const line of [
      `requests_total{${labels}"GET /me/{id}",code="200"} 2`,
      `partial_answers_total{${labels}"GET /me/{id}"} 2`,
      `calls_total{${labels}"GET /me/{id}",backend="nobody",outcome="connection_refused"} 2`,
      `calls_total{${labels}"* /old/{rest=**}",backend="users",outcome="ok"} 3`,
    ])
      assert.ok(metrics.includes(`portcullis_composition_${line}\n`), `${line} in\n${metrics}`)
  })
})
