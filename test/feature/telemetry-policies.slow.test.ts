// XTelemetryPolicy: spans of a Gateway go to a collector of its own, or nowhere, and those of others where they went.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer, request as requestSecurely } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { suite, test } from 'node:test'
import { exchangeAttributes } from '../../src/proxy/exchange-spans.ts'
import { Authority, caConfigMap, tlsSecret } from '../support/certificates.ts'
import { TestCollector, type ReceivedSpan } from '../support/collector.ts'
import { filteredYaml } from '../support/filtered-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Seen } from '../support/until.ts'
import { TestUpstream } from '../support/upstream.ts'

const PARENT = 'b'.repeat(16)
const traceId = (digit: string): string => digit.repeat(32)
const traceparent = (digit: string, flags = '01'): string => `00-${traceId(digit)}-${PARENT}-${flags}`

/** A policy for one Gateway; null: its collector is Backend `otel`. */
function telemetry(name: string, tracing: object | null, target = name): object {
  return {
    apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
    kind: 'XTelemetryPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: target }],
      tracing: tracing ?? { mode: 'Enabled', provider: { backendRef: to('otel') } },
    },
  }
}

const enabled = (more: object = {}, collector = 'otel'): object => ({
  mode: 'Enabled',
  provider: { backendRef: to(collector) },
  ...more,
})

async function portOf(server: Server, stack: AsyncDisposableStack): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  stack.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A gateway that runs, with Gateways `a` and `b`, whose routes lead to one backend; what it is asked is seen. */
class Traced implements AsyncDisposable {
  readonly asked = new Seen<IncomingMessage>()
  readonly folder = new Folder()
  readonly ports: Record<'a' | 'b', number> = { a: 0, b: 0 }
  run!: RunProcess
  private readonly stack = new AsyncDisposableStack()

  static async start(
    objects: readonly object[],
    {
      args = [],
      files = {},
    }: { readonly args?: readonly string[]; readonly files?: Record<string, string> } = {},
  ): Promise<Traced> {
    const traced = new Traced()
    const { stack, folder, ports } = traced
    const served = createServer((request, response) => {
      traced.asked.push(request)
      response.setHeader('x-version', '7').writeHead(200).end('hello')
    })
    const up = await portOf(served, stack)
    stack.defer(() => served.closeAllConnections())
    ports.a = await freePort()
    ports.b = await freePort()
    const parts = (['a', 'b'] as const).flatMap(name => [
      gateway([{ name: 'http', port: ports[name] }], name),
      httpRoute(name, {
        parentRefs: [{ name }],
        rules: [
          { backendRefs: [to('up')] },
          { matches: [prefix('/composed')], backendRefs: [{ ...to('home'), kind: 'Composition' }] },
          { matches: [prefix('/nobody')], backendRefs: [to('nobody')] },
        ],
      }),
    ])
    const composition = {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Composition',
      metadata: { name: 'home' },
      spec: { bundle: './home.gateway.ts' },
    }
    for (const [name, text] of Object.entries({ 'home.gateway.ts': HOME, ...files })) folder.write(name, text)
    folder.write('gw.yaml', yamlOf(...parts, composition, backend('up', [up]), backend('nobody', [1])))
    folder.write('policies.yaml', yamlOf(...objects))
    stack.use(folder)
    traced.run = stack.use(await RunProcess.start([folder.path], '--workers', '2', ...args))
    await traced.run.started()
    return traced
  }

