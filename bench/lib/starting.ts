import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { median } from './stats.ts'
import { usageOf } from './usage.ts'

export interface Starter {
  readonly name: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly port: number
  readonly path: string
  /** What the request brings beside its Host. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** What is done before each start. */
  readonly before?: () => void
}

export interface Started {
  /** Of the process and its children, when the first answer is here. */
  readonly cpuMs: number
  readonly answerMs: number
  /** Until the log says `started`; null where it does not. */
  readonly startedMs: number | null
  readonly rssBytes: number
}

const DEADLINE_MS = 60_000

/** Starts it, asks until it answers 200, and ends it. Throws with its log where it never does. */
export async function startOnce(starter: Starter, log: string): Promise<Started> {
  starter.before?.()
  const output = openSync(log, 'w')
  const [program = '', ...args] = starter.command
  const begun = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...starter.env },
  })
  closeSync(output)
  const ended = once(child, 'exit')
  try {
    let startedMs: number | null = null
    while (!(await answers200(starter))) {
      if (child.exitCode !== null || performance.now() - begun > DEADLINE_MS)
        throw new Error(`${starter.name} did not start:\n${readFileSync(log, 'utf8').slice(-2000)}`)
      await delay(1)
    }
    const answerMs = performance.now() - begun
    const { cpuNs, rssBytes } = usageOf(child.pid!)
    for (let i = 0; starter.name.startsWith('portcullis') && i < 1000 && startedMs === null; i++) {
      if (readFileSync(log, 'utf8').includes('"event":"started"')) startedMs = performance.now() - begun
      else await delay(1)
    }
    return { cpuMs: cpuNs / 1e6, answerMs, startedMs, rssBytes }
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

/** A request on a connection of its own. */
function answers200({ port, path, fields = [] }: Starter): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    let text = ''
    socket.setEncoding('latin1')
    const head = [['Host', 'bench'], ...fields].map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.on('connect', () => socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n`))
    socket.on('data', (chunk: string) => {
      text += chunk
      if (!text.includes('\r\n')) return
      resolve(text.startsWith('HTTP/1.1 200'))
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}

/** What Node takes to do nothing: the row that is the floor of ours. */
export function nodeRow(rounds: number): string[] {
  const samples = Array.from({ length: rounds }, () => {
    const begun = performance.now()
    const script =
      'const { user, system } = process.cpuUsage(); console.log(user + system, process.memoryUsage.rss())'
    const [cpuUs = 0, rssBytes = 0] = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })
      .split(' ')
      .map(Number)
    return { cpuMs: cpuUs / 1000, wallMs: performance.now() - begun, rssBytes }
  })
  return [
    'node -e 0',
    median(samples.map(({ cpuMs }) => cpuMs)).toFixed(0),
    median(samples.map(({ wallMs }) => wallMs)).toFixed(0),
    '-',
    (median(samples.map(({ rssBytes }) => rssBytes)) / 1e6).toFixed(0),
  ]
}
