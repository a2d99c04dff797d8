import { spawn, type ChildProcess } from 'node:child_process'
import type { HostPort } from '../../command/values.ts'

/** This program, with all that it would have where it serves. `env`: what it is told beside flags. */
export function startGateway(
  paths: readonly string[],
  admin: HostPort | null,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const own = process.argv[1] ?? ''
  const at =
    admin === null ? 'off' : `${admin.host.includes(':') ? `[${admin.host}]` : admin.host}:${admin.port}`
  const flags = ['--workers', '1', '--log-level', 'debug', '--access-log', 'off', '--admin', at]
  return spawn(process.execPath, [...process.execArgv, own, 'run', ...paths, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
}

/** A line of its log. */
export interface Line {
  readonly time?: string
  readonly level?: string
  readonly event?: string
  readonly [field: string]: unknown
}

/** Null where it is none. */
export function lineOf(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Line) : null
  } catch {
    return null
  }
}
