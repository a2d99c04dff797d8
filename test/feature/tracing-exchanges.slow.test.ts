// Seeing exchanges of the data plane: what a collector is told of them and of each attempt, and what backends are.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { TestCollector, type ReceivedSpan } from '../support/collector.ts'
import { EchoClient, EchoServer } from '../support/grpc.ts'
import { grpcBackend, grpcRoute } from '../support/grpc-gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway as gatewayOf, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'

const SERVER = 2
const CLIENT = 3
const PARENT = 'b'.repeat(16)
const traceId = (digit: string): string => digit.repeat(32)
const traceparent = (digit: string, flags = '01'): string => `00-${traceId(digit)}-${PARENT}-${flags}`

/** A gateway that runs, in front of a backend that fails as its path says. */
class Traced implements AsyncDisposable {
  readonly collector: TestCollector
  readonly run: RunProcess
  readonly port: number
  readonly calls: number
  /** The port of the backend. */
  readonly behind: number
  /** What the backend was told of traces. */
  readonly asked: Seen<IncomingMessage>
  private readonly stack: AsyncDisposableStack

  private constructor(
    parts: Pick<Traced, 'collector' | 'run' | 'port' | 'calls' | 'behind' | 'asked'>,
    stack: AsyncDisposableStack,
  ) {
    this.collector = parts.collector
    this.run = parts.run
    this.port = parts.port
    this.calls = parts.calls
    this.asked = parts.asked
    this.behind = parts.behind
    this.stack = stack
  }

  static async start(...args: readonly string[]): Promise<Traced> {
    const stack = new AsyncDisposableStack()
    const asked = new Seen<IncomingMessage>()
    const served = createServer((request: IncomingMessage, response: ServerResponse) => {
      asked.push(request)
      const isFirst = asked.all.filter(one => one.url === request.url).length === 1
      // Of the two that are sent at once the first is never answered.
      if (request.url === '/two/slow' && isFirst) return
      if (request.url === '/half') response.write('a', () => request.socket.destroy())
      else response.writeHead(request.url!.startsWith('/again') && isFirst ? 503 : 200).end('hello')
    })
    await once(served.listen(0, '127.0.0.1'), 'listening')
    const behind = (served.address() as AddressInfo).port
    const beside = createServer((request, response) => served.emit('request', request, response))
    await once(beside.listen(0, '127.0.0.1'), 'listening')
    stack.defer(() => {
      served.close()
      served.closeAllConnections()
      beside.close()
      beside.closeAllConnections()
    })
    const echo = stack.use(
      await EchoServer.start({ Unary: (_, answer) => answer({ code: 13, details: 'x' }) }),
    )
    const collector = stack.use(await TestCollector.start())
    const [port, calls] = [await freePort(), await freePort()]
    const yaml = yamlOf(
      gatewayOf([
        { name: 'http', port },
        { name: 'calls', port: calls },
      ]),
      httpRoute('items', {
        parentRefs: [{ name: 'gw', sectionName: 'http' }],
        rules: [
          { backendRefs: [to('up')], retry: { codes: [503], attempts: 2, backoff: '1ms' } },
          { matches: [prefix('/two')], backendRefs: [to('two')] },
          { matches: [prefix('/nobody')], backendRefs: [to('nobody')] },
        ],
      }),
      grpcRoute('calls', {
        parentRefs: [{ name: 'gw', sectionName: 'calls' }],
        rules: [{ matches: [{ method: { service: 'test.Echo' } }], backendRefs: [to('echo')] }],
      }),
      backend('up', [behind]),
      backend('nobody', [1]),
      backend('two', [behind, (beside.address() as AddressInfo).port]),
      backendPolicy({
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'two' }],
        hedging: { percentile: 50, minDelay: '1ms', maxPercent: 100 },
        retryBudget: { percent: 100 },
      }),
      grpcBackend('echo', [echo.port]),
    )
    const folder = stack.use(new Folder({ 'gw.yaml': yaml }))
    const otlp = args.includes('--otlp') ? [] : ['--otlp', collector.url]
    const run = stack.use(
      await RunProcess.start(
        [folder.path],
        '--workers',
        '1',
        ...otlp,
        ...args.filter(one => one !== '--otlp'),
      ),
    )
    await run.started()
    return new Traced({ collector, run, port, calls, behind, asked }, stack)
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers })
    return `${response.status} ${await response.text()}`
  }

  /** The exchange, and its attempts as they began, when there are so many. */
  async trace(id: string, attempts: number): Promise<readonly [ReceivedSpan, ...ReceivedSpan[]]> {
    const of = (): readonly ReceivedSpan[] => this.collector.spans.all.filter(span => span.traceId === id)
    await this.collector.spans.first(() => of().length > attempts)
    assert.deepEqual(this.collector.faults, [])
    const [exchange] = of().filter(({ kind }) => kind === SERVER)
    const below = of().filter(({ kind }) => kind === CLIENT)
    assert.equal(below.length, attempts)
    for (const one of below) {
      assert.equal(one.parentSpanId, exchange!.spanId)
      assert.ok(one.startNs >= exchange!.startNs && one.endNs <= exchange!.endNs)
    }
    return [exchange!, ...below.toSorted((a, b) => Number(a.startNs - b.startNs))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync()
  }
}

