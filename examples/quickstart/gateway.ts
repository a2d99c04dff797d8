import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface Gateway {
  readonly process: ChildProcess
  /** The exit code, or null after a signal. */
  readonly ended: Promise<number | null>
}

/** Starts `portcullis run` as a process of its own, so that signals and exit codes are the real ones. */
export function startGateway(args: readonly string[]): Gateway {
  const child = spawn(process.execPath, [main, 'run', ...args], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : null))
  return { process: child, ended }
}

/** Ctrl-C ends it, and so does the terminal that is closed: to the gateway that signal would be to read its files again. */
export function endBySignals({ process: child }: Gateway): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  process.on('SIGHUP', () => child.kill('SIGTERM'))
}

/** Waits until /readyz of the admin listener answers 200; false when the gateway ends or a minute passes before. */
export async function isReady(gateway: Gateway, admin: string): Promise<boolean> {
  const deadline = Date.now() + 60_000
  let over = false
  const end = gateway.ended.then(() => (over = true))
  while (!over && Date.now() < deadline) {
    const status = await fetch(`http://${admin}/readyz`).then(
      answer => answer.status,
      () => 0,
    )
    if (status === 200) return !over
    await Promise.race([delay(50), end])
  }
  return false
}
