// `npm run bench`: Portcullis beside nginx, HAProxy and Caddy. See bench/README.md for how to read it.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { cases } from './lib/cases.ts'
import { missingFor } from './lib/managed/helpers.ts'
import { buildPackage } from './lib/package.ts'
import type { Peer } from './lib/peer.ts'
import { peers } from './lib/peers.ts'
import { rowsOf, textOf } from './lib/report.ts'
import { measure } from './lib/round.ts'
import type { Contestant, Programs } from './lib/round.ts'
import { findPeer } from '../test/support/peer.ts'

const usage = `npm run bench -- [--cases NAME,…] [--peers NAME,…] [--rounds N] [--seconds N] [--warmup N] [-o text|json]
  cases: ${cases.map(known => known.name).join(', ')}
  peers: ${peers.map(known => known.name).join(', ')}
  rounds: 5 or more for figures that are written down (default 5); seconds: of each turn (default 3)
  warmup: seconds before the first round (default 12)`

process.exitCode = await main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})

async function main(): Promise<number> {
  const wanted = readFlags()
  if (wanted === null) return 0
  if (availableParallelism() < 2) throw new Error('needs two cores: one for the proxies, one for their load')
  const programs = { nginx: needed('nginx'), wrk: needed('wrk'), h2load: needed('h2load') }
  needed('taskset')
  const built = mkdtempSync(join(tmpdir(), 'portcullis-build-'))
  try {
    return await runAll(wanted, programs, built)
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
}

async function runAll(wanted: NonNullable<ReturnType<typeof readFlags>>, programs: Programs, built: string) {
  let own: string | null = null
  const contestants = wanted.peers.flatMap(
    peer => contestant(peer, () => (own ??= buildPackage(built))) ?? [],
  )
  const note = (text: string) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  }
  const results = []
  for (const given of wanted.cases) {
    const lacking = missingFor(given.managed)
    if (lacking !== null) console.error(`${given.name}: left out, ${lacking}`)
    if (lacking !== null) continue
    const result = await measure(given, contestants, programs, { ...wanted, note })
    note('')
    results.push(result)
    if (wanted.output === 'text') console.log(`${textOf(result)}\n`)
  }
  if (wanted.output === 'json') console.log(JSON.stringify(results.map(asJson), null, 2))
  return results.some(result => 'portcullis' in result.left) ? 1 : 0
}

function asJson(result: Awaited<ReturnType<typeof measure>>) {
  return { ...result, rows: rowsOf(result) }
}

function readFlags() {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      cases: text,
      peers: text,
      rounds: text,
      seconds: text,
      warmup: text,
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(usage)
    return null
  }
  const output = values.output ?? 'text'
  if (output !== 'text' && output !== 'json') throw new Error(`"${output}" is no output\n${usage}`)
  return {
    cases: named(cases, values.cases),
    peers: named(peers, values.peers),
    rounds: count(values.rounds, 5),
    seconds: count(values.seconds, 3),
    warmupSeconds: count(values.warmup, 12),
    output,
  }
}

function named<T extends { readonly name: string }>(
  all: readonly T[],
  text: string | undefined,
): readonly T[] {
  if (text === undefined) return all
  return text.split(',').map(name => {
    const found = all.find(known => known.name === name)
    if (found === undefined) throw new Error(`"${name}" is not known\n${usage}`)
    return found
  })
}

function count(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`"${text}" is no number from 1\n${usage}`)
  return Number(text)
}

function needed(program: string): string {
  const path = findPeer(program)
  if (path === null)
    throw new Error(`needs ${program} (Debian: apt-get install nginx-light wrk nghttp2-client util-linux)`)
  return path
}

/** A peer that is on this machine, with its version said; null, and said, when it is not. `build` is for our own. */
function contestant(peer: Peer, build: () => string): Contestant | null {
  const program = peer.program === null ? build() : findPeer(peer.program)
  if (program === null) {
    console.error(`${peer.name}: not installed, left out`)
    return null
  }
  // nginx prints its version to standard error.
  const version = execFileSync('sh', ['-c', '"$@" 2>&1', 'sh', program, ...peer.version], {
    encoding: 'utf8',
  })
  console.error(`${peer.name}: ${version.trim().split('\n', 1)[0] ?? ''}`)
  return { peer, program }
}