suite('spans of the data plane', () => {
  test('of each exchange and each attempt, below what the client has begun', async () => {
    await using t = await Traced.start()
    const state = { traceparent: traceparent('1'), tracestate: 'a=1', 'user-agent': 'test' }
    assert.equal(await t.get('/again?token=x&y=1', state), '200 hello')
    const [exchange, first, second] = await t.trace(traceId('1'), 2)
    assert.deepEqual([exchange.parentSpanId, exchange.name], [PARENT, 'GET httproute/default/items/0'])
    assert.deepEqual([exchange.isError, first!.isError, second!.isError], [false, true, false])
    const { 'portcullis.exchange.id': id, ...said } = exchange.attributes
    assert.match(String(id), /^[0-9a-f]{32}$/)
    assert.deepEqual(said, {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/again',
      'url.query': 'token=[redacted]&y=1',
      'http.route': 'httproute/default/items/0',
      'server.address': '127.0.0.1',
      'server.port': t.port,
      'client.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'user_agent.original': 'test',
      'http.response.status_code': 200,
      'portcullis.attempts': 2,
    })
    const attempt = {
      'http.request.method': 'GET',
      'url.full': `http://127.0.0.1:${t.port}/again?token=[redacted]&y=1`,
      'server.address': '127.0.0.1',
      'server.port': t.behind,
      'network.protocol.version': '1.1',
      'portcullis.cluster': 'Backend/default/up',
      'portcullis.endpoint': `127.0.0.1:${t.behind}`,
    }
    assert.deepEqual(first!.attributes, {
      ...attempt,
      'http.response.status_code': 503,
      'error.type': '503',
    })
    assert.deepEqual(second!.attributes, {
      ...attempt,
      'http.response.status_code': 200,
      'http.request.resend_count': 1,
    })
    // Each attempt says its own span.
    assert.deepEqual(
      t.asked.all.map(({ headers }) => [headers['traceparent'], headers['tracestate']]),
      [first, second].map(one => [`00-${traceId('1')}-${one!.spanId}-01`, 'a=1']),
    )
    const line = await t.run.access.first(one => one['url.path'] === '/again')
    assert.deepEqual([line['trace_id'], line['span_id']], [traceId('1'), exchange.spanId])
  })

  test('with what has failed, by the names of the log', async () => {
    await using t = await Traced.start()
    for (const [digit, path, status, failure, attempts] of [
      ['1', '/nobody', 502, 'connection_refused', 3],
      ['2', '/half', 200, 'http_response_incomplete', 1],
    ] as const) {
      await t.get(path, { traceparent: traceparent(digit) }).catch(() => undefined)
      const [exchange, ...below] = await t.trace(traceId(digit), attempts)
      const last = below.at(-1)!
      assert.deepEqual(
        [
          exchange.isError,
          exchange.attributes['http.response.status_code'],
          exchange.attributes['error.type'],
        ],
        [true, status, failure],
      )
      assert.deepEqual([last.isError, last.attributes['error.type']], [true, failure])
    }
    // What no route takes has no attempt, and is nobody's failure here.
    const other = { traceparent: traceparent('3') }
    await fetch(`http://127.0.0.1:${t.calls}/nothing`, { headers: other }).catch(() => undefined)
    const [lost] = await t.trace(traceId('3'), 0)
    assert.deepEqual([lost.isError, lost.attributes['portcullis.failure']], [false, 'route_not_found'])
  })

  test('of each of two attempts at once, of which one has lost', async () => {
    await using t = await Traced.start()
    // Until it is known how long an answer takes nothing is sent twice.
    for (let i = 0; i < 8; i++) await t.get('/two/warm')
    await t.get('/two/slow', { traceparent: traceparent('1') })
    const [exchange, lost, won] = await t.trace(traceId('1'), 2)
    assert.equal(exchange.attributes['portcullis.attempts'], 2)
    const of = ({ isError, attributes }: ReceivedSpan) => [
      isError,
      attributes['error.type'],
      attributes['http.response.status_code'],
      attributes['http.request.resend_count'],
    ]
    assert.deepEqual(of(lost!), [false, 'outrun', undefined, undefined])
    assert.deepEqual(of(won!), [false, undefined, 200, 1])
    const told = t.asked.all
      .filter(({ url }) => url === '/two/slow')
      .map(({ headers }) => headers['traceparent'])
    assert.deepEqual(
      told,
      [lost, won].map(one => `00-${traceId('1')}-${one!.spanId}-01`),
    )
  })

  test('of gRPC by its own conventions', async () => {
    await using t = await Traced.start()
    using client = new EchoClient(t.calls)
    const answer = await client.unary({ text: 'a' }, { metadata: { traceparent: traceparent('1') } })
    assert.equal(answer.code, 13)
    const [exchange, attempt] = await t.trace(traceId('1'), 1)
    for (const span of [exchange, attempt!]) {
      assert.deepEqual([span.name, span.isError], ['test.Echo/Unary', true])
      assert.partialDeepStrictEqual(span.attributes, {
        'rpc.system': 'grpc',
        'rpc.service': 'test.Echo',
        'rpc.method': 'Unary',
        'rpc.grpc.status_code': 13,
        'error.type': '13',
        'network.protocol.version': '2',
      })
    }
  })

  test('are told of as who began the trace has decided, and of those that begin here a share', async () => {
    await using t = await Traced.start('--otlp-share', '0')
    await t.get('/quiet', { traceparent: traceparent('1', '00') })
    await t.get('/begun')
    await t.get('/told', { traceparent: traceparent('2') })
    await t.trace(traceId('2'), 1)
    assert.ok(t.collector.spans.all.every(span => span.traceId === traceId('2')))
    const [quiet, begun] = t.asked.all.map(({ headers }) => String(headers['traceparent']))
    // Whoever comes behind does not decide again.
    assert.match(quiet!, new RegExp(`^00-${traceId('1')}-(?!${PARENT})[0-9a-f]{16}-00$`))
    assert.match(begun!, /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/)
  })

  test('are none where there is no collector, and traceparent passes as it came', async () => {
    await using t = await Traced.start('--otlp')
    await t.get('/plain', { traceparent: traceparent('1') })
    await t.get('/none')
    assert.deepEqual(
      t.asked.all.map(({ headers }) => headers['traceparent']),
      [traceparent('1'), undefined],
    )
    assert.equal(t.collector.requests.all.length, 0)
  })
})
