import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterOf } from '../../test/support/cluster.ts'
import { SharedStreams } from '../http/h2/shared-streams.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { Logger } from '../telemetry/log.ts'
import { MetricsReader } from '../telemetry/metrics-reader.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { Upstreams } from './upstreams.ts'

test('clusters that nobody has asked for have no series; of others the endpoints are told', async t => {
  const reader = new MetricsReader()
  reader.attach('test')
  const writer = new MetricsWriter(undefined, series => reader.announce('test', series))
  const { clusters } = new Instruments(writer)
  const upstreams = new Upstreams({
    log: new Logger({ write: () => {} }),
    metrics: name => clusters.get(name),
    shared: new SharedStreams({ streams: 1, waitingBytes: 1 }),
  })
  t.after(() => upstreams.drain())
  const ejection = { consecutiveFailures: 1, baseEjectionMs: 1e6, maxEjectionMs: 1e6, maxEjectedPercent: 50 }
  const endpoints = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(address => ({ address, port: 1, weight: 1 }))
  await upstreams.apply({
    clusters: [clusterOf('asked', { ejection }), clusterOf('unasked')],
    endpoints: { asked: endpoints, unasked: endpoints },
  })
  upstreams.get('asked')!.pick()!.connectFailed('connection_refused', performance.now())
  upstreams.sweep(performance.now(), () => {})
  writer.flush()
  const shown = reader.render()
  assert.match(shown, /portcullis_upstream_endpoints\{cluster="asked"\} 3\n/)
  assert.match(shown, /portcullis_upstream_endpoints_serving\{cluster="asked"\} 2\n/)
  assert.doesNotMatch(shown, /unasked/)
})
