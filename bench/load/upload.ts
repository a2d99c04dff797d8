// Uploads through a long line, one after another, each on a connection of its own: what windows cost.
import { once } from 'node:events'
import { connect } from 'node:http2'

import { Line } from './line.ts'
import { readSettings, report, Tally } from './settings.ts'

const ROUND_TRIP_MS = 40

const settings = readSettings()
const body = Buffer.alloc(settings.bodyBytes, 'u')
await using line = await Line.to(settings.port, ROUND_TRIP_MS)
const tally = new Tally()
const endMs = performance.now() + settings.seconds * 1000
do await upload()
while (performance.now() < endMs)
report(tally.result())

/** From the connection's first byte to the answer's last. */
async function upload(): Promise<void> {
  const sinceMs = performance.now()
  const session = connect(`http://127.0.0.1:${line.port}`)
  session.on('error', () => {})
  const call = session.request({ ':method': 'POST', ':path': settings.path, 'content-length': body.length })
  let status = 0
  call.on('response', head => (status = head[':status'] ?? 0))
  call.on('error', () => (status = 0))
  call.resume()
  call.end(body)
  await once(call, 'close')
  if (status === 200) tally.done(sinceMs)
  else tally.errors++
  session.destroy()
}
