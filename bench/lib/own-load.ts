import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import type { LoadSettings } from '../load/settings.ts'
import type { Case } from './cases.ts'
import { outputOf, readResult } from './load.ts'
import type { Generator, Load } from './load.ts'
import { loadCore } from './process.ts'

const programs = {
  new: 'connections',
  resumed: 'connections',
  websocket: 'websocket',
  idle: 'idle',
  upload: 'upload',
  subscribers: 'subscribers',
} as const

/** Our own generators, for what others do not do: see bench/load. */
export function ownLoad(given: Case): Generator {
  return async (port, seconds) => readResult(await outputOf(ownCommand(given, port, seconds)))
}

/** The program in bench/load that loads this case. */
export function ownCommand(given: Case, port: number, seconds: number): readonly string[] {
  const { load: kind, tls, protocol, path, bodyBytes, connections } = given
  const program = kind in programs ? programs[kind as keyof typeof programs] : ''
  const settings: LoadSettings = { port, kind, tls, protocol, path, bodyBytes, connections, seconds }
  const file = fileURLToPath(new URL(`../load/${program}.ts`, import.meta.url))
  return [process.execPath, file, JSON.stringify(settings)]
}

/** Connections that are open and idle until `close`. */
export interface Held {
  readonly load: Load
  close(): Promise<void>
}

/** Opens the case's connections. Throws with what the program wrote where it fails. */
export async function holdIdle(given: Case, port: number): Promise<Held> {
  const child = spawn('taskset', ['-c', String(loadCore), ...ownCommand(given, port, 0)], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const exit = once(child, 'exit')
  const errors = text(child.stderr)
  for await (const line of createInterface(child.stdout))
    if (line.startsWith('RESULT '))
      return {
        load: readResult(line),
        close: async () => {
          child.stdin.end()
          await exit
        },
      }
  throw new Error(`the connections could not be opened:\n${await errors}`)
}
