import assert from 'node:assert/strict'
import { test } from 'node:test'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { MetricsReader } from './metrics-reader.ts'
import { MetricsWriter } from './metrics.ts'
import type { SeriesInfo, WriterOptions } from './metrics.ts'
import { parseExposition } from './testing/exposition-parser.ts'

interface Pair {
  readonly writer: MetricsWriter
  readonly reader: MetricsReader
  readonly announced: SeriesInfo[][]
  value(sample: string): number | undefined
}

/** A writer whose announcements reach the reader when it flushes, or only when `deliver` says so. */
function pair(
  options: WriterOptions & { deliver?: boolean } = {},
  reader = new MetricsReader(),
  id = 'w1',
): Pair {
  const announced: SeriesInfo[][] = []
  reader.attach(id)
  const writer = new MetricsWriter(
    undefined,
    series => {
      announced.push(series)
      if (options.deliver !== false) reader.announce(id, series)
    },
    options,
  )
  return { writer, reader, announced, value: sample => valueOf(reader, writer, sample) }
}

function valueOf(reader: MetricsReader, writer: MetricsWriter | null, sample: string): number | undefined {
  writer?.flush()
  return parseExposition(reader.render()).samples.get(sample)
}

const FAILURES = 'portcullis_failures_total{failure="dns_error"}'

test('the same family and labels are the same series', () => {
  const { writer, value } = pair()
  writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(2)
  writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(3)
  writer.counter('portcullis_failures_total', { failure: 'client_gone' }).add(1)
  assert.equal(value(FAILURES), 5)
})

test('gauges are set and moved', () => {
  const { writer, value } = pair()
  const gauge = writer.gauge('portcullis_requests_active', {})
  gauge.set(7)
  gauge.add(-3)
  assert.equal(value('portcullis_requests_active'), 4)
})

for (const [seconds, bucket] of [
  [0, '0.0005'],
  [0.0005, '0.0005'],
  [0.00051, '0.001'],
  [0.3, '0.5'],
  [10, '10.0'],
  [10.01, '+Inf'],
] as const)
  test(`an observation of ${seconds} s falls into the bucket ${bucket}`, () => {
    const { writer, value } = pair()
    writer.histogram('portcullis_request_duration_seconds', { route: 'r' }).observe(seconds)
    const bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    for (const le of [...bounds.map(b => (Number.isInteger(b) ? b.toFixed(1) : String(b))), '+Inf']) {
      const limit = le === '+Inf' ? Infinity : Number(le)
      const expected = limit >= (bucket === '+Inf' ? Infinity : Number(bucket)) ? 1 : 0
      assert.equal(value(`portcullis_request_duration_seconds_bucket{route="r",le="${le}"}`), expected, le)
    }
    assert.equal(value('portcullis_request_duration_seconds_sum{route="r"}'), seconds)
    assert.equal(value('portcullis_request_duration_seconds_count{route="r"}'), 1)
  })

test('series are announced together at the end of the turn, with the memory once', async () => {
  const { writer, announced } = pair()
  await Promise.resolve()
  announced.length = 0
  writer.counter('portcullis_failures_total', { failure: 'a' })
  writer.counter('portcullis_failures_total', { failure: 'b' })
  assert.equal(announced.length, 0)
  await Promise.resolve()
  assert.deepEqual(
    announced.map(batch => batch.map(info => info.labels[0])),
    [['a', 'b']],
  )
  assert.deepEqual(
    announced.flat().filter(info => info.memory !== undefined),
    [],
  )
})

test('memory grows by regions and the reader follows', () => {
  const { writer, announced, value } = pair({ regionCells: 64 })
  for (let i = 0; i < 300; i++) writer.counter('portcullis_rejections_total', { rule: `r${i}` }).add(i)
  for (const i of [0, 62, 63, 64, 150, 299])
    assert.equal(value(`portcullis_rejections_total{rule="r${i}"}`), i)
  assert.equal(announced.flat().filter(info => info.memory !== undefined).length, 5)
})

test('memory that was given is used, and cleared first', () => {
  const memory = new SharedArrayBuffer(1024)
  new Float64Array(memory).fill(9)
  const reader = new MetricsReader()
  reader.attach('w', memory)
  const writer = new MetricsWriter(memory, series => reader.announce('w', series))
  writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(1)
  assert.equal(valueOf(reader, writer, FAILURES), 1)
  assert.throws(() => new MetricsWriter(new SharedArrayBuffer(8), () => {}), RangeError)
})

