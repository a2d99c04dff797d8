import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { workerEntry } from '../../test/support/worker-entry.ts'
import { Logger } from '../telemetry/log.ts'
import { MetricsReader } from '../telemetry/metrics-reader.ts'
import { WorkerGroup } from './workers.ts'

const telling =
  'import{parentPort,workerData}from"node:worker_threads";parentPort.postMessage({type:"t",of:[workerData.workers,workerData.place.index]})'

test('a thread shares what clusters allow with those of its set, and not with workers', async () => {
  const workers = new WorkerGroup({
    entry: workerEntry,
    workers: 4,
    logLevel: 'error',
    accessLog: 'off',
    log: new Logger({ write: () => {} }),
    metrics: new MetricsReader(),
  })
  const guest = workers.begin({
    entry: new URL(`data:text/javascript,${encodeURIComponent(telling)}`),
    name: 'test',
    data: {},
    resourceLimits: {},
    peers: 2,
    index: 1,
  })
  const [told] = (await once(guest.worker, 'message')) as [{ readonly of: unknown }]
  assert.deepEqual(told.of, [2, 1])
  await guest.end()
  await workers.drain(10)
})
