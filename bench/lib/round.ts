import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ask } from './ask.ts'
import { startBackend } from './backend.ts'
import { caseNamed } from './cases.ts'
import type { Case } from './cases.ts'
import { writeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { Answers } from './composed/answers.ts'
import { sampleSubscribers } from './composed/subscribers.ts'
import { StandIn } from './equal.ts'
import type { Judge } from './equal.ts'
import { sampleIdle } from './idle.ts'
import { generatorOf } from './generators.ts'
import type { Generators } from './generators.ts'
import { startHelpers } from './managed/helpers.ts'
import type { Helpers } from './managed/helpers.ts'
import type { Peer } from './peer.ts'
import { freePort, proxyCore, start } from './process.ts'
import type { Running } from './process.ts'
import type { Racer, Sample } from './racer.ts'
import { usageOf } from './usage.ts'

export interface Programs extends Generators {
  readonly nginx: string
}

export interface Contestant {
  readonly peer: Peer
  readonly program: string
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
  /** One turn before the first round: V8 compiles for many seconds what runs for days. */
  readonly warmupSeconds: number
  readonly note: (text: string) => void
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
  const backend = (port: number) => startBackend(given, programs.nginx, dir, port)
  const judge = given.composed === null ? new StandIn(given) : new Answers(backend)
  const certificate = await writeCertificate(dir)
  try {
    const backendPort = await freePort()
    await judge.open(backendPort)
    const racers: Racer[] = []
    const helpers = given.managed === null ? null : await startHelpers(given.managed, dir, running)
    for (const contestant of contestants) {
      const done = workOf(given, contestant.peer)
      if (done === null) continue
      const world = { dir, backendPort, certificate, helpers, programs }
      const outcome = await enter(contestant, given, done, world, judge, running)
      if (typeof outcome === 'string') left[contestant.peer.name] = outcome
      else racers.push(outcome)
    }
    await judge.close()
    running.push(await backend(backendPort))
    if (given.load === 'idle' || given.load === 'subscribers') await fill(given, racers, plan)
    else await race(given, racers, plan)
    return {
      case: given,
      samples: Object.fromEntries(racers.map(racer => [racer.name, racer.samples])),
      left,
    }
  } finally {
    await judge.close()
    await Promise.all(running.map(process => process.stop()))
    rmSync(dir, { recursive: true, force: true })
  }
}

function workOf(given: Case, { does }: Peer): Case | null {
  if (does !== undefined) return does(given)
  if (given.managed !== null || given.composed !== null) return null
  return given.cached ? caseNamed('small') : given
}

/** What all proxies of a case have in common. */
interface World {
  readonly dir: string
  readonly backendPort: number
  readonly certificate: Certificate
  readonly helpers: Helpers | null
  readonly programs: Programs
}

/** Starts a proxy, which is to do `done`, and checks its work. A string says why it cannot take part. */
async function enter(
  { peer, program }: Contestant,
  given: Case,
  done: Case,
  { dir, backendPort, certificate, helpers, programs }: World,
  judge: Judge,
  running: Running[],
): Promise<Racer | string> {
  if (!peer.takes(given)) return 'not set up for this case'
  const own = join(dir, peer.name.replaceAll(' ', '-'))
  mkdirSync(own)
  const port = await freePort()
  const adminPort = await freePort()
  const setup = { case: done, dir: own, port, adminPort, backendPort, certificate, program, helpers }
  const credentials = done.managed === null ? [] : (helpers?.consumers.credentials ?? [])
  const probe = async () => (await ask(given, port, { path: '/' })) !== null
  const log = join(own, 'output.log')
  try {
    const { command, env = {} } = peer.prepare(setup)
    const process = await start({ name: peer.name, core: proxyCore, command, env, log, probe })
    running.push(process)
    const missing = await judge.missing(port, done, credentials[0])
    if (missing.length > 0) return `not the same work: ${missing.join(', ')}`
    return {
      name: peer.name,
      given: done,
      port,
      process,
      load: generatorOf(done, programs, own, credentials),
      samples: [],
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function race(given: Case, racers: readonly Racer[], plan: Plan) {
  for (const racer of racers) {
    plan.note(`${given.name}: warming up ${racer.name}`)
    await racer.load(racer.port, plan.warmupSeconds)
    if (racer.given.cached) await seeHit(racer)
  }
  for (let round = 1; round <= plan.rounds; round++)
    for (const racer of racers) {
      plan.note(`${given.name}: round ${round} of ${plan.rounds}, ${racer.name}`)
      racer.samples.push(await sample(racer, plan.seconds))
    }
}

/** What is measured as a hit is one. */
async function seeHit({ name, given, port }: Racer): Promise<void> {
  const headers = { Host: 'bench.example' }
  const answer = await ask(given, port, { path: given.path, headers })
  const status = String(answer?.headers['cache-status'])
  if (!status.includes('; hit')) throw new Error(`${name} does not answer from its cache: ${status}`)
}

async function sample(racer: Racer, seconds: number): Promise<Sample> {
  const before = usageOf(racer.process.pid)
  const seen = await racer.load(racer.port, seconds)
  const after = usageOf(racer.process.pid)
  return {
    cpuUs: (after.cpuNs - before.cpuNs) / 1000 / Math.max(1, seen.requests),
    rps: seen.requests / seen.seconds,
    p50: seen.p50,
    p99: seen.p99,
    rssBytes: after.rssBytes,
    errors: seen.errors,
    connectionBytes: 0,
  }
}

/** Once for each, whatever the plan says: a process does not give back what it took for the connections of a round. */
async function fill(given: Case, racers: readonly Racer[], plan: Plan) {
  for (const racer of racers) {
    plan.note(`${given.name}: ${racer.name}`)
    racer.samples.push(
      given.load === 'idle' ? await sampleIdle(given, racer) : await sampleSubscribers(given, racer, plan),
    )
  }
}