  async get(name: 'a' | 'b', path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.ports[name]}${path}`, { headers })
    await response.text()
    return response.status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync()
  }
}

const HOME = `
import { Type as T } from 'typebox'
import { defineGateway, http } from 'portcullis/composition'

export const gateway = defineGateway({
  backends: { up: http({ url: 'http://up' }) },
  routes: r => [
    r.get('/composed', {
      out: T.String(),
      async run({ c }) {
        return (await c.up.get('/part')).text()
      },
    }),
  ],
})
`

const MARK = `
import { defineFilter } from 'portcullis/composition'
export const filter = defineFilter({ request() {} })
`

/** The spans of one trace, when there are so many. */
async function traceOf(
  collector: TestCollector,
  id: string,
  count: number,
): Promise<readonly ReceivedSpan[]> {
  const of = (): readonly ReceivedSpan[] => collector.spans.all.filter(span => span.traceId === id)
  await collector.spans.first(() => of().length >= count)
  assert.deepEqual(collector.faults, [])
  assert.equal(of().length, count)
  return of()
}

suite('spans of a Gateway with a policy', () => {
  test('go to its collector, as it says, and those of others where they went', async () => {
    await using own = await TestCollector.start()
    await using others = await TestCollector.start()
    const attributes = [
      { name: 'tier', sourceType: 'Literal', literalValue: 'edge' },
      { name: 'tenant', sourceType: 'Header', headerName: 'X-Tenant' },
      { name: 'version', sourceType: 'Header', headerName: 'X-Version' },
      { name: 'login', sourceType: 'Header', headerName: 'Authorization' },
      { name: 'absent', sourceType: 'Header', headerName: 'X-Absent' },
      { name: 'code', sourceType: 'Attribute', attributeKey: 'http.response.status_code' },
    ]
    const tracing = enabled({ serviceName: 'shop', spanName: 'shop request', attributes })
    Object.assign((tracing as { provider: object }).provider, { headers: [{ name: 'X-Key', value: 'k' }] })
    await using t = await Traced.start([telemetry('a', tracing), backend('otel', [own.port])], {
      args: ['--otlp', others.url],
    })
    const headers = { 'x-tenant': 'ada', authorization: 'Bearer hidden' }
    await t.get('a', '/items', { ...headers, traceparent: traceparent('1') })
    await t.get('b', '/items', { ...headers, traceparent: traceparent('2') })

    const [exchange, attempt] = (await traceOf(own, traceId('1'), 2)).toSorted((x, y) => x.kind - y.kind)
    assert.deepEqual([exchange!.name, attempt!.name], ['shop request', 'GET'])
    const known = { tier: 'edge', tenant: 'ada', login: '[redacted]', code: 200 }
    assert.partialDeepStrictEqual(exchange!.attributes, { ...known, version: '7', 'url.path': '/items' })
    assert.partialDeepStrictEqual(attempt!.attributes, {
      ...known,
      'portcullis.cluster': 'Backend/default/up',
    })
    assert.equal('absent' in exchange!.attributes, false)
    assert.equal(own.resource['service.name'], 'shop')
    const [exported] = own.requests.all
    assert.deepEqual([exported!.url, exported!.headers['x-key']], ['/v1/traces', 'k'])

    const [other] = await traceOf(others, traceId('2'), 2)
    assert.equal('tier' in other!.attributes, false)
    assert.equal(others.resource['service.name'], 'portcullis')
    assert.equal(own.spans.all.length, 2)
    assert.equal(others.spans.all.length, 2)
    assert.ok(!JSON.stringify([own.spans.all, t.run.log.all], bigText).includes('hidden'))
  })

  test('are none where it says so, and traceparent passes as it came', async () => {
    await using others = await TestCollector.start()
    await using t = await Traced.start([telemetry('a', { mode: 'Disabled' })], {
      args: ['--otlp', others.url],
    })
    await t.run.event('composition.serving')
    await t.get('a', '/items', { traceparent: traceparent('1') })
    await t.get('a', '/composed', { traceparent: traceparent('2') })
    assert.deepEqual(
      t.asked.all.map(({ headers }) => headers['traceparent']),
      [traceparent('1'), traceparent('2')],
    )
    await t.get('b', '/items', { traceparent: traceparent('3') })
    await traceOf(others, traceId('3'), 2)
    assert.equal(others.spans.all.length, 2)
  })

  test('are sampled as it says, whatever those before have decided', async () => {
    await using own = await TestCollector.start()
    const none = { samplingRate: { numerator: 0 } }
    const tracing = enabled({ ...none, parentBasedSampling: { mode: 'Disabled' } })
    await using t = await Traced.start([
      telemetry('a', tracing),
      telemetry('b', enabled(none)),
      backend('otel', [own.port]),
    ])
    await t.get('a', '/sampled', { traceparent: traceparent('1') })
    await t.get('b', '/sampled', { traceparent: traceparent('2') })
    await t.get('b', '/begun')
    const [unsampled, sampled, begun] = t.asked.all.map(({ headers }) => String(headers['traceparent']))
    assert.match(unsampled!, new RegExp(`^00-${traceId('1')}-.*-00$`))
    assert.match(sampled!, new RegExp(`^00-${traceId('2')}-.*-01$`))
    assert.match(begun!, /-00$/)
    await traceOf(own, traceId('2'), 2)
    assert.equal(own.spans.all.length, 2)
  })

  test('reach it by TLS, where a BackendTLSPolicy wants that', async () => {
    await using own = await TestCollector.start()
    await using stack = new AsyncDisposableStack()
    const authority = await Authority.make()
    const { chain, key } = await authority.issue({ names: ['otel.example'] })
    const server = createSecureServer({ cert: chain, key }, (request, response) =>
      own.server.emit('request', request, response),
    )
    const port = await portOf(server, stack)
    stack.defer(() => server.closeAllConnections())
    const policy = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'otel' },
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'otel' }],
        validation: {
          hostname: 'otel.example',
          caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
        },
      },
    }
    await using t = await Traced.start([
      telemetry('a', null),
      backend('otel', [port]),
      policy,
      caConfigMap('ca', authority.root),
    ])
    await t.get('a', '/items', { traceparent: traceparent('1') })
    await traceOf(own, traceId('1'), 2)
    assert.equal(own.requests.all[0]!.headers.host, 'otel.example')
  })

  test('of its compositions and their calls too, also where nobody else is told of any', async () => {
    await using own = await TestCollector.start()
    const attributes = [{ name: 'tenant', sourceType: 'Header', headerName: 'X-Tenant' }]
    await using t = await Traced.start([telemetry('a', enabled({ attributes })), backend('otel', [own.port])])
    await t.run.event('composition.serving')
    await t.get('b', '/composed', { traceparent: traceparent('2') })
    await t.get('a', '/composed', { traceparent: traceparent('1'), 'x-tenant': 'ada' })
    const spans = await traceOf(own, traceId('1'), 4)
    assert.deepEqual(spans.map(({ name }) => name).toSorted(), [
      'GET',
      'GET /composed',
      'GET /part',
      'GET httproute/default/a/1',
    ])
    for (const { attributes: has } of spans) assert.equal(has['tenant'], 'ada')
    const [plain, call] = t.asked.all.map(({ headers }) => headers['traceparent'])
    assert.equal(plain, traceparent('2'))
    const asked = spans.find(({ name }) => name === 'GET /part')!
    assert.equal(call, `00-${traceId('1')}-${asked.spanId}-01`)
    assert.equal(own.spans.all.length, 4)
  })

  test('by TLS too', async () => {
    await using own = await TestCollector.start()
    const port = await freePort()
    const pair = await (await Authority.make()).issue({ names: ['a.example'] })
    const tls = { mode: 'Terminate', certificateRefs: [{ name: 'pair' }] }
    const listener = { name: 'https', protocol: 'HTTPS', port, hostname: 'a.example', tls }
    await using t = await Traced.start([
      gateway([listener], 'c'),
      httpRoute('c', { parentRefs: [{ name: 'c' }], rules: [{ backendRefs: [to('up')] }] }),
      tlsSecret('pair', pair),
      telemetry('c', null),
      backend('otel', [own.port]),
    ])
    const headers = { host: 'a.example', traceparent: traceparent('1') }
    const asked = requestSecurely({ port, servername: 'a.example', rejectUnauthorized: false, headers }).end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    const spans = await traceOf(own, traceId('1'), 2)
    assert.equal(spans.find(({ kind }) => kind === 2)!.attributes['url.scheme'], 'https')
    assert.equal(t.asked.all.length, 1)
  })

  test('of its filters too', async () => {
    await using own = await TestCollector.start()
    await using upstream = await TestUpstream.start()
    await using stack = new AsyncDisposableStack()
    const port = await freePort()
    const yaml = filteredYaml({
      port,
      filters: ['mark'],
      specs: { mark: '{ bundle: ./mark.filter.ts, timeout: 5s }' },
      backend: upstream.port,
    })
    const objects = yamlOf(telemetry('web', null), backend('otel', [own.port]))
    const folder = stack.use(new Folder({ 'gw.yaml': yaml, 'otel.yaml': objects, 'mark.filter.ts': MARK }))
    const run = stack.use(await RunProcess.start([folder.path], '--workers', '1'))
    await run.started()
    await run.event('composition.serving')
    const headers = { traceparent: traceparent('1') }
    await fetch(`http://127.0.0.1:${port}/`, { headers }).then(answer => answer.text())
    const names = (await traceOf(own, traceId('1'), 3)).map(({ name }) => name)
    assert.ok(names.includes('Filter default/mark request'), names.join(', '))
  })

  test('have every attribute that may be asked for, at some time', async () => {
    await using own = await TestCollector.start()
    await using t = await Traced.start([telemetry('a', null), backend('otel', [own.port])])
    await t.get('a', '/items?x=1', { traceparent: traceparent('1') })
    await fetch(`http://127.0.0.1:${t.ports.a}/nobody`, { method: 'FANCY' }).then(r => r.text())
    await own.spans.first(() => own.spans.all.filter(({ kind }) => kind === 2).length === 2)
    const seen = new Set(own.spans.all.flatMap(({ attributes }) => Object.keys(attributes)))
    const unseen = [...exchangeAttributes].filter(key => !seen.has(key))
    // What only calls of gRPC have is seen where they are (tracing-exchanges).
    assert.deepEqual(unseen, ['rpc.system', 'rpc.service', 'rpc.method', 'rpc.grpc.status_code'])
  })
})

