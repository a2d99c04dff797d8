import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { TestCollector } from '../../../test/support/collector.ts'
import { freePort } from '../../../test/support/process.ts'
import { Seen } from '../../../test/support/until.ts'
import { MetricsReader } from '../metrics-reader.ts'
import { MetricsWriter } from '../metrics.ts'
import { SpanExporter } from './exporter.ts'
import { newSpanId, newTraceId } from './ids.ts'
import { post } from './post.ts'
import { CLIENT, type Span } from './span.ts'
import { SpanWriter, type SpanBatch } from './span-writer.ts'

function spanOf(more: Partial<Span> = {}): Span {
  return {
    traceId: newTraceId(),
    spanId: newSpanId(),
    parentId: '',
    isRemote: false,
    traceState: '',
    kind: CLIENT,
    name: 'GET /users/{id}',
    startMs: 1_795_000_000_000.25,
    endMs: 1_795_000_000_001,
    attributes: { a: 'x', n: 7, share: 0.5, yes: true, list: ['a', 'b'], none: undefined },
    isError: true,
    ...more,
  }
}

/** An exporter, with what it says. */
class Exported {
  readonly log = new Seen<string>()
  readonly exporter: SpanExporter
  private readonly reader = new MetricsReader()
  private readonly metrics: MetricsWriter

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.reader.attach('main')
    this.metrics = new MetricsWriter(undefined, series => this.reader.announce('main', series))
    const tell = (event: string): void => this.log.push(event)
    this.exporter = new SpanExporter({
      collector: url,
      post: body => post({ url: new URL(`${url}/v1/traces`), headers }, body),
      resource: { 'service.name': 'portcullis' },
      version: '1',
      log: { info: tell, warn: tell },
      metrics: this.metrics,
    })
  }

  give(...spans: readonly Span[]): void {
    const writer = new SpanWriter((_, batch) => this.exporter.take(batch))
    for (const span of spans) writer.add(span)
    writer.flush()
  }

  counted(result: string): number {
    this.metrics.flush()
    const line = new RegExp(`^portcullis_spans_total\\{result="${result}"\\} (\\d+)$`, 'm')
    return Number(line.exec(this.reader.render())?.[1] ?? 0)
  }
}

suite('spans on their way to a collector', () => {
  test('arrive as OTLP has them', async () => {
    await using collector = await TestCollector.start()
    const exported = new Exported(collector.url, { 'x-key': 'k' })
    const span = spanOf({ parentId: newSpanId() })
    exported.give(span)
    const [got] = await collector.spans.count(1)
    assert.deepEqual(collector.faults, [])
    assert.deepEqual(got, {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentId,
      name: 'GET /users/{id}',
      kind: 3,
      startNs: 1_795_000_000_000_250_000n,
      endNs: 1_795_000_000_001_000_000n,
      isError: true,
      attributes: { a: 'x', n: 7, share: 0.5, yes: true, list: ['a', 'b'] },
    })
    assert.deepEqual(collector.resource, { 'service.name': 'portcullis' })
    const [request] = collector.requests.all
    assert.equal(request!.url, '/v1/traces')
    assert.equal(request!.headers['x-key'], 'k')
    await exported.exporter.close(1_000)
    assert.equal(exported.counted('exported'), 1)
  })

  test('many go in a few requests', async () => {
    await using collector = await TestCollector.start()
    const exported = new Exported(collector.url)
    exported.give(...Array.from({ length: 1_000 }, () => spanOf()))
    await collector.spans.count(1_000)
    assert.ok(collector.requests.all.length <= 3, String(collector.requests.all.length))
    assert.deepEqual(collector.faults, [])
  })

  test('of a collector that is down is told once; what comes is bounded; when it is back it has what waited', async () => {
    const port = await freePort()
    const exported = new Exported(`http://127.0.0.1:${port}`)
    exported.give(spanOf())
    await exported.log.count(1)
    const long = 'x'.repeat(1024 * 1024)
    const batch: SpanBatch = { count: 1, text: JSON.stringify(long) }
    for (let i = 0; i < 10; i++) exported.exporter.take(batch)
    // Of ten more than 8 MiB hold.
    assert.equal(exported.counted('dropped'), 3)
    await using collector = await TestCollector.start(port)
    await collector.requests.count(8)
    assert.equal(collector.spans.all.length, 1)
    await exported.exporter.close(1_000)
    assert.deepEqual(exported.log.all, ['otlp.failed', 'otlp.recovered'])
  })

  for (const [status, times] of [
    [400, 1],
    [404, 1],
    [503, 2],
  ] as const)
    test(`a request that is answered ${status} is sent ${times === 1 ? 'once' : 'again'}`, async () => {
      await using collector = await TestCollector.start()
      collector.answer = response => {
        if (times > 1) collector.answer = null
        response.writeHead(status).end()
      }
      const exported = new Exported(collector.url)
      exported.give(spanOf())
      await collector.requests.count(times)
      if (times === 1) await exported.log.count(1)
      await exported.exporter.close(1_000)
      assert.equal(exported.counted('dropped'), times === 1 ? 1 : 0)
      assert.equal(exported.counted('exported'), times - 1)
    })

  test('what a collector does not take of a request is counted, and told', async () => {
    await using collector = await TestCollector.start()
    collector.answer = response =>
      void response.end('{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}')
    const exported = new Exported(collector.url)
    exported.give(spanOf(), spanOf())
    await exported.log.count(1)
    assert.equal(exported.counted('dropped'), 1)
    assert.equal(exported.counted('exported'), 1)
  })
})
