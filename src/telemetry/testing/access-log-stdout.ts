/** A program whose access log is its standard output; for access-log.test.ts. */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { AccessLog } from '../access-log.ts'
import { AccessRecord } from '../access-record.ts'
import { DescriptorSink } from '../access-sink.ts'

const banner = process.argv[2] === 'banner'
if (banner) writeSync(1, 'before\n')
const log = new AccessLog(new DescriptorSink(1), { bufferBytes: 524_288, closeMs: 60_000 })
const record = new AccessRecord()
record.path = `/${'x'.repeat(700)}`
for (let i = 0; i < (banner ? 100 : 8_000); i++) {
  log.write(record)
  // Time for the pipe to fill up, and for a thread of libuv's pool to be held if it were to block.
  if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve))
}
writeSync(2, `dropped ${log.dropped}\n`)
if (!banner) await once(process.stdin, 'data')
await log.close()
if (banner) writeSync(1, 'after\n')
process.stdin.destroy()
