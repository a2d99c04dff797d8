/**
 * Mixed traffic through a real `portcullis run` with two workers, while its files change: HTTP/1.1, HTTP/2, gRPC and
 * WebSocket, plain and by TLS, to upstreams of HTTP/1.1, HTTP/2 and gRPC.
 * `npm run soak -- [--seconds N] [--clients N]`. At the end every response is accounted for, nothing is
 * active any more, and neither descriptors nor memory have grown; exits with 1 where that does not hold.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Folder, RunProcess } from '../support/process.ts'
import { GrpcTraffic } from './grpc.ts'
import { Http1Traffic } from './http1.ts'
import { Http2Traffic } from './http2.ts'
import { anyOf, type Traffic } from './traffic.ts'
import { WebSocketTraffic } from './websocket.ts'
import { World } from './world.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, clients: { type: 'string', default: '24' } },
})
const seconds = Number(values.seconds)
const world = await World.make()
using folder = new Folder({ 'soak.yaml': world.resources(0) })
await using run = await RunProcess.start([folder.path], '--workers', '2', '--access-log', 'off')
await run.started()

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const problems: string[] = []
const done = new Map<string, number>()
let stopping = false

/** Of each protocol, plain and by TLS; `kinds` says what each does. */
function trafficOf(): Readonly<Record<string, Traffic>> {
  const plain = { port: world.port, ca: null }
  const secure = { port: world.securePort, ca: world.ca }
  return {
    'h1 ': new Http1Traffic(plain),
    'h1s ': new Http1Traffic(secure),
    'h2c ': new Http2Traffic(plain),
    'h2 ': new Http2Traffic(secure),
    'grpc ': new GrpcTraffic(plain),
    'grpcs ': new GrpcTraffic(secure),
    'ws ': new WebSocketTraffic(plain),
    'wss ': new WebSocketTraffic(secure),
  }
}

type Act = readonly [name: string, act: () => Promise<void>]

async function client(acts: readonly Act[]): Promise<void> {
  while (!stopping) {
    const [name, act] = anyOf(acts)
    const late = setTimeout(30_000, 'late', { ref: false })
    try {
      if ((await Promise.race([act(), late])) === 'late') throw new Error('no end after 30 s')
      done.set(name, (done.get(name) ?? 0) + 1)
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

async function reloads(): Promise<void> {
  for (let i = 1; !stopping; i++) {
    folder.write('soak.yaml', world.resources(i))
    done.set('reload', i)
    await setTimeout(300)
  }
}

const pid = run.child.pid!
const descriptors = (): number => readdirSync(`/proc/${pid}/fd`).length
const residentMb = (): number => {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}

/** What of the resident memory JavaScript holds, garbage included: the rest is Node's, OpenSSL's and the allocator's. */
async function memory(): Promise<{ heapMb: number; externalMb: number }> {
  const mb = async (name: string): Promise<number> => Math.round((await sum(name)) / 1024 / 1024)
  return {
    heapMb: await mb('nodejs_heap_size_used_bytes'),
    externalMb: await mb('nodejs_external_memory_bytes'),
  }
}

/** The sum of a metric over its series. */
async function sum(name: string): Promise<number> {
  const text = await (await run.get('/metrics')).text()
  let all = 0
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
    all += Number(value)
  return all
}

async function comesTo(name: string, wanted: number): Promise<void> {
  let last = NaN
  for (let i = 0; i < 100; i++) {
    last = await sum(name)
    if (last === wanted) return
    await setTimeout(100)
  }
  problems.push(`${name} is ${last}, not ${wanted}`)
}

/** Lets traffic flow for a while, then ends it and looks at what is left. */
async function round(forMs: number): Promise<{ descriptors: number; residentMb: number }> {
  stopping = false
  const traffic = Object.entries(trafficOf())
  const acts = traffic.flatMap(([protocol, { kinds }]) =>
    Object.entries(kinds).map(([kind, act]): Act => [protocol + kind, act]),
  )
  const clients = Array.from({ length: Number(values.clients) }, () => client(acts))
  const changes = reloads()
  await setTimeout(forMs)
  stopping = true
  await Promise.all([...clients, changes])
  for (const [, one] of traffic) one.close()
  for (const gauge of ['requests_active', 'downstream_connections_active', 'upstream_requests_pending'])
    await comesTo(`portcullis_${gauge}`, 0)
  // Those that are idle are closed after a second.
  await comesTo('portcullis_upstream_connections_active', 0)
  await comesTo('portcullis_upstream_connections_idle', 0)
  const left = { descriptors: descriptors(), residentMb: residentMb(), ...(await memory()) }
  say(JSON.stringify({ afterMs: Math.round(performance.now()), ...left, ...Object.fromEntries(done) }))
  return left
}

const before = descriptors()
const rounds = 4
const left: Awaited<ReturnType<typeof round>>[] = []
for (let i = 0; i < rounds; i++) left.push(await round((seconds * 1000) / rounds))
const last = left[rounds - 1]!
if (last.descriptors > before + 4) problems.push(`${last.descriptors} descriptors, ${before} before`)
// The first round fills heaps and pools; what the last adds to the second would be a leak.
if (last.residentMb > left[1]!.residentMb * 1.25 + 32)
  problems.push(`memory grows: ${left.map(one => one.residentMb).join(', ')} MB`)
const restarts = await sum('portcullis_worker_restarts_total')
if (restarts > 0) problems.push(`${restarts} workers died`)
const code = await run.stop()
if (code !== 0) problems.push(`ended with ${String(code)}`)
world.close()
for (const line of run.log.all)
  if (line['level'] === 'error' || 'text' in line) problems.push(JSON.stringify(line))
const kinds = new Map<string, number>()
for (const problem of problems) kinds.set(problem, (kinds.get(problem) ?? 0) + 1)
for (const [problem, times] of kinds) say(`${times} × ${problem}`)
say(problems.length === 0 ? 'every response accounted for, nothing left over' : `${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
