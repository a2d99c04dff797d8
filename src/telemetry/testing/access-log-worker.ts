/** A thread that writes numbered lines of many lengths to one file; for access-log.test.ts. */
import { workerData } from 'node:worker_threads'
import { AccessLog } from '../access-log.ts'
import { AccessRecord } from '../access-record.ts'
import { FileSink } from '../access-sink.ts'

const [id = '', path = '', lines = ''] = String(workerData).split(' ')
const log = new AccessLog(new FileSink(path), { flushMs: 1, bufferBytes: 1 << 23 })
const record = new AccessRecord()
record.route = `thread-${id}`
for (let i = 0; i < Number(lines); i++) {
  record.serverPort = i
  record.path = `/${'x'.repeat((i * 37) % 700)}`
  log.write(record)
  if (i % 50 === 0) await new Promise(resolve => setImmediate(resolve))
}
await log.close()
