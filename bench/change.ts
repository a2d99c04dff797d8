// `node bench/change.ts`: from a change to its first answer, beside others. See bench/README.md.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { ask } from './lib/ask.ts'
import { changedPrefix } from './lib/changing/changing.ts'
import type { Changer, Changing, World } from './lib/changing/changing.ts'
import { envoy } from './lib/changing/envoy.ts'
import { haproxy } from './lib/changing/haproxy.ts'
import type { Seen } from './lib/changing/light-load.ts'
import { nginx } from './lib/changing/nginx.ts'
import { ours } from './lib/changing/portcullis.ts'
import { buildPackage } from './lib/package.ts'
import { freePort, start } from './lib/process.ts'
import type { Running } from './lib/process.ts'
import { median, table } from './lib/stats.ts'
import { usageOf } from './lib/usage.ts'
import { findPeer } from '../test/support/peer.ts'

const usage = `node bench/change.ts [--case change-route|change-endpoint] [--changes N] [--peers NAME,…]
  changes: of each contestant (default 15); of one contestant alone, thousands show what stays of them in memory`

const { values } = parseArgs({
  options: { case: { type: 'string' }, changes: { type: 'string' }, peers: { type: 'string' } },
})
const wanted = values.case ?? 'change-route'
const changes = Number(values.changes ?? 15)
if (!['change-route', 'change-endpoint'].includes(wanted) || !(changes >= 1)) throw new Error(usage)

/** What a change is given before the next one. */
const PAUSE_MS = changes > 100 ? 5 : 100
const DEADLINE_MS = 30_000
/** Answered before and after every change alike. */
const STEADY = '/r7/x'

/** One contestant as it runs. */
interface Contestant {
  readonly name: string
  readonly changing: Changing
  readonly running: Running
  readonly port: number
  readonly load: Worker
  readonly served: number[]
  readonly slowest: number[]
  readonly rss: number[]
  requests: number
  failed: number
}

let ownProgram: string | null = null
const dir = mkdtempSync(join(tmpdir(), 'portcullis-change-'))
const backends = [await backend('0'), await backend('1')] as const
const contestants: Contestant[] = []
try {
  for (const changer of [nginx, haproxy, envoy, ...ours]) {
    if (values.peers !== undefined && !values.peers.split(',').some(name => changer.name.startsWith(name)))
      continue
    const program = changer.program === null ? built() : findPeer(changer.program)
    if (program === null) console.error(`${changer.name}: not installed, left out`)
    else contestants.push(await begin(changer, program))
  }
  // In turns, so that whoever else uses the machine is in everyone's way alike.
  for (let n = 1; n <= changes; n++) for (const one of contestants) await change(one, n)
  console.log(
    table([
      ['', 'served ms', 'worst', 'slowest ms', 'worst', 'failed', 'requests', 'RSS MB', 'at the end'],
      ...contestants.map(rowOf),
    ]),
  )
} finally {
  for (const { load, running } of contestants) {
    await load.terminate()
    await running.stop()
  }
  for (const { close } of backends) close()
  rmSync(dir, { recursive: true, force: true })
}

/** Says which one it is. */
async function backend(name: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((_, response) => response.end(name)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close().closeAllConnections() }
}

function built(): string {
  const folder = join(dir, 'built')
  mkdirSync(folder, { recursive: true })
  ownProgram ??= buildPackage(folder)
  return ownProgram
}

async function begin(changer: Changer, path: string): Promise<Contestant> {
  const own = join(dir, String(contestants.length))
  mkdirSync(own)
  const [port, adminPort] = [await freePort(), await freePort()]
  const world: World = {
    dir: own,
    port,
    adminPort,
    backends: [backends[0].port, backends[1].port],
    program: path,
  }
  const changing = changer.prepare(world)
  const running = await start({
    name: changer.name,
    core: 0,
    command: changing.command,
    log: join(own, 'log'),
    probe: async () => (await get(port, STEADY)) === '0',
  })
  const load = new Worker(new URL('./lib/changing/light-load.ts', import.meta.url), {
    workerData: { port, path: STEADY },
  })
  await seenBy(load)
  return {
    name: changer.name,
    changing,
    running,
    port,
    load,
    served: [],
    slowest: [],
    rss: [],
    requests: 0,
    failed: 0,
  }
}

async function change(one: Contestant, n: number): Promise<void> {
  const { changing, running, port, load } = one
  load.postMessage('begin')
  await delay(PAUSE_MS)
  const begunMs = performance.now()
  if (wanted === 'change-route') await changing.changeRoute(n, running.pid)
  else await changing.changeEndpoint((n % 2) as 0 | 1, running.pid)
  const [path, answer] = wanted === 'change-route' ? [`${changedPrefix(n)}/x`, null] : [STEADY, String(n % 2)]
  for (;;) {
    const body = await get(port, path)
    if (answer === null ? body !== null : body === answer) break
    if (performance.now() - begunMs > DEADLINE_MS) throw new Error(`${one.name}: change ${n} is not served`)
    await delay(1)
  }
  one.served.push(performance.now() - begunMs)
  // Those that were started by the change may go on with it.
  await delay(PAUSE_MS)
  const { requests, failed, slowestMs } = await seenBy(load)
  one.slowest.push(slowestMs)
  one.rss.push(usageOf(running.pid).rssBytes / 1e6)
  one.requests += requests
  one.failed += failed
}

/** The body of a 200, of a connection of its own; null for anything else. */
async function get(port: number, path: string): Promise<string | null> {
  const answer = await ask({ tls: false, protocol: 'http/1.1' }, port, { path })
  return answer?.status === 200 ? answer.body : null
}

async function seenBy(load: Worker): Promise<Seen> {
  const answered = once(load, 'message') as Promise<[Seen]>
  load.postMessage('end')
  return (await answered)[0]
}

function rowOf({ name, served, slowest, rss, requests, failed }: Contestant): string[] {
  const of = (list: readonly number[]) => [median(list).toFixed(0), Math.max(...list).toFixed(0)]
  const early = median(rss.slice(0, Math.ceil(rss.length / 10)))
  const late = median(rss.slice(-Math.ceil(rss.length / 10)))
  return [
    name,
    ...of(served),
    ...of(slowest),
    String(failed),
    String(requests),
    early.toFixed(0),
    late.toFixed(0),
  ]
}
