// Seeing filters of the user's own: their spans are below that of the exchange, and those of their calls below them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestCollector, type ReceivedSpan } from '../support/collector.ts'
import { filteredYaml } from '../support/filtered-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'

const code = (port: number): string => `
import { defineFilter, http } from 'portcullis/composition'

export const filter = defineFilter({
  backends: { who: http({ url: 'http://127.0.0.1:${port}' }) },
  responseBody: 'stream',
  async request(r) { await r.c.who.get('/who') },
  response(r) {
    if (r.request.path === '/throw') throw new Error('a mistake')
    r.body.through(pieces => pieces)
  },
})
`

const PARENT = 'b'.repeat(16)

test('a filter is told of below its exchange', async () => {
  await using upstream = await TestUpstream.start()
  await using collector = await TestCollector.start()
  const port = await freePort()
  const specs = { who: '{ bundle: ./who.filter.ts, timeout: 5s }' }
  using folder = new Folder({
    'gw.yaml': filteredYaml({ port, filters: ['who'], specs, backend: upstream.port }),
    'who.filter.ts': code(upstream.port),
  })
  await using run = await RunProcess.start([folder.path], '--workers', '1', '--otlp', collector.url)
  await run.started()
  await run.event('composition.serving')

  const ask = async (path: string, digit: string): Promise<readonly ReceivedSpan[]> => {
    const headers = { traceparent: `00-${digit.repeat(32)}-${PARENT}-01` }
    await (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text()
    const of = (): readonly ReceivedSpan[] =>
      collector.spans.all.filter(({ traceId }) => traceId === digit.repeat(32))
    await collector.spans.first(() => of().length === 5)
    assert.deepEqual(collector.faults, [])
    return of()
  }
  const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan =>
    spans.find(span => span.name === name)!

  const spans = await ask('/items', '1')
  const exchange = named(spans, 'GET httproute/default/all/0')
  const asked = named(spans, 'Filter default/who request')
  const answered = named(spans, 'Filter default/who response')
  assert.equal(exchange.parentSpanId, PARENT)
  for (const [span, phase] of [
    [asked, 'request'],
    [answered, 'response'],
  ] as const) {
    assert.deepEqual([span.kind, span.parentSpanId, span.isError], [1, exchange.spanId, false])
    assert.deepEqual(span.attributes, { 'portcullis.filter': 'default/who', 'portcullis.phase': phase })
  }
  assert.equal(named(spans, 'GET /who').parentSpanId, asked.spanId)
  // What it was asked and the attempt at the backend are one behind the other.
  const attempt = spans.find(span => span.kind === 3 && span.parentSpanId === exchange.spanId)!
  assert.ok(asked.endNs <= attempt.startNs && attempt.startNs <= answered.startNs)

  const broken = await ask('/throw', '2')
  const mistaken = named(broken, 'Filter default/who response')
  assert.deepEqual([mistaken.isError, mistaken.attributes['error.type']], [true, 'error'])
  assert.equal(named(broken, exchange.name).attributes['error.type'], 'filter_unavailable')
})
