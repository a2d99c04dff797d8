import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import { TestCollector } from '../../../../test/support/collector.ts'
import { parseResources } from '../../../../test/support/declared.ts'
import { backend, gateway, yamlOf } from '../../../../test/support/resources.ts'
import { serviceKit } from '../../../../test/support/service-kit.ts'
import { spanOf } from '../../../../test/support/spans.ts'
import { translate } from '../../../../test/support/translate.ts'
import { Resources } from '../../../model/resources.ts'
import { MetricsReader } from '../../../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../../../telemetry/metrics.ts'
import { spanText } from '../../../telemetry/spans/span.ts'
import type { NamedBatch } from '../../../telemetry/spans/span-writer.ts'
import { Exports } from './exports.ts'
import { TRACING, type WantedExports } from './wanted.ts'

const NAME = 'default/gw Backend/default/otel'

const batchOf = (to = NAME): NamedBatch => ({ to, count: 1, text: spanText(spanOf()) })

/** What is made of a policy whose collector is at this port; null: of none. */
function declared(port: number | null) {
  const policy = {
    apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
    kind: 'XTelemetryPolicy',
    metadata: { name: 'gw' },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
      tracing: {
        mode: 'Enabled',
        provider: { backendRef: { group: 'portcullis.dev', kind: 'Backend', name: 'otel' } },
      },
    },
  }
  const objects = port === null ? [] : [policy, backend('otel', [port])]
  const { resources } = parseResources('p.yaml', yamlOf(gateway(), ...objects))
  const { wants, parts } = translate(Resources.of(resources))
  return { wanted: (wants[TRACING] ?? {}) as WantedExports, served: parts }
}

class Exporting {
  readonly exports: Exports
  private readonly reader = new MetricsReader()
  private readonly metrics: MetricsWriter

  constructor() {
    this.reader.attach('main')
    this.metrics = new MetricsWriter(undefined, series => this.reader.announce('main', series))
    this.exports = new Exports(serviceKit({ metrics: this.metrics }))
  }

  apply(port: number | null): void {
    const { wanted, served } = declared(port)
    this.exports.apply(wanted, served)
  }

  counted(result: string): number {
    this.metrics.flush()
    const line = new RegExp(`^portcullis_spans_total\\{result="${result}"\\} (\\d+)$`, 'm')
    return Number(line.exec(this.reader.render())?.[1] ?? 0)
  }
}

suite('exporters of policies', () => {
  test('many that never answer hold no more together, and leave a neighbour his share', async t => {
    const silent = createServer(() => {})
    t.after(() => silent.close().closeAllConnections())
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    const exporting = new Exporting()
    const { wanted, served } = declared((silent.address() as AddressInfo).port)
    const names = Array.from({ length: 40 }, (_, i) => `${NAME} ${i}`)
    exporting.exports.apply(Object.fromEntries(names.map(name => [name, wanted[NAME]!])), served)
    t.after(() => exporting.exports.close())
    const large = { count: 1, text: 'x'.repeat(1024 * 1024) }
    for (const to of names.slice(1)) for (let n = 0; n < 20; n++) exporting.exports.take({ to, ...large })
    // Of each one is being sent, and one waits.
    assert.equal(exporting.counted('dropped'), 39 * 18)
    exporting.exports.take({ to: names[0]!, ...large })
    exporting.exports.take({ to: names[0]!, ...large })
    assert.equal(exporting.counted('dropped'), 39 * 18)
  })

  test('what comes before its policy is known waits for that, within a bound', async () => {
    await using collector = await TestCollector.start()
    const x = new Exporting()
    x.exports.take(batchOf())
    x.exports.take(batchOf('default/gone nowhere'))
    x.exports.take({ ...batchOf(), text: 'x'.repeat(1024 * 1024) })
    assert.equal(x.counted('dropped'), 1)
    x.apply(collector.port)
    await collector.spans.count(1)
    assert.equal(x.counted('dropped'), 2)
    await x.exports.close()
    assert.equal(x.counted('exported'), 1)
  })

  test('who has gone still has what is told of it a moment later', async () => {
    await using collector = await TestCollector.start()
    const x = new Exporting()
    x.apply(collector.port)
    x.apply(null)
    x.exports.take(batchOf())
    await collector.spans.count(1)
    await x.exports.close()
    assert.deepEqual([x.counted('exported'), x.counted('dropped')], [1, 0])
  })

  test('what waits when the process ends is sent', async () => {
    await using collector = await TestCollector.start()
    const x = new Exporting()
    x.apply(collector.port)
    x.exports.take(batchOf())
    x.exports.take(batchOf())
    await x.exports.close()
    assert.equal(collector.spans.all.length, 2)
    assert.deepEqual(collector.faults, [])
  })
})