suite('collectors of policies', () => {
  test('one that hangs holds up nobody, and what it does not take is dropped and counted', async () => {
    await using stuck = await TestCollector.start()
    await using own = await TestCollector.start()
    stuck.answer = () => undefined
    await using t = await Traced.start([
      telemetry('a', enabled({}, 'stuck')),
      telemetry('b', null),
      backend('stuck', [stuck.port]),
      backend('otel', [own.port]),
    ])
    await t.get('a', '/items')
    await stuck.requests.count(1)
    await t.get('b', '/items', { traceparent: traceparent('1') })
    await traceOf(own, traceId('1'), 2)
    stuck.answer = response => void response.writeHead(400).end()
    stuck.server.closeAllConnections()
    await t.run.event('otlp.failed', line => line['collector'] === 'Backend/default/stuck')
    assert.ok(t.run.log.all.every(line => line['collector'] !== 'Backend/default/otel'))
  })

  test('are followed where they go', async () => {
    await using first = await TestCollector.start()
    await using second = await TestCollector.start()
    await using t = await Traced.start([telemetry('a', null), backend('otel', [first.port])])
    await t.get('a', '/items', { traceparent: traceparent('1') })
    await traceOf(first, traceId('1'), 2)
    t.folder.write('policies.yaml', yamlOf(telemetry('a', null), backend('otel', [second.port])))
    await t.run.event('endpoints.applied')
    await t.get('a', '/items', { traceparent: traceparent('2') })
    await traceOf(second, traceId('2'), 2)
    assert.equal(first.spans.all.length, 2)
  })

  test('change under load without a failed request, and the one before has its last spans', async () => {
    await using first = await TestCollector.start()
    await using second = await TestCollector.start()
    await using t = await Traced.start([telemetry('a', null), backend('otel', [first.port])])
    const answers: number[] = []
    let isOver = false
    const ask = async (): Promise<void> => {
      while (!isOver) answers.push(await t.get('a', '/items'))
    }
    const asking = Promise.all([ask(), ask(), ask(), ask()])
    await first.spans.count(20)
    const versions = (): number => t.run.log.all.filter(({ event }) => event === 'snapshot.applied').length
    const change = async (...objects: readonly object[]): Promise<void> => {
      const before = versions()
      t.folder.write('policies.yaml', yamlOf(...objects))
      await t.run.log.first(() => versions() > before)
    }
    await change(telemetry('a', enabled({ spanName: 'second' }, 'other')), backend('other', [second.port]))
    await second.spans.count(20)
    await change(backend('other', [second.port]))
    isOver = true
    await asking
    assert.ok(answers.length > 50)
    assert.deepEqual(new Set(answers), new Set([200]))
    assert.equal(await t.run.stop(), 0)
    // Every request is told of to one of them, but those that came when there was no policy.
    const told = [first, second].map(one => one.spans.all.filter(({ kind }) => kind === 2).length)
    assert.ok(told[0]! > 0 && told[1]! > 0)
    const traces = t.asked.all.filter(({ headers }) => headers['traceparent'] !== undefined).length
    assert.equal(told[0]! + told[1]!, traces)
    assert.deepEqual([first.faults, second.faults], [[], []])
  })
})

function bigText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
