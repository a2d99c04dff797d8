// `node bench/overload.ts`: twice what one worker can do, by priority. See bench/README.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { startBackend } from './lib/backend.ts'
import { caseNamed } from './lib/cases.ts'
import { outputOf } from './lib/load.ts'
import { connects, freePort, proxyCore, start, type Running } from './lib/process.ts'
import { table } from './lib/stats.ts'
import { findPeer } from '../test/support/peer.ts'

const usage = 'node bench/overload.ts [--protocol h1|h2] [--bytes N] [--times N] [--clients N] [--seconds N]'

const flags = parseArgs({
  options: {
    protocol: { type: 'string', default: 'h2' },
    /** Of an answer's body: what a request costs, while a refusal costs the same. */
    bytes: { type: 'string', default: '200' },
    /** Of the peak. */
    times: { type: 'string', default: '2' },
    clients: { type: 'string' },
    seconds: { type: 'string', default: '8' },
  },
}).values
const http2 = flags.protocol === 'h2'
/** Requests that one connection has under way. */
const streams = http2 ? 100 : 1
const clients = Number(flags.clients ?? (http2 ? 30 : 1500))
const seconds = Number(flags.seconds)
const times = Number(flags.times)
/** Before shedding has found its share nothing is counted. */
const WARM_MS = 4_000
const priorities = [
  { name: 'Critical', share: 0.2 },
  { name: 'Normal', share: 0.4 },
  { name: 'Sheddable', share: 0.4 },
] as const
const bytes = Number(flags.bytes)
if (![bytes, clients, seconds, times].every(one => one > 0)) throw new Error(usage)

interface Asked {
  readonly startMs: number
  readonly status: number
  readonly ms: number
}

const nginx = findPeer('nginx')
const h2load = findPeer('h2load')
if (nginx === null || h2load === null) throw new Error('needs nginx and h2load')
const dir = mkdtempSync(join(tmpdir(), 'portcullis-overload-'))
const [port, adminPort, backendPort] = [await freePort(), await freePort(), await freePort()]
const running: Running[] = []
try {
  running.push(await startBackend(caseNamed('small')!, nginx, dir, backendPort))
  writeFileSync(join(dir, 'files', 'body'), 'x'.repeat(bytes))
  running.push(await startGateway())
  await load('warm-up', 'Normal', ['-c8', http2 ? '-m8' : '-m1'], 2)
  const peak = await findPeak()
  const health = watchHealth()
  const loads = await Promise.all(
    priorities.map(({ name, share }) => offer(name, peak * times * share, share)),
  )
  const healthMs = await health.end()
  report(peak, loads, healthMs)
} finally {
  for (const one of running.toReversed()) await one.stop()
  rmSync(dir, { recursive: true, force: true })
}

/** The best of a few clients, some, and many, who ask again when they are answered. */
async function findPeak(): Promise<number> {
  const rates: number[] = []
  for (const args of http2 ? ['-c8 -m8', '-c16 -m16', '-c30 -m20'] : ['-c32', '-c100', '-c300'])
    rates.push(rate(await load(`peak${rates.length}`, 'Normal', args.split(' '), 4), 200, 4_000))
  return Math.max(...rates)
}

/** As many requests a second, whatever comes of them. */
async function offer(name: string, perSecond: number, share: number): Promise<readonly Asked[]> {
  const connections = Math.max(1, Math.round(clients * share))
  const args = [
    `-c${connections}`,
    `-m${streams}`,
    `--rps=${Math.max(1, Math.round(perSecond / connections))}`,
  ]
  const all = await load(name, name, args, WARM_MS / 1000 + seconds)
  const beginMs = all[0]!.startMs
  return all.filter(
    ({ startMs }) => startMs - beginMs >= WARM_MS && startMs - beginMs < WARM_MS + 1000 * seconds,
  )
}

async function load(name: string, priority: string, args: readonly string[], s: number): Promise<Asked[]> {
  const log = join(dir, `${name}.log`)
  const more = http2 ? [] : ['--h1']
  const url = `http://127.0.0.1:${port}/body`
  const program = [
    h2load!,
    '-t1',
    ...args,
    `-D${s}`,
    `--log-file=${log}`,
    ...more,
    '-H',
    `x-priority: ${priority}`,
  ]
  await outputOf([...program, url])
  const lines = readFileSync(log, 'latin1').trim().split('\n')
  return lines
    .map(line => line.split('\t').map(Number))
    .map(([startUs = 0, status = 0, us = 0]) => ({ startMs: startUs / 1000, status, ms: us / 1000 }))
    .toSorted((a, b) => a.startMs - b.startMs)
}

