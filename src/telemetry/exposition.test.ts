import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  families,
  type CounterName,
  type Family,
  type FamilyName,
  type GaugeName,
  type HistogramName,
} from './families.ts'
import { expositionType, OPENMETRICS_TYPE, PROMETHEUS_TYPE } from './exposition.ts'
import { Instruments } from './instruments.ts'
import { MetricsReader } from './metrics-reader.ts'
import { MetricsWriter } from './metrics.ts'
import { ProcessSampler, RuntimeSampler } from './runtime-sampler.ts'
import { parseExposition } from './testing/exposition-parser.ts'

function setup(): { reader: MetricsReader; writer: MetricsWriter } {
  const reader = new MetricsReader()
  reader.attach('main')
  return { reader, writer: new MetricsWriter(undefined, series => reader.announce('main', series)) }
}

test('every family of a busy gateway is shown by the rules of both formats, with the same values', async () => {
  const { reader, writer } = setup()
  const instruments = new Instruments(writer)
  const cluster = instruments.clusters.get('Backend/default/items')
  cluster.answered(503, 0.01)
  instruments.routes.get('a').finished(200, 0.3)
  instruments.routes.get('b').finished(404, 60)
  for (const [name, family] of Object.entries(families) as [FamilyName, Family][]) {
    const labels = Object.fromEntries(family.labels.map(label => [label, `a ${label}`])) as never
    if (family.type === 'counter') writer.counter(name as CounterName, labels).add(1)
    else if (family.type === 'gauge') writer.gauge(name as GaugeName, labels).set(2e9)
    else writer.histogram(name as HistogramName, labels).observe(0.3)
  }
  const sampler = new RuntimeSampler(writer, 'main')
  await new ProcessSampler(writer, '0.1.0').sample()
  sampler.stop()
  writer.flush()

  const plain = parseExposition(reader.render())
  const open = parseExposition(reader.renderOpenMetrics(), true)
  assert.deepEqual([...plain.types.keys()], Object.keys(families))
  assert.deepEqual(open.samples, plain.samples)
  assert.equal(open.types.get('portcullis_requests'), 'counter')
  assert.equal(open.units.get('portcullis_request_duration_seconds'), 'seconds')
  for (const [name, family] of Object.entries(families)) assert.equal(plain.help.get(name), family.help)
})

test('nothing yet is an empty text, and in OpenMetrics its end', () => {
  const reader = new MetricsReader()
  assert.equal(reader.render(), '')
  assert.equal(reader.renderOpenMetrics(), '# EOF\n')
})

for (const [rule, written] of [
  ['a"b', 'a\\"b'],
  ['a\\b', 'a\\\\b'],
  ['a\nb', 'a\\nb'],
  ['ü€', 'ü€'],
  ['\ud800', '\ufffd'],
] as const)
  test(`a label value is escaped: ${JSON.stringify(rule)}`, () => {
    const { reader, writer } = setup()
    writer.counter('portcullis_rejections_total', { rule }).add(1)
    writer.flush()
    assert.equal(
      parseExposition(reader.render()).samples.get(`portcullis_rejections_total{rule="${written}"}`),
      1,
    )
  })

for (const [value, written] of [
  [NaN, 'NaN'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [1e21, '1e+21'],
  [0.1, '0.1'],
  [123456789012, '123456789012'],
] as const)
  test(`the value ${value} is written as ${written}`, () => {
    const { reader, writer } = setup()
    writer.gauge('portcullis_workers', {}).set(value)
    writer.flush()
    parseExposition(reader.render())
    assert.match(reader.render(), new RegExp(`^portcullis_workers ${written.replace('+', '\\+')}$`, 'm'))
  })

for (const [accept, open] of [
  [undefined, false],
  ['', false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['application/openmetrics-text; version=1.0.0; charset=utf-8', true],
  ['application/openmetrics-text;version=2.0.0', false],
  ['application/openmetrics-text;q=0', false],
  ['application/openmetrics-text;q=0.2,text/plain;q=0.9', false],
  ['Application/OpenMetrics-Text;Q=0.9 , text/plain;q=0.2', true],
  ['application/openmetrics-text;q=x, text/plain;q=0.1', false],
  // What Prometheus 2 sends.
  [
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
] as const)
  test(`Accept ${accept ?? '(none)'} is answered by ${open ? 'OpenMetrics' : 'the text format'}`, () => {
    assert.equal(expositionType(accept), open ? OPENMETRICS_TYPE : PROMETHEUS_TYPE)
  })
