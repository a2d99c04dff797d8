import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseExposition } from '../../src/telemetry/testing/exposition-parser.ts'
import { seenBy, send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { TestUpstream } from '../support/upstream.ts'

const trace = '0af7651916cd43dd8448eb211c80319c'
const span = 'b7ad6b7169203331'

/** In every line of a request that was read. */
const always = [
  'time',
  'http.request.method',
  'http.response.status_code',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.path',
  'client.address',
  'portcullis.exchange.id',
  'http.request.body.size',
  'http.response.body.size',
  'duration',
]
const routed = ['portcullis.listener', 'http.route']
const sent = [
  'portcullis.cluster',
  'portcullis.endpoint',
  'portcullis.attempts',
  'portcullis.upstream.duration',
]

const resources = (port: number, listening = 80): string =>
  yamlOf(
    gateway([{ name: 'http', port: listening }]),
    httpRoute('r', {
      hostnames: ['a.example'],
      rules: [
        { name: 'ok', matches: [prefix('/ok')], backendRefs: [to('up')] },
        { matches: [prefix('/refused')], backendRefs: [to('refused')] },
        { matches: [prefix('/nobody')], backendRefs: [to('nobody')] },
        { matches: [prefix('/empty')], backendRefs: [{ name: 'empty', port: 80 }] },
        {
          matches: [prefix('/again')],
          backendRefs: [to('up')],
          retry: { codes: [503], attempts: 2, backoff: '1ms' },
        },
      ],
    }),
    backend('up', [port]),
    backend('refused', [1]),
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'empty' }, spec: { ports: [{ port: 80 }] } },
  )

suite('the access log has exactly the promised fields', () => {
  const cases = [
    [
      'of a proxied exchange',
      {
        method: 'PUT',
        path: '/x/../ok?a=1&token=secret',
        body: 'hello',
        headers: { 'User-Agent': 'test/1', traceparent: `00-${trace}-${span}-01` },
      },
      [...always, ...routed, ...sent, 'url.query', 'user_agent.original', 'trace_id', 'span_id'],
      {
        'http.request.method': 'PUT',
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
        'server.address': 'a.example',
        'url.path': '/ok',
        'client.address': '127.0.0.1',
        'http.route': 'httproute/default/r/ok',
        'portcullis.listener': 'default/gw/http',
        'portcullis.cluster': 'Backend/default/up',
        'portcullis.attempts': 1,
        'http.request.body.size': 5,
        'http.response.body.size': 4,
        'user_agent.original': 'test/1',
        trace_id: trace,
        span_id: span,
      },
    ],
    [
      'of one that was tried again',
      { path: '/again' },
      [...always, ...routed, ...sent],
      { 'http.response.status_code': 200, 'portcullis.attempts': 3, 'http.route': 'httproute/default/r/4' },
    ],
    [
      'of one whose upstream failed',
      { path: '/refused' },
      [...always, ...routed, ...sent.slice(0, 3), 'portcullis.failure', 'portcullis.failure.reason'],
      {
        'http.response.status_code': 502,
        'portcullis.failure': 'connection_refused',
        'portcullis.attempts': 3,
      },
    ],
    [
      'of one without an endpoint, where nothing was tried',
      { path: '/empty' },
      [...always, ...routed, 'portcullis.cluster', 'portcullis.failure', 'portcullis.failure.reason'],
      { 'http.response.status_code': 503, 'portcullis.failure': 'destination_unavailable' },
    ],
    [
      'of one without a backend',
      { path: '/nobody' },
      [...always, ...routed, 'portcullis.failure'],
      { 'http.response.status_code': 500, 'portcullis.failure': 'destination_not_found' },
    ],
    [
      'of one without a route',
      { host: 'b.example' },
      [...always, 'portcullis.failure'],
      {
        'http.response.status_code': 404,
        'portcullis.failure': 'route_not_found',
        'server.address': 'b.example',
      },
    ],
  ] as const
  for (const [what, asked, fields, values] of cases)
    test(what, async () => {
      let requests = 0
      await using upstream = await TestUpstream.start((request, response) => {
        requests++
        request.resume()
        if (request.url === '/again' && requests < 3) response.statusCode = 503
        response.end('body')
      })
      await using portcullis = await startGateway(resources(upstream.port))
      const before = performance.now()
      await send(portcullis.port(), asked)
      const line = await portcullis.line(() => true)
      assert.deepEqual(new Set(Object.keys(line)), new Set(fields))
      for (const [name, value] of Object.entries(values)) assert.equal(line[name], value, name)
      assert.equal(line['server.port'], portcullis.port())
      const seconds = (performance.now() - before) / 1000
      const duration = Number(line['duration'])
      assert.ok(duration > 0 && duration <= seconds, `duration ${duration} of ${seconds} s`)
      assert.equal(portcullis.lines.length, 1)
    })

  test('of a request that the codec refused', async () => {
    await using portcullis = await startGateway(resources(1))
    const text = await RawClient.exchange(portcullis.port(), 'GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n')
    const line = await portcullis.line(() => true)
    // What the client quotes is what the operator looks for.
    assert.match(String(line['portcullis.exchange.id']), /./)
    assert.equal(/"exchange":"([^"]*)"/.exec(text)?.[1], line['portcullis.exchange.id'])
    assert.equal(line['http.response.status_code'], 400)
    assert.equal(line['portcullis.failure'], 'http_request_error')
    assert.equal(line['portcullis.rejection'], 'field-name')
    assert.equal(line['client.address'], '127.0.0.1')
  })

  test('secrets in the query are not written', async () => {
    await using upstream = await TestUpstream.start()
    await using portcullis = await startGateway(resources(upstream.port))
    await send(portcullis.port(), { path: '/ok?a=1&access_token=s3cr3t' })
    const line = await portcullis.line(() => true)
    assert.match(String(line['url.query']), /^a=1&access_token=/)
    assert.doesNotMatch(JSON.stringify(line), /s3cr3t/)
  })
})