/** A second. */
function rate(asked: readonly Asked[], status: number, ms: number): number {
  return (1000 * asked.filter(one => one.status === status).length) / ms
}

function startGateway(): Promise<Running> {
  const file = join(dir, 'resources.json')
  mkdirSync(dir, { recursive: true })
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: resources() }))
  const flagsOf = [
    '--workers',
    '1',
    '--log-level',
    'warn',
    '--data',
    join(dir, 'data'),
    '--access-log',
    'off',
  ]
  const command = [join(import.meta.dirname, '../bin/portcullis'), 'run', file, ...flagsOf]
  return start({
    name: 'portcullis',
    core: proxyCore,
    command: [...command, '--address', '127.0.0.1', '--admin', `127.0.0.1:${adminPort}`],
    log: join(dir, 'gateway.log'),
    probe: () => connects(port),
  })
}

function resources(): unknown[] {
  const standard = 'gateway.networking.k8s.io'
  const backendRefs = [{ group: 'portcullis.dev', kind: 'Backend', name: 'backend' }]
  const policy = (kind: string, name: string, target: object, spec: object): object => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind,
    metadata: { name },
    spec: { targetRefs: [{ group: standard, ...target }], ...spec },
  })
  return [
    {
      apiVersion: `${standard}/v1`,
      kind: 'Gateway',
      metadata: { name: 'bench' },
      spec: { gatewayClassName: 'portcullis', listeners: [{ name: 'bench', protocol: 'HTTP', port }] },
    },
    {
      apiVersion: `${standard}/v1`,
      kind: 'HTTPRoute',
      metadata: { name: 'all' },
      spec: {
        parentRefs: [{ name: 'bench' }],
        rules: priorities.map(({ name }) => ({
          name: name.toLowerCase(),
          matches: [{ headers: [{ name: 'x-priority', value: name }] }],
          backendRefs,
        })),
      },
    },
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'Backend',
      metadata: { name: 'backend' },
      spec: { endpoints: [{ address: '127.0.0.1', port: backendPort }] },
    },
    // Nobody is refused for want of a connection.
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'BackendPolicy',
      metadata: { name: 'backend' },
      spec: {
        targetRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'backend' }],
        connections: { max: 4096, maxPending: 100_000 },
      },
    },
    ...priorities.map(({ name }) =>
      policy(
        'TrafficPolicy',
        name.toLowerCase(),
        { kind: 'HTTPRoute', name: 'all', sectionName: name.toLowerCase() },
        { priority: name },
      ),
    ),
  ]
}

/** How long /healthz takes meanwhile. */
function watchHealth(): { end(): Promise<readonly number[]> } {
  const took: number[] = []
  let over = false
  const asking = (async () => {
    while (!over) {
      const sinceMs = performance.now()
      const { ok } = await fetch(`http://127.0.0.1:${adminPort}/healthz`)
      took.push(ok ? performance.now() - sinceMs : Infinity)
      await delay(50)
    }
  })()
  return {
    async end() {
      over = true
      await asking
      return took
    },
  }
}

function report(peak: number, loads: readonly (readonly Asked[])[], healthMs: readonly number[]): void {
  const windowMs = 1000 * seconds
  const served = loads.reduce((sum, one) => sum + rate(one, 200, windowMs), 0)
  const ms = (all: readonly number[], share: number): string => {
    const sorted = all.toSorted((a, b) => a - b)
    return (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1)
  }
  console.log(
    `peak ${peak.toFixed(0)}/s; goodput ${served.toFixed(0)}/s, ${((100 * served) / peak).toFixed(0)} % of it; ` +
      `/healthz ${ms(healthMs, 0.5)} ms, p99 ${ms(healthMs, 0.99)} ms`,
  )
  console.log(
    table([
      [
        '',
        'asked/s',
        'served',
        'refused',
        'refused after ms: p50',
        'p90',
        'p99',
        'served after ms: p50',
        'p99',
      ],
      ...priorities.map(({ name }, i) => {
        const all = loads[i]!
        const [good, bad] = [200, 503].map(status =>
          all.filter(one => one.status === status).map(one => one.ms),
        )
        const share = (some: readonly number[]): string =>
          `${((100 * some.length) / all.length).toFixed(1)} %`
        return [
          name,
          (all.length / seconds).toFixed(0),
          share(good!),
          share(bad!),
          ...[0.5, 0.9, 0.99].map(at => ms(bad!, at)),
          ...[0.5, 0.99].map(at => ms(good!, at)),
        ]
      }),
    ]),
  )
}
