import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/**
 * A thread that asks every few milliseconds for what does not change, on connections that stay: what others see of a
 * change. It begins when it is told so, and when it is told to end it says what it has seen.
 */
export interface Seen {
  readonly requests: number
  /** Not answered with 200. */
  readonly failed: number
  readonly slowestMs: number
}

const EVERY_MS = 4
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const { port, path } = workerData as { port: number; path: string }

let seen = { requests: 0, failed: 0, slowestMs: 0 }

function ask(): void {
  const begunMs = performance.now()
  const over = (status: number): void => {
    seen.requests++
    if (status !== 200) seen.failed++
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - begunMs)
  }
  const call = request({ host: '127.0.0.1', port, path, agent }, response => {
    response.resume()
    response.on('end', () => over(response.statusCode ?? 0))
    response.on('error', () => over(0))
  })
  // A kept connection that is closed as the request leaves is tried again by every client (RFC 9112 §9.3.1).
  call.on('error', (error: NodeJS.ErrnoException) => {
    if (call.reusedSocket && error.code === 'ECONNRESET') ask()
    else over(0)
  })
  call.end()
}

let asking = false

parentPort!.on('message', (word: 'begin' | 'end') => {
  asking = word === 'begin'
  if (asking) seen = { requests: 0, failed: 0, slowestMs: 0 }
  else parentPort!.postMessage(seen)
})

for (;;) {
  if (asking) ask()
  await delay(EVERY_MS)
}