suite('trace context', () => {
  for (const [what, headers, traceparent, tracestate] of [
    [
      'a valid one goes on as it is',
      { traceparent: `00-${trace}-${span}-01`, tracestate: 'a=1,b=2' },
      [`00-${trace}-${span}-01`],
      ['a=1,b=2'],
    ],
    ['an invalid one is taken away with its state', { traceparent: '00-0-0-01', tracestate: 'a=1' }, [], []],
    [
      'an invalid state is taken away alone',
      { traceparent: `00-${trace}-${span}-00`, tracestate: 'A B' },
      [`00-${trace}-${span}-00`],
      [],
    ],
    ['none is made up', {}, [], []],
  ] as const)
    test(what, async () => {
      await using upstream = await TestUpstream.start()
      await using portcullis = await startGateway(resources(upstream.port))
      const answer = await send(portcullis.port(), { path: '/ok', headers })
      assert.deepEqual(seenBy(answer, 'traceparent'), traceparent)
      assert.deepEqual(seenBy(answer, 'tracestate'), tracestate)
    })
})

/** All series of a family whose labels contain these. */
function sum(samples: ReadonlyMap<string, number>, name: string, ...labels: readonly string[]): number {
  let total = 0
  for (const [key, value] of samples)
    if ((key === name || key.startsWith(`${name}{`)) && labels.every(label => key.includes(label)))
      total += value
  return total
}

suite('metrics of a process', () => {
  test('count over two workers what was sent, in both formats', async () => {
    await using upstream = await TestUpstream.start((request, response) => {
      request.resume()
      response.end('12345')
    })
    const port = await freePort()
    using folder = new Folder({
      'all.yaml': resources(upstream.port, port),
    })
    await using run = await RunProcess.start([folder.path], '--workers', '2')
    await run.started()
    for (const [path, count, body] of [
      ['/ok', 40, 'abc'],
      ['/nobody', 10, ''],
      ['/unknown', 5, ''],
    ] as const)
      for (let i = 0; i < count; i++)
        await send(port, { path, ...(body === '' ? {} : { method: 'POST', body }) })
    await RawClient.exchange(port, 'BAD\r\n\r\n')
    // 56 lines: everything is over for the workers too.
    await run.access.count(56)
    const { samples, types } = parseExposition(await (await run.get('/metrics')).text())
    const route = 'route="httproute/default/r/ok"'
    assert.equal(sum(samples, 'portcullis_requests_total', route, 'code="200"'), 40)
    assert.equal(sum(samples, 'portcullis_requests_total', 'code="500"'), 10)
    assert.equal(sum(samples, 'portcullis_request_duration_seconds_count', route), 40)
    assert.equal(sum(samples, 'portcullis_upstream_requests_total', 'code_class="2xx"'), 40)
    assert.equal(sum(samples, 'portcullis_failures_total', 'failure="route_not_found"'), 5)
    assert.equal(sum(samples, 'portcullis_failures_total', 'failure="destination_not_found"'), 10)
    assert.equal(sum(samples, 'portcullis_rejections_total', 'rule="request-line"'), 1)
    assert.equal(sum(samples, 'portcullis_bytes_total', 'direction="in"'), 40 * 3)
    assert.equal(sum(samples, 'portcullis_downstream_connections_total'), 56)
    assert.equal(sum(samples, 'portcullis_upstream_connections_total'), upstream.connections)
    assert.equal(sum(samples, 'portcullis_requests_active'), 0)
    assert.equal(sum(samples, 'portcullis_workers'), 2)
    assert.equal(sum(samples, 'portcullis_reloads_total'), 1)
    assert.equal(sum(samples, 'portcullis_snapshot_version'), 1)
    assert.equal(sum(samples, 'portcullis_access_log_dropped_total'), 0)
    assert.equal(sum(samples, 'portcullis_build_info'), 1)
    assert.ok(types.has('portcullis_event_loop_delay_seconds'))
    const open = await fetch(`http://127.0.0.1:${run.admin}/metrics`, {
      headers: { Accept: 'application/openmetrics-text' },
    })
    assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/)
    assert.equal(
      sum(parseExposition(await open.text(), true).samples, 'portcullis_requests_total', 'code="500"'),
      10,
    )
    const workers = new Set([...samples.keys()].flatMap(key => /worker="(\d)"/.exec(key)?.[1] ?? []))
    assert.deepEqual(workers, new Set(['1', '2']))
  })

  test('keep what a worker had counted that died', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('x'))
    const port = await freePort()
    await using served = await Served.start({
      'all.yaml': resources(upstream.port, port),
    })
    const count = () =>
      sum(parseExposition(served.metrics.render()).samples, 'portcullis_requests_total', 'code="200"')
    for (let i = 0; i < 20; i++) await send(port, { path: '/ok' })
    for (const id of [1, 2]) {
      await served.workers.kill(id)
      await served.log.first(line => line['event'] === 'worker.serving' && line['worker'] === id)
      assert.equal(count(), 20)
    }
    for (let i = 0; i < 20; i++) await send(port, { path: '/ok' })
    assert.equal(count(), 40)
  })
})