test('a full writer counts under overflow, says so, and lets known series be', () => {
  const { writer, value } = pair({ maxSeries: 3 })
  const known = writer.counter('portcullis_rejections_total', { rule: 'a' })
  writer.counter('portcullis_rejections_total', { rule: 'b' })
  writer.counter('portcullis_rejections_total', { rule: 'c' }).add(4)
  writer.counter('portcullis_rejections_total', { rule: 'd' }).add(5)
  writer.counter('portcullis_rejections_total', { rule: 'a' }).add(1)
  known.add(1)
  assert.equal(value('portcullis_rejections_total{rule="overflow"}'), 9)
  assert.equal(value('portcullis_rejections_total{rule="a"}'), 2)
  assert.equal(value('portcullis_rejections_total{rule="c"}'), undefined)
  assert.equal(value('portcullis_metrics_overflow_total'), 2)
})

test('a closed scope gives its series back, except those that another one holds', () => {
  const { writer, value } = pair()
  const [one, two] = [writer.scope(), writer.scope()]
  one.counter('portcullis_rejections_total', { rule: 'both' }).add(1)
  one.counter('portcullis_rejections_total', { rule: 'both' }).add(1)
  two.counter('portcullis_rejections_total', { rule: 'both' }).add(1)
  one.counter('portcullis_rejections_total', { rule: 'one' }).add(1)
  one.close()
  one.close()
  assert.equal(value('portcullis_rejections_total{rule="both"}'), 3)
  assert.equal(value('portcullis_rejections_total{rule="one"}'), undefined)
  two.close()
  assert.equal(value('portcullis_rejections_total{rule="both"}'), undefined)
})

test('cells of a released series are used again only when the reader knows, and begin at zero', () => {
  const { writer, reader, announced } = pair({ deliver: false })
  const slot = (rule: string): string | undefined => {
    writer.flush()
    const info = announced.flat().find(one => one.labels[0] === rule && one.released === undefined)
    return info && `${info.region}:${info.offset}`
  }
  const scope = writer.scope()
  scope.counter('portcullis_rejections_total', { rule: 'old' }).add(8)
  scope.close()
  writer.counter('portcullis_rejections_total', { rule: 'early' })
  assert.notEqual(slot('early'), slot('old'))
  for (const batch of announced) reader.announce('w1', batch)
  const before = announced.length
  writer.counter('portcullis_rejections_total', { rule: 'late' }).add(1)
  assert.equal(slot('late'), slot('old'))
  for (const batch of announced.slice(before)) reader.announce('w1', batch)
  assert.equal(valueOf(reader, null, 'portcullis_rejections_total{rule="late"}'), 1)
})

test('releases that the reader has not seen count against the limit', () => {
  const { writer, reader, announced } = pair({ maxSeries: 2, deliver: false })
  const scope = writer.scope()
  scope.counter('portcullis_rejections_total', { rule: 'old' })
  scope.close()
  writer.counter('portcullis_rejections_total', { rule: 'refused' })
  writer.flush()
  assert.ok(announced.flat().some(info => info.labels[0] === 'overflow'))
  for (const batch of announced) reader.announce('w1', batch)
  writer.counter('portcullis_rejections_total', { rule: 'taken' })
  writer.flush()
  assert.ok(announced.flat().some(info => info.labels[0] === 'taken'))
})

test('a handle that is used after its release harms nobody', () => {
  const { writer, value } = pair()
  const scope = writer.scope()
  const late = scope.counter('portcullis_rejections_total', { rule: 'old' })
  const lateHistogram = scope.histogram('portcullis_request_duration_seconds', { route: 'old' })
  scope.close()
  writer.flush()
  writer.counter('portcullis_rejections_total', { rule: 'new' }).add(1)
  writer.histogram('portcullis_request_duration_seconds', { route: 'new' })
  late.add(100)
  lateHistogram.observe(1)
  assert.equal(value('portcullis_rejections_total{rule="new"}'), 1)
  assert.equal(value('portcullis_request_duration_seconds_count{route="new"}'), 0)
})

