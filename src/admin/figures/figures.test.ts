import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { Instruments } from '../../telemetry/instruments.ts'
import { log } from '../../telemetry/log.ts'
import { MetricsReader } from '../../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../telemetry/metrics.ts'
import { LiveFigures } from './figures.ts'
import type { Traffic } from './rates.ts'
import { PastFile } from './past-file.ts'

/** Noon of a day: a multiple of ten seconds and of five minutes. */
const NOON = Date.UTC(2026, 10, 2, 12)

interface Bench {
  readonly figures: LiveFigures
  readonly instruments: Instruments
  /** Moves calendar and clock on, and what is due happens. */
  pass(ms: number): void
}

function bench(file: PastFile | null = null, beginMs = NOON): Bench {
  const metrics = new MetricsReader()
  metrics.attach(1)
  const writer = new MetricsWriter(undefined, series => metrics.announce(1, series))
  const instruments = new Instruments(writer)
  const clock = new FakeClock()
  clock.advance(beginMs - clock.now())
  const figures = new LiveFigures({
    metrics,
    workers: () => 2,
    file,
    calendar: clock,
    nowMs: () => clock.now(),
  })
  const pass = (ms: number): void => {
    writer.flush()
    clock.advance(ms)
  }
  return { figures, instruments, pass }
}

function answer({ instruments }: Bench, route: string, count: number, status = 200, seconds = 0.004): void {
  for (let i = 0; i < count; i++) instruments.routes.get(route).finished(status, seconds)
}

suite('live figures', () => {
  test('of who looks on: once a second, what there was in it', () => {
    const gateway = bench()
    const seen: Traffic[] = []
    const cancel = gateway.figures.watch(figures => seen.push(figures))
    answer(gateway, 'a', 30)
    answer(gateway, 'a', 10, 503)
    answer(gateway, 'b', 20, 404)
    gateway.instruments.unrouted(404)
    gateway.instruments.bytesOut.add(5000)
    gateway.pass(1000)
    gateway.pass(1000)
    cancel()
    gateway.pass(1000)
    assert.equal(seen.length, 2)
    const [first, second] = seen
    const { totals } = first!
    assert.deepEqual(
      [totals.requestsPerS, totals.errorsPerS, totals.clientErrorsPerS, totals.bytesOutPerS],
      [61, 10, 21, 5000],
    )
    assert.ok(totals.p50Ms !== null && totals.p50Ms > 2.5 && totals.p50Ms <= 5)
    assert.deepEqual(
      first!.routes.map(({ id, requestsPerS, errorsPerS }) => [id, requestsPerS, errorsPerS]),
      [
        ['a', 40, 10],
        ['b', 20, 0],
      ],
    )
    assert.deepEqual([second!.totals.requestsPerS, second!.totals.p50Ms, second!.routes], [0, null, []])
  })

  test('of who asks once: since the last step, or the one before where that is too near', () => {
    const gateway = bench()
    answer(gateway, 'a', 100)
    gateway.pass(5000)
    assert.equal(gateway.figures.now().totals.requestsPerS, 20)
    gateway.pass(5000)
    assert.equal(gateway.figures.now().totals.requestsPerS, 10)
    gateway.pass(2000)
    assert.equal(gateway.figures.now().totals.requestsPerS, 0)
  })

  test('a gRPC call counts by its own status', () => {
    const gateway = bench()
    for (const status of [0, 5, 14]) {
      answer(gateway, 'g', 1)
      gateway.instruments.routes.get('g').finishedGrpc(status)
    }
    gateway.pass(1000)
    const { requestsPerS, errorsPerS, clientErrorsPerS } = gateway.figures.now().totals
    assert.deepEqual([requestsPerS, errorsPerS, clientErrorsPerS], [3, 1, 1])
  })

  test('clusters: an endpoint that is out is shown although nothing was sent', () => {
    const gateway = bench()
    const cluster = gateway.instruments.clusters.get('Backend/default/items')
    cluster.gauge('portcullis_upstream_endpoints').set(3)
    cluster.gauge('portcullis_upstream_endpoints_serving').set(2)
    gateway.pass(1000)
    const [shown] = gateway.figures.now().clusters
    assert.deepEqual([shown?.name, shown?.endpoints, shown?.serving], ['Backend/default/items', 3, 2])
  })

  test('clusters: one that cannot be connected to is shown although nothing was answered', () => {
    const gateway = bench()
    const cluster = gateway.instruments.clusters.get('Backend/default/dead')
    cluster.gauge('portcullis_upstream_endpoints').set(1)
    cluster.gauge('portcullis_upstream_endpoints_serving').set(1)
    cluster.counter('portcullis_upstream_connect_failures_total', { failure: 'connection_refused' }).add(6)
    gateway.pass(2000)
    const [shown] = gateway.figures.now().clusters
    assert.deepEqual([shown?.name, shown?.connectFailuresPerS], ['Backend/default/dead', 3])
  })

  test('of ten thousand routes the busiest and the worst are shown, and how many there are', () => {
    const gateway = bench()
    for (let i = 0; i < 10_000; i++) answer(gateway, `r${i}`, 1 + (i % 7 === 0 ? 1 : 0))
    answer(gateway, 'r9999', 1, 500)
    answer(gateway, 'busy', 50)
    gateway.pass(1000)
    const { routes, routesWithTraffic } = gateway.figures.now()
    assert.equal(routesWithTraffic, 10_001)
    assert.equal(routes[0]?.id, 'busy')
    assert.ok(routes.length <= 200 && routes.some(({ id }) => id === 'r9999'))
  })
})

