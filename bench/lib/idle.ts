import { setTimeout as delay } from 'node:timers/promises'

import type { Case } from './cases.ts'
import { holdIdle } from './own-load.ts'
import type { Racer, Sample } from './racer.ts'
import { usageOf } from './usage.ts'

/** What collectors and allocators get to give back what opening the connections has left. */
const SETTLE_MS = 5000

/** Opens the case's connections to a proxy, and measures it while they say nothing. CPU time is that of their opening. */
export async function sampleIdle(given: Case, { port, process }: Racer): Promise<Sample> {
  const before = usageOf(process.pid)
  const held = await holdIdle(given, port)
  try {
    const { load } = held
    const { cpuNs } = usageOf(process.pid)
    await delay(SETTLE_MS)
    const { rssBytes } = usageOf(process.pid)
    const connections = Math.max(1, load.requests)
    return {
      cpuUs: (cpuNs - before.cpuNs) / 1000 / connections,
      rps: load.requests / load.seconds,
      p50: load.p50,
      p99: load.p99,
      rssBytes,
      errors: load.errors + given.connections - load.requests,
      connectionBytes: (rssBytes - before.rssBytes) / connections,
    }
  } finally {
    await held.close()
  }
}