test('workers add up; a retired one keeps its counters and takes its gauges', () => {
  const reader = new MetricsReader()
  const [one, two] = [pair({}, reader, 'w1'), pair({}, reader, 'w2')]
  for (const { writer } of [one, two]) {
    writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(10)
    writer.gauge('portcullis_requests_active', {}).set(3)
    writer.histogram('portcullis_request_duration_seconds', { route: 'r' }).observe(0.2)
    writer.flush()
  }
  assert.equal(one.value(FAILURES), 20)
  assert.equal(one.value('portcullis_requests_active'), 6)
  reader.retire('w1')
  assert.equal(two.value(FAILURES), 20)
  assert.equal(two.value('portcullis_requests_active'), 3)
  assert.equal(two.value('portcullis_request_duration_seconds_count{route="r"}'), 2)
  reader.retire('w2')
  assert.equal(valueOf(reader, null, FAILURES), 20)
  assert.equal(valueOf(reader, null, 'portcullis_requests_active'), undefined)

  const three = pair({}, reader, 'w1')
  three.writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(1)
  assert.equal(three.value(FAILURES), 21)
})

test('announcements of a retired worker are ignored', () => {
  const { writer, reader, value } = pair()
  writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(1)
  writer.flush()
  reader.retire('w1')
  writer.counter('portcullis_failures_total', { failure: 'client_gone' }).add(1)
  assert.equal(value('portcullis_failures_total{failure="client_gone"}'), undefined)
  assert.equal(value(FAILURES), 1)
})

test('a worker that is attached again keeps what its namesake had counted', () => {
  const { writer, reader } = pair()
  writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(1)
  writer.flush()
  const next = pair({}, reader, 'w1')
  next.writer.counter('portcullis_failures_total', { failure: 'dns_error' }).add(1)
  assert.equal(next.value(FAILURES), 2)
})

test('a counter never goes back while one worker has let go and another has not', () => {
  const reader = new MetricsReader()
  const [one, two] = [pair({}, reader, 'w1'), pair({}, reader, 'w2')]
  const scopes = [one, two].map(({ writer }) => {
    const scope = writer.scope()
    scope.counter('portcullis_rejections_total', { rule: 'x' }).add(5)
    writer.flush()
    return scope
  })
  scopes[0]!.close()
  assert.equal(one.value('portcullis_rejections_total{rule="x"}'), 10)
  scopes[1]!.close()
  assert.equal(two.value('portcullis_rejections_total{rule="x"}'), undefined)
})

test('totals of the dead are bounded: the oldest series go', () => {
  const reader = new MetricsReader(2)
  const { writer } = pair({}, reader)
  for (const rule of ['a', 'b', 'c']) writer.counter('portcullis_rejections_total', { rule }).add(1)
  writer.flush()
  reader.retire('w1')
  const { samples } = parseExposition(reader.render())
  const left = [...samples.keys()]
  assert.equal(left.length, 2)
  assert.ok(left.includes('portcullis_rejections_total{rule="c"}'))
})

test('the snapshot version shown is the one that every worker has', () => {
  const reader = new MetricsReader()
  const [one, two] = [pair({}, reader, 'w1'), pair({}, reader, 'w2')]
  one.writer.gauge('portcullis_snapshot_version', {}).set(9)
  two.writer.gauge('portcullis_snapshot_version', {}).set(8)
  one.writer.flush()
  assert.equal(two.value('portcullis_snapshot_version'), 8)
})

test('two threads write while one reads: nothing lost, nothing ever falls', async () => {
  const reader = new MetricsReader()
  const stop = new Int32Array(new SharedArrayBuffer(4))
  let counted = 0
  const exits = [1, 2].map(id => {
    const file = new URL('./testing/metrics-worker.ts', import.meta.url)
    const worker = new Worker(file, { workerData: stop.buffer })
    reader.attach(id)
    worker.on('message', (message: { series?: SeriesInfo[]; counted?: number }) => {
      reader.announce(id, message.series ?? [])
      counted += message.counted ?? 0
    })
    return once(worker, 'exit')
  })
  const read = (sample: string): number => valueOf(reader, null, sample) ?? 0
  let last = 0
  for (let rises = 0; rises < 20;) {
    const count = read('portcullis_request_duration_seconds_count{route="shared"}')
    assert.ok(count >= last, `${count} after ${last}`)
    if (count > last) rises++
    last = count
    await new Promise(resolve => setImmediate(resolve))
  }
  Atomics.store(stop, 0, 1)
  assert.deepEqual(await Promise.all(exits), [[0], [0]])
  reader.retire(1)
  assert.ok(counted >= last)
  assert.equal(read('portcullis_requests_total{route="shared",code="200"}'), counted)
  assert.equal(read('portcullis_request_duration_seconds_count{route="shared"}'), counted)
  assert.equal(read('portcullis_request_duration_seconds_sum{route="shared"}'), counted * 0.25)
})
