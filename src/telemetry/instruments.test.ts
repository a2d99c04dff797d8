import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instruments } from './instruments.ts'
import { MetricsReader } from './metrics-reader.ts'
import { MetricsWriter } from './metrics.ts'
import { parseExposition } from './testing/exposition-parser.ts'

function setup(): { instruments: Instruments; samples: () => Map<string, number> } {
  const reader = new MetricsReader()
  reader.attach(1)
  const writer = new MetricsWriter(undefined, series => reader.announce(1, series))
  const samples = (): Map<string, number> => {
    writer.flush()
    return parseExposition(reader.render()).samples
  }
  return { instruments: new Instruments(writer), samples }
}

const requests = (route: string, code: string | number): string =>
  `portcullis_requests_total{route="${route}",code="${code}"}`

test('codes are counted by route, from their first use on', () => {
  const { instruments, samples } = setup()
  const [a, b] = [instruments.routes.get('a'), instruments.routes.get('b')]
  assert.equal(samples().has(requests('a', 200)), false)
  for (const code of [200, 200, 404, 503, 200]) a.finished(code, 0.1)
  b.finished(404, 0.1)
  const seen = samples()
  for (const [route, code, count] of [
    ['a', 200, 3],
    ['a', 404, 1],
    ['a', 503, 1],
    ['b', 404, 1],
    ['b', 200, undefined],
    ['a', 'other', undefined],
  ] as const)
    assert.equal(seen.get(requests(route, code)), count, `${route} ${code}`)
})

test('gRPC calls are counted by route and status', () => {
  const { instruments, samples } = setup()
  const route = instruments.routes.get('a')
  for (const status of [0, 14, 0]) route.finishedGrpc(status)
  const seen = samples()
  assert.equal(seen.get('portcullis_grpc_responses_total{route="a",status="0"}'), 2)
  assert.equal(seen.get('portcullis_grpc_responses_total{route="a",status="14"}'), 1)
})

test('what is no code, and codes beyond the limit, are one series', () => {
  const { instruments, samples } = setup()
  const route = instruments.routes.get('a')
  for (const code of [0, 99, 1000, 1.5, -1, NaN]) route.finished(code, 0.1)
  assert.equal(samples().get(requests('a', 'other')), 6)
  for (let code = 100; code < 1000; code++) route.finished(code, 0.1)
  const seen = samples()
  const codes = [...seen.keys()].filter(key => key.startsWith('portcullis_requests_total'))
  assert.equal(codes.length, 65)
  assert.equal(seen.get(requests('a', 100)), 1)
  assert.equal(seen.get(requests('a', 'other')), 6 + 900 - 64)
})

test('what is closed is shown no more, and the rest keeps its numbers', () => {
  const { instruments, samples } = setup()
  const { routes, clusters } = instruments
  const stays = routes.get('stays')
  stays.finished(500, 0.1)
  const goes = routes.get('goes')
  goes.finished(500, 0.1)
  clusters.get('c').counter('portcullis_upstream_retries_total').add(2)
  assert.equal(routes.get('stays'), stays)
  routes.close('goes')
  routes.close('goes')
  // Too late to be counted, and no harm to whoever has the cells now.
  goes.codes.add(500)
  routes.get('goes').finished(500, 0.1)
  assert.equal(samples().get(requests('stays', 500)), 1)
  assert.equal(samples().get(requests('goes', 500)), 1)
  assert.equal(samples().get('portcullis_upstream_retries_total{cluster="c"}'), 2)
  for (const id of ['stays', 'goes']) routes.close(id)
  clusters.close('c')
  assert.deepEqual(
    [...samples().keys()].filter(key => /route=|cluster=/.test(key)),
    [],
  )
})

for (const [status, name] of [
  [101, '1xx'],
  [204, '2xx'],
  [301, '3xx'],
  [404, '4xx'],
  [599, '5xx'],
  [600, 'other'],
  [0, 'other'],
] as const)
  test(`an upstream's ${status} counts as ${name}`, () => {
    const { instruments, samples } = setup()
    instruments.clusters.get('c').answered(status, 0.1)
    assert.equal(samples().get(`portcullis_upstream_requests_total{cluster="c",code_class="${name}"}`), 1)
    assert.equal(samples().get('portcullis_upstream_duration_seconds_count{cluster="c"}'), 1)
  })

test('failures are shown at zero before the first', () => {
  const { instruments, samples } = setup()
  assert.equal(samples().get('portcullis_failures_total{failure="connection_refused"}'), 0)
  instruments.failed('connection_refused')
  assert.equal(samples().get('portcullis_failures_total{failure="connection_refused"}'), 1)
})

