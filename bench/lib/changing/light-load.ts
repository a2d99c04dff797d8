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
  /** What those saw, by how many did: a status with its body, or an error of the connection. */
  readonly failures: Readonly<Record<string, number>>
  readonly slowestMs: number
}

const EVERY_MS = 4
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const { port, path } = workerData as { port: number; path: string }

interface Seeing {
  requests: number
  failed: number
  readonly failures: Record<string, number>
  slowestMs: number
}

/** Of a problem (RFC 9457) the name of the failure, which many have in common. */
function reasonOf(body: string): string {
  return /"reason":"([^"]+)"/.exec(body)?.[1] ?? body.slice(0, 200)
}

const nothing = (): Seeing => ({ requests: 0, failed: 0, failures: {}, slowestMs: 0 })
let seen = nothing()

function ask(): void {
  const begunMs = performance.now()
  const over = (failure: string | null): void => {
    seen.requests++
    if (failure !== null) {
      seen.failed++
      seen.failures[failure] = (seen.failures[failure] ?? 0) + 1
    }
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - begunMs)
  }
  const call = request({ host: '127.0.0.1', port, path, agent }, response => {
    const { statusCode } = response
    let body = ''
    response.on('data', chunk => (body += String(chunk)))
    response.on('end', () => over(statusCode === 200 ? null : `${statusCode ?? 0} ${reasonOf(body)}`))
    response.on('error', error => over(error.message))
  })
  // A kept connection that is closed as the request leaves is tried again by every client (RFC 9112 §9.3.1).
  call.on('error', (error: NodeJS.ErrnoException) => {
    if (call.reusedSocket && error.code === 'ECONNRESET') ask()
    else over(error.message)
  })
  call.end()
}

let asking = false

parentPort!.on('message', (word: 'begin' | 'end') => {
  asking = word === 'begin'
  if (asking) seen = nothing()
  else parentPort!.postMessage(seen)
})

for (;;) {
  if (asking) ask()
  await delay(EVERY_MS)
}
