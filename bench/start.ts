// `node bench/start.ts`: from a program's start to its first answer, beside others. See bench/README.md.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { startBackend } from './lib/backend.ts'
import { caseNamed, cases, pathOf } from './lib/cases.ts'
import type { Case } from './lib/cases.ts'
import { writeCertificate } from './lib/certificate.ts'
import { startHelpers } from './lib/managed/helpers.ts'
import { buildPackage } from './lib/package.ts'
import { envoy } from './lib/peers/envoy.ts'
import { haproxy } from './lib/peers/haproxy.ts'
import { nginx } from './lib/peers/nginx.ts'
import { portcullis } from './lib/peers/portcullis.ts'
import { freePort } from './lib/process.ts'
import type { Running } from './lib/process.ts'
import { nodeRow, startOnce } from './lib/starting.ts'
import type { Started, Starter } from './lib/starting.ts'
import { median, table } from './lib/stats.ts'
import { findPeer } from '../test/support/peer.ts'

const usage = `node bench/start.ts [--routes 1|100|10000 | --credentials N] [--rounds N]`

const flags = parseArgs({
  options: { routes: { type: 'string' }, credentials: { type: 'string' }, rounds: { type: 'string' } },
}).values
const wanted = cases.find(
  ({ name, routes }) => /^(small|routes-\d+)$/.test(name) && String(routes) === (flags.routes ?? '1'),
)
const rounds = Number(flags.rounds ?? 5)
const credentials = Number(flags.credentials ?? 0)
if (wanted === undefined || !isCount(rounds, 1) || !isCount(credentials, 0)) throw new Error(usage)

const dir = mkdtempSync(join(tmpdir(), 'portcullis-start-'))
const nginxProgram = findPeer('nginx')
if (nginxProgram === null) throw new Error('needs nginx, which is also the backend')
const backendPort = await freePort()
const backend = await startBackend(wanted, nginxProgram, dir, backendPort)
const helpers: Running[] = []
try {
  const starters = credentials === 0 ? await startersOf(wanted) : await storeStarters(credentials)
  const samples = new Map<Starter, Started[]>(starters.map(starter => [starter, []]))
  for (let round = 0; round < rounds; round++)
    for (const starter of starters) samples.get(starter)!.push(await startOnce(starter, join(dir, 'log')))
  console.log(
    table([
      ['', 'CPU ms', 'first 200 ms', '`started` ms', 'RSS MB'],
      nodeRow(rounds),
      ...starters.map(rowOf),
    ]),
  )

  function rowOf(starter: Starter): string[] {
    const of = (pick: (sample: Started) => number | null) => {
      const values = samples.get(starter)!.flatMap(sample => pick(sample) ?? [])
      return values.length === 0 ? '-' : median(values).toFixed(0)
    }
    const rss = of(({ rssBytes }) => rssBytes / 1e6)
    return [starter.name, of(({ cpuMs }) => cpuMs), of(({ answerMs }) => answerMs), of(s => s.startedMs), rss]
  }
} finally {
  await Promise.all([backend, ...helpers].map(helper => helper.stop()))
  rmSync(dir, { recursive: true, force: true })
}

async function startersOf(given: Case): Promise<Starter[]> {
  const certificate = await writeCertificate(dir)
  const starters: Starter[] = []
  for (const peer of [nginx, haproxy, envoy, portcullis]) {
    const program = peer.program === null ? buildPackage(join(dir, 'built')) : findPeer(peer.program)
    if (program === null) console.error(`${peer.name}: not installed, left out`)
    if (program === null) continue
    const own = join(dir, peer.name)
    mkdirSync(own)
    const [port, adminPort] = [await freePort(), await freePort()]
    const { command, env = {} } = peer.prepare({
      case: given,
      dir: own,
      port,
      adminPort,
      backendPort,
      certificate,
      program,
      helpers: null,
    })
    // The last of them, for whoever loads routes one after another.
    const starter = { name: peer.name, command, env, port, path: pathOf(given, given.routes - 1) }
    if (peer !== portcullis) starters.push(starter)
    else {
      const told = command.map(word => (word === 'warn' ? 'info' : word))
      const data = join(own, 'data')
      starters.push({
        ...starter,
        command: told,
        name: 'portcullis, first start',
        before: () => forget(data),
      })
      starters.push({ ...starter, command: told, name: 'portcullis' })
    }
  }
  return starters
}

/** Ours alone, by what is in the store; the first request brings one of its keys, and is answered 200 once that is known. */
async function storeStarters(most: number): Promise<Starter[]> {
  const certificate = await writeCertificate(dir)
  const program = buildPackage(join(dir, 'built'))
  const given = caseNamed('key')
  const starters: Starter[] = []
  for (const recorded of [1, most]) {
    const own = join(dir, `recorded-${recorded}`)
    mkdirSync(own)
    const managed = { ...given.managed!, recorded, used: 1 }
    const recordedCase = { ...given, managed }
    const [port, adminPort] = [await freePort(), await freePort()]
    const made = await startHelpers(managed, own, helpers)
    const setup = { case: recordedCase, dir: own, port, adminPort, backendPort, certificate, program }
    const { command, env = {} } = portcullis.prepare({ ...setup, helpers: made })
    const told = command.map(word => (word === 'warn' ? 'info' : word))
    const name = `portcullis, ${recorded} credential${recorded === 1 ? '' : 's'}`
    const fields = [made.consumers.credentials[0]!]
    starters.push({ name, command: told, env, port, path: pathOf(recordedCase, 0), fields })
  }
  return starters
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least
}

function forget(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
