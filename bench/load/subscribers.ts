// Clients that take one stream of events each. Says when all have had one, then what comes in so many seconds.
import { createConnection } from 'node:net'

import { readSettings, report } from './settings.ts'

/** Opened at a time, since a head may wait for the first event; a Composition has 1,024 that have not begun. */
const AT_ONCE = 256

const settings = readSettings()
const request = `GET ${settings.path} HTTP/1.1\r\nHost: bench.example\r\nAccept: text/event-stream\r\n\r\n`
const AT = '"atMs":'
let begun = 0
let errors = 0
let counting = false
let events = 0
const latencies: number[] = []

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun++ < settings.connections) await subscribed()
  }),
)
process.stdout.write('OPEN\n')
process.stdin.once('data', () => {
  counting = true
  const startedMs = performance.now()
  setTimeout(() => {
    const sorted = Float64Array.from(latencies).sort()
    const at = (share: number) => Math.round(1000 * (sorted[Math.floor(share * (sorted.length - 1))] ?? 0))
    const seconds = (performance.now() - startedMs) / 1000
    report({ requests: events, seconds, p50: at(0.5), p99: at(0.99), errors })
    process.exit(0)
  }, settings.seconds * 1000)
})

/** Resolves with the head of the answer; one that is no 200 is an error. */
function subscribed(): Promise<void> {
  return new Promise(resolve => {
    const socket = createConnection({ port: settings.port, host: '127.0.0.1', noDelay: true })
    let isHead = true
    socket.write(request)
    socket.on('data', (chunk: Buffer) => {
      if (isHead && !chunk.toString('latin1', 0, 12).endsWith(' 200')) return void socket.destroy()
      isHead = false
      resolve()
      if (counting) take(chunk)
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      errors++
      resolve()
    })
  })
}

/** Events that have come: several, where this program was late. Small as they are none is in two pieces. */
function take(chunk: Buffer): void {
  const nowMs = performance.timeOrigin + performance.now()
  for (let at = chunk.indexOf(AT); at !== -1; at = chunk.indexOf(AT, at + AT.length)) {
    events++
    latencies.push(nowMs - Number.parseFloat(chunk.toString('latin1', at + AT.length, at + AT.length + 20)))
  }
}
