import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { createInterface } from 'node:readline'

import type { Case } from '../cases.ts'
import { readResult } from '../load.ts'
import type { Load } from '../load.ts'
import { ownCommand } from '../own-load.ts'
import { loadCore } from '../process.ts'
import type { Racer, Sample } from '../racer.ts'
import { usageOf } from '../usage.ts'

interface Times {
  readonly rounds: number
  readonly seconds: number
  readonly warmupSeconds: number
}

/**
 * Opens the case's subscriptions to a gateway, and then measures what events cost that go to all of them: once, for as long
 * as all rounds of other cases take, since a process does not give back what it took for them.
 */
export async function sampleSubscribers(
  given: Case,
  { port, process }: Racer,
  { rounds, seconds, warmupSeconds }: Times,
): Promise<Sample> {
  const empty = usageOf(process.pid)
  const command = ['-c', String(loadCore), ...ownCommand(given, port, rounds * seconds)]
  const child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'pipe'] })
  const exit = once(child, 'exit')
  const errors = text(child.stderr)
  let before = empty
  let load: Load | null = null
  for await (const line of createInterface(child.stdout)) {
    if (line === 'OPEN') {
      await delay(warmupSeconds * 1000)
      before = usageOf(process.pid)
      child.stdin.write('go\n')
    } else if (line.startsWith('RESULT ')) load = readResult(line)
  }
  const after = usageOf(process.pid)
  await exit
  if (load === null) throw new Error(`the subscribers have failed:\n${await errors}`)
  return {
    cpuUs: (after.cpuNs - before.cpuNs) / 1000 / Math.max(1, load.requests),
    rps: load.requests / load.seconds,
    p50: load.p50,
    p99: load.p99,
    rssBytes: before.rssBytes,
    errors: load.errors,
    connectionBytes: (before.rssBytes - empty.rssBytes) / given.connections,
  }
}