test('rejections and connections are counted', () => {
  const { instruments, samples } = setup()
  instruments.rejected('bare-lf')
  instruments.rejected('bare-lf')
  const port = instruments.ports.get('8080')
  port.connections.add(2)
  port.connectionsActive.add(2)
  port.connectionsActive.add(-1)
  instruments.clusters
    .get('c')
    .counter('portcullis_upstream_connect_failures_total', { failure: 'connection_timeout' })
    .add(1)
  const seen = samples()
  assert.equal(seen.get('portcullis_rejections_total{rule="bare-lf"}'), 2)
  assert.equal(seen.get('portcullis_downstream_connections_total{port="8080"}'), 2)
  assert.equal(seen.get('portcullis_downstream_connections_active{port="8080"}'), 1)
  assert.equal(
    seen.get('portcullis_upstream_connect_failures_total{cluster="c",failure="connection_timeout"}'),
    1,
  )
})

test('series begin with their first use, by whatever family has the label', () => {
  const { instruments, samples } = setup()
  const shown = (): Record<string, number> =>
    Object.fromEntries([...samples()].filter(([name]) => name.includes('cluster="c"')))
  const cluster = instruments.clusters.get('c')
  assert.deepEqual(shown(), {})
  const active = cluster.gauge('portcullis_upstream_connections_active')
  active.set(2)
  assert.equal(cluster.gauge('portcullis_upstream_connections_active'), active)
  cluster.counter('portcullis_upstream_faults_total', { rule: 'flood-pings' }).add(1)
  cluster.counter('portcullis_upstream_faults_total', { rule: 'flood-pings' }).add(1)
  assert.deepEqual(shown(), {
    'portcullis_upstream_connections_active{cluster="c"}': 2,
    'portcullis_upstream_faults_total{cluster="c",rule="flood-pings"}': 2,
  })
})

const measured = [
  'portcullis_upstream_connections_active',
  'portcullis_upstream_connections_idle',
  'portcullis_upstream_requests_pending',
] as const

/** How many series of a family there are, without reading millions of lines. */
function seriesOf(text: string, family: string): number {
  let count = 0
  for (let at = -1; (at = text.indexOf(`\n${family}{`, at + 1)) >= 0;) count++
  return count
}

test('20,000 routes and as many clusters that all carry requests are shown, and again when they are others', () => {
  const reader = new MetricsReader()
  reader.attach(1)
  const told: string[] = []
  const writer = new MetricsWriter(undefined, series => reader.announce(1, series), {
    onOverflow: family => told.push(family),
  })
  const { routes, clusters } = new Instruments(writer)
  for (const turn of ['a', 'b']) {
    for (let i = 0; i < 20_000; i++) {
      routes.get(`${turn}${i}`).finished(200, 0.01)
      const cluster = clusters.get(`${turn}${i}`)
      cluster.answered(200, 0.01)
      cluster.counter('portcullis_upstream_connections_total').add(1)
      for (const gauge of measured) cluster.gauge(gauge).set(1)
    }
    writer.flush()
    const text = reader.render()
    for (const family of [
      'portcullis_requests_total',
      'portcullis_request_duration_seconds_count',
      'portcullis_upstream_requests_total',
      'portcullis_upstream_connections_active',
    ])
      assert.equal(seriesOf(text, family), 20_000, family)
    assert.match(text, /^portcullis_metrics_overflow_total 0$/m)
    for (let i = 0; i < 20_000; i++) {
      routes.close(`${turn}${i}`)
      clusters.close(`${turn}${i}`)
    }
    writer.flush()
  }
  assert.deepEqual(told, [])
})

test('what finds no room is told of once; its counters are one series, and its gauges are not shown', () => {
  const reader = new MetricsReader()
  reader.attach(1)
  const told: (string | number)[][] = []
  const writer = new MetricsWriter(undefined, series => reader.announce(1, series), {
    maxSeries: 200,
    onOverflow: (family, series) => told.push([family, series]),
  })
  const { clusters } = new Instruments(writer)
  for (let i = 0; i < 200; i++) {
    for (const gauge of measured) clusters.get(`c${i}`).gauge(gauge).set(7)
    clusters.get(`c${i}`).counter('portcullis_upstream_connections_total').add(1)
  }
  writer.flush()
  const { samples } = parseExposition(reader.render())
  const sums = (family: string): number =>
    [...samples].filter(([name]) => name.startsWith(family)).reduce((sum, [, value]) => sum + value, 0)
  assert.equal(sums('portcullis_upstream_connections_total'), 200)
  assert.ok(samples.get('portcullis_upstream_connections_total{cluster="overflow"}')! > 100)
  assert.equal(samples.get('portcullis_upstream_connections_active{cluster="overflow"}'), undefined)
  assert.ok(samples.get('portcullis_metrics_overflow_total')! > 0)
  assert.deepEqual(told.length, 1)
})
