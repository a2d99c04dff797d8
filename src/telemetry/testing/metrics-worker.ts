/** A thread that counts until it is told to stop, and then tells how much; for metrics.test.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { Instruments } from '../instruments.ts'
import { MetricsWriter } from '../metrics.ts'

const stop = new Int32Array(workerData instanceof SharedArrayBuffer ? workerData : new SharedArrayBuffer(4))
const writer = new MetricsWriter(undefined, series => parentPort?.postMessage({ series }))
const route = new Instruments(writer).routes.get('shared')
let counted = 0
do {
  for (let i = 0; i < 1_000; i++) route.finished(200, 0.25)
  counted += 1_000
  writer.flush()
} while (Atomics.load(stop, 0) === 0)
parentPort?.postMessage({ counted })