suite('history', () => {
  test('the hour by ten seconds, the day by five minutes', () => {
    const gateway = bench()
    for (let i = 0; i < 60; i++) {
      answer(gateway, 'a', 10, 200, i < 30 ? 0.004 : 0.04)
      gateway.pass(10_000)
    }
    const hour = gateway.figures.history('hour', {})
    assert.deepEqual([hour.stepS, hour.series.length], [10, 360])
    assert.deepEqual(
      [hour.series.at(-1)?.requests, hour.series.at(-60)?.requests, hour.series.at(-61)?.requests],
      [10, 10, null],
    )
    assert.equal(hour.series.at(-60)?.at, '2026-11-02T12:00:00.000Z')
    const day = gateway.figures.history('day', {})
    const counted = day.series.filter(({ requests }) => requests !== null)
    assert.deepEqual(
      counted.map(({ at, requests }) => [at, requests]),
      [
        ['2026-11-02T12:00:00.000Z', 300],
        ['2026-11-02T12:05:00.000Z', 300],
      ],
    )
    assert.ok(counted[0]!.p99Ms! <= 5 && counted[1]!.p50Ms! > 25)
    const route = gateway.figures.history('hour', { route: 'a' })
    assert.deepEqual([route.series.at(-1)?.requests, route.series.at(-1)?.bytesIn], [10, null])
    assert.deepEqual(gateway.figures.history('hour', { route: 'b' }).series, [])
  })

  test('a route keeps its place only until others have more', () => {
    const gateway = bench()
    for (let i = 0; i < 100; i++) answer(gateway, `small${i}`, i + 1)
    gateway.pass(10_000)
    answer(gateway, 'big', 1000)
    answer(gateway, 'tiny', 1)
    gateway.pass(10_000)
    const has = (route: string): boolean => gateway.figures.history('hour', { route }).series.length > 0
    assert.deepEqual(['big', 'tiny', 'small0', 'small99'].map(has), [true, false, false, true])
  })

  test('survives a restart, with nothing counted between', async t => {
    const folder = mkdtempSync(join(tmpdir(), 'figures-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'figures')
    const first = bench(new PastFile(path, log))
    answer(first, 'a', 7)
    first.pass(10_000)
    await first.figures.stop()
    assert.equal(statSync(path).mode & 0o777, 0o600)

    const second = bench(new PastFile(path, log), NOON + 60_000)
    answer(second, 'a', 5)
    second.pass(10_000)
    for (const asked of [{}, { route: 'a' }]) {
      const { series } = second.figures.history('hour', asked)
      assert.deepEqual(
        series.slice(-8).map(({ requests }) => requests),
        [null, 7, null, null, null, null, null, 5],
      )
    }
    assert.equal(second.figures.history('day', {}).series.at(-1)?.requests, 12)
  })

  for (const [what, bytes] of [
    ['nothing', ''],
    ['no such format', 'figures of another program'],
    ['cut off', null],
  ] as const)
    test(`a file with ${what} begins anew, and does no harm`, async t => {
      const folder = mkdtempSync(join(tmpdir(), 'figures-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const path = join(folder, 'figures')
      const before = bench(new PastFile(path, log))
      await before.figures.stop()
      writeFileSync(path, bytes ?? readFileSync(path).subarray(0, 4000))
      const gateway = bench(new PastFile(path, log))
      answer(gateway, 'a', 3)
      gateway.pass(10_000)
      assert.equal(gateway.figures.history('hour', {}).series.at(-1)?.requests, 3)
    })
})
