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
  const snapshot = instruments.open()
  const [a, b] = [snapshot.route('a'), snapshot.route('b')]
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
  const route = instruments.open().route('a')
  for (const status of [0, 14, 0]) route.finishedGrpc(status)
  const seen = samples()
  assert.equal(seen.get('portcullis_grpc_responses_total{route="a",status="0"}'), 2)
  assert.equal(seen.get('portcullis_grpc_responses_total{route="a",status="14"}'), 1)
})

test('what is no code, and codes beyond the limit, are one series', () => {
  const { instruments, samples } = setup()
  const route = instruments.open().route('a')
  for (const code of [0, 99, 1000, 1.5, -1, NaN]) route.finished(code, 0.1)
  assert.equal(samples().get(requests('a', 'other')), 6)
  for (let code = 100; code < 1000; code++) route.finished(code, 0.1)
  const seen = samples()
  const codes = [...seen.keys()].filter(key => key.startsWith('portcullis_requests_total'))
  assert.equal(codes.length, 65)
  assert.equal(seen.get(requests('a', 100)), 1)
  assert.equal(seen.get(requests('a', 'other')), 6 + 900 - 64)
})

test('a route that the next snapshot has too keeps its numbers, one that it has not goes', () => {
  const { instruments, samples } = setup()
  const first = instruments.open()
  first.route('stays').finished(500, 0.1)
  first.route('goes').finished(500, 0.1)
  first.cluster('c').retries.add(2)
  const second = instruments.open()
  const stays = second.route('stays')
  assert.equal(stays, first.route('stays'))
  second.cluster('c')
  first.close()
  first.close()
  assert.equal(samples().get(requests('stays', 500)), 1)
  assert.equal(samples().get(requests('goes', 500)), undefined)
  assert.equal(samples().get('portcullis_upstream_retries_total{cluster="c"}'), 2)
  stays.finished(500, 0.1)
  assert.equal(samples().get(requests('stays', 500)), 2)
  second.close()
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
    instruments.open().cluster('c').answered(status, 0.1)
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
  const port = instruments.open().port('8080')
  port.connections.add(2)
  port.connectionsActive.add(2)
  port.connectionsActive.add(-1)
  instruments.open().cluster('c').connectFailed('connection_timeout')
  const seen = samples()
  assert.equal(seen.get('portcullis_rejections_total{rule="bare-lf"}'), 2)
  assert.equal(seen.get('portcullis_downstream_connections_total{port="8080"}'), 2)
  assert.equal(seen.get('portcullis_downstream_connections_active{port="8080"}'), 1)
  assert.equal(
    seen.get('portcullis_upstream_connect_failures_total{cluster="c",failure="connection_timeout"}'),
    1,
  )
})
