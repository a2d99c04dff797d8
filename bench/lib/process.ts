import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** Proxies run on the first core; what loads them and what answers them on the second. */
export const proxyCore = 0
export const loadCore = 1

export interface Running {
  readonly pid: number
  stop(): Promise<void>
}

export interface Start {
  readonly name: string
  readonly core: number
  readonly command: readonly string[]
  /** Where its output goes; shown when it fails. */
  readonly log: string
  readonly env?: Readonly<Record<string, string>>
  /** Answered with any status once it listens. */
  readonly url: string
}

/** Starts a server on one core and waits until it answers HTTP. Throws with its output when it does not. */
export async function start(what: Start): Promise<Running> {
  const output = openSync(what.log, 'a')
  const child = spawn('taskset', ['-c', String(what.core), ...what.command], {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...what.env },
  })
  closeSync(output)
  // A command that cannot be started emits an error, and never an exit.
  const failed = once(child, 'exit').catch(() => undefined)
  const stop = () => end(child, failed)
  if (child.pid !== undefined && (await answers(what.url, child))) return { pid: child.pid, stop }
  await stop()
  throw new Error(`${what.name} did not start:\n${readFileSync(what.log, 'utf8').slice(-2000)}`)
}

async function end(child: ChildProcess, exit: Promise<unknown>): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await exit
  clearTimeout(killer)
}

async function answers(url: string, child: ChildProcess): Promise<boolean> {
  // 10,000 routes take some seconds to load in some of them.
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline && !hasEnded(child)) {
    if ((await exchange(url)) !== null) return true
    await delay(50)
  }
  return false
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** One request on a connection of its own; null when the connection fails. */
export function exchange(
  url: string,
  body = '',
  headers: Record<string, string> = {},
): Promise<Answer | null> {
  return new Promise(resolve => {
    const method = body === '' ? 'GET' : 'POST'
    const call = request(url, { method, headers, agent: false, timeout: 5000 }, response => {
      let text = ''
      response.setEncoding('latin1')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
      )
      response.on('error', () => resolve(null))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(null))
    call.end(body)
  })
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const closed = once(server, 'close')
  server.close()
  await closed
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/** nginx gives its workers to another user when root starts it, who cannot read our temporary folder. */
export function userLine(): string {
  return process.getuid?.() === 0 ? 'user root;' : ''
}
