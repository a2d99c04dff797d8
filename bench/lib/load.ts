import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

import { loadCore } from './process.ts'

/** What a load generator saw. Latencies in microseconds. */
export interface Load {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** Connections that failed, timeouts, and answers that were not 2xx or 3xx. */
  readonly errors: number
}

/** Loads the proxy on this port for so long. */
export type Generator = (port: number, seconds: number) => Promise<Load>

/** What a program on the load's core writes. Throws with that where it fails. */
export async function outputOf(command: readonly string[]): Promise<string> {
  const child = spawn('taskset', ['-c', String(loadCore), ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  if (child.exitCode !== 0) throw new Error(`${command.join(' ')} failed:\n${output}${errors}`)
  return output
}

/** The RESULT line of a load's output. Throws with the output where there is none. */
export function readResult(output: string): Load {
  const line = /^RESULT (\{.*\})$/m.exec(output)?.[1]
  const result: unknown = line === undefined ? null : JSON.parse(line)
  if (!isLoad(result)) throw new Error(`the load gave no result:\n${output}`)
  return result
}

function isLoad(value: unknown): value is Load {
  if (typeof value !== 'object' || value === null) return false
  return ['requests', 'seconds', 'p50', 'p99', 'errors'].every(
    key => typeof Reflect.get(value, key) === 'number',
  )
}
