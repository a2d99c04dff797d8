import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startBackend } from './backend.ts'
import type { Case } from './cases.ts'
import { StandIn } from './equal.ts'
import { load, writeScript } from './load.ts'
import type { Peer } from './peer.ts'
import { freePort, proxyCore, start } from './process.ts'
import type { Running } from './process.ts'
import { usageOf } from './usage.ts'

export interface Programs {
  readonly nginx: string
  readonly wrk: string
}

export interface Contestant {
  readonly peer: Peer
  readonly program: string
}

/** One peer's turn in one round. */
export interface Sample {
  readonly cpuUs: number
  readonly rps: number
  readonly p50: number
  readonly p99: number
  readonly rssBytes: number
  readonly errors: number
}

export interface CaseResult {
  readonly case: Case
  /** By peer name, one sample for each round. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>
  /** By peer name, why it took no part. */
  readonly left: Readonly<Record<string, string>>
}

export interface Plan {
  readonly rounds: number
  readonly seconds: number
  readonly note: (text: string) => void
}

interface Racer {
  readonly name: string
  readonly port: number
  readonly process: Running
  readonly samples: Sample[]
}

/** Measures one case: all proxies run at once, and take their turns A B C D, A B C D …, so that noise meets all. */
export async function measure(
  given: Case,
  contestants: readonly Contestant[],
  programs: Programs,
  plan: Plan,
): Promise<CaseResult> {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  const running: Running[] = []
  const left: Record<string, string> = {}
  const standIn = new StandIn()
  try {
    const backendPort = await freePort()
    await standIn.open(backendPort)
    const racers: Racer[] = []
    for (const contestant of contestants) {
      const outcome = await enter(contestant, given, dir, backendPort, standIn, running)
      if (typeof outcome === 'string') left[contestant.peer.name] = outcome
      else racers.push(outcome)
    }
    await standIn.close()
    running.push(await startBackend(programs.nginx, dir, backendPort))
    await race(given, racers, programs.wrk, writeScript(given, dir), plan)
    return {
      case: given,
      samples: Object.fromEntries(racers.map(racer => [racer.name, racer.samples])),
      left,
    }
  } finally {
    await standIn.close()
    await Promise.all(running.map(process => process.stop()))
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Starts a proxy and checks its work. A string says why it cannot take part. */
async function enter(
  { peer, program }: Contestant,
  given: Case,
  dir: string,
  backendPort: number,
  standIn: StandIn,
  running: Running[],
): Promise<Racer | string> {
  const own = join(dir, peer.name)
  mkdirSync(own)
  const port = await freePort()
  const adminPort = await freePort()
  const { command, env = {} } = peer.prepare({ case: given, dir: own, port, adminPort, backendPort, program })
  const url = `http://127.0.0.1:${port}/`
  const log = join(own, 'output.log')
  try {
    const process = await start({ name: peer.name, core: proxyCore, command, env, log, url })
    running.push(process)
    const missing = await standIn.missing(given, port)
    if (missing.length > 0) return `not the same work: ${missing.join(', ')}`
    return { name: peer.name, port, process, samples: [] }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function race(given: Case, racers: readonly Racer[], wrk: string, script: string, plan: Plan) {
  for (const racer of racers) {
    plan.note(`${given.name}: warming up ${racer.name}`)
    await load(wrk, given, script, racer.port, Math.max(2, plan.seconds))
  }
  for (let round = 1; round <= plan.rounds; round++)
    for (const racer of racers) {
      plan.note(`${given.name}: round ${round} of ${plan.rounds}, ${racer.name}`)
      racer.samples.push(await sample(given, racer, wrk, script, plan.seconds))
    }
}

async function sample(
  given: Case,
  racer: Racer,
  wrk: string,
  script: string,
  seconds: number,
): Promise<Sample> {
  const before = usageOf(racer.process.pid)
  const seen = await load(wrk, given, script, racer.port, seconds)
  const after = usageOf(racer.process.pid)
  return {
    cpuUs: (after.cpuNs - before.cpuNs) / 1000 / Math.max(1, seen.requests),
    rps: seen.requests / seen.seconds,
    p50: seen.p50,
    p99: seen.p99,
    rssBytes: after.rssBytes,
    errors: seen.errors,
  }
}
