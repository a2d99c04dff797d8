import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
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
  /** Whether it answers, with whatever status. */
  readonly probe: () => Promise<boolean>
}

/** Starts a server on one core and waits until it answers. Throws with its output when it does not. */
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
  if (child.pid !== undefined && (await answers(what.probe, child))) return { pid: child.pid, stop }
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

async function answers(probe: () => Promise<boolean>, child: ChildProcess): Promise<boolean> {
  // 10,000 routes take some seconds to load in some of them, and a JVM on a core that others use too.
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline && !hasEnded(child)) {
    if (await probe()) return true
    await delay(50)
  }
  return false
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Whether somebody listens on this port. */
export function connects(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
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
