// Connections that stay after one request each. Says when all are open, and ends when its input does.
import type { Socket } from 'node:net'

import { answerReader, open, requestBytes } from './request.ts'
import { readSettings, report, Tally } from './settings.ts'

/** Opened at a time, so that no listener's backlog overflows. */
const AT_ONCE = 64

const settings = readSettings()
const request = requestBytes(settings)
const tally = new Tally()
const sockets: Socket[] = []
let begun = 0

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun++ < settings.connections) await once()
  }),
)
report({ ...tally.result(), requests: sockets.filter(socket => !socket.destroyed).length })
process.stdin.on('end', () => process.exit(0)).resume()

function once(): Promise<void> {
  return new Promise(resolve => {
    const sinceMs = performance.now()
    const socket = open(settings)
    sockets.push(socket)
    socket.write(request)
    const over = (ok: boolean) => {
      if (ok) tally.done(sinceMs)
      else tally.errors++
      resolve()
    }
    socket.once('error', () => over(false))
    socket.on('data', answerReader(settings.protocol, over))
  })
}
