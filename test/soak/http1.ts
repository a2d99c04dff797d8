/**
 * Mixed HTTP/1 traffic through a real `portcullis run` with two workers, while its files change:
 * `npm run soak -- [--seconds N] [--clients N]`. At the end every response is accounted for, nothing is
 * active any more, and neither descriptors nor memory have grown; exits with 1 where that does not hold.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { backendPolicy } from '../support/policies.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { Traffic } from './traffic.ts'
import { portOf, startUpstream } from './upstream.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, clients: { type: 'string', default: '24' } },
})
const seconds = Number(values.seconds)
const upstreams = [await startUpstream(), await startUpstream()]
const port = await freePort()
const rules = (note: string): string => {
  const modifier = { set: [{ name: 'X-Note', value: note }] }
  const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: modifier }]
  return yamlOf(
    gateway([{ name: 'http', port }]),
    httpRoute('soak', { hostnames: ['soak'], rules: [{ filters, backendRefs: [to('up')] }] }),
    backend('up', upstreams.map(portOf)),
    backendPolicy({ connections: { idleTimeout: '1s' }, outlierDetection: { consecutiveFailures: 1000 } }),
  )
}
using folder = new Folder({ 'soak.yaml': rules('0') })
await using run = await RunProcess.start([folder.path], '--workers', '2', '--access-log', 'off')
await run.started()

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const problems: string[] = []
const done = new Map<string, number>()
let stopping = false

async function client(traffic: Traffic): Promise<void> {
  const kinds = Object.entries(traffic.kinds)
  while (!stopping) {
    const [name, act] = kinds[Math.floor(Math.random() * kinds.length)]!
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
    folder.write('soak.yaml', rules(String(i)))
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
  const traffic = new Traffic(port)
  const clients = Array.from({ length: Number(values.clients) }, () => client(traffic))
  const changes = reloads()
  await setTimeout(forMs)
  stopping = true
  await Promise.all([...clients, changes])
  traffic.agent.destroy()
  for (const gauge of ['requests_active', 'downstream_connections_active', 'upstream_requests_pending'])
    await comesTo(`portcullis_${gauge}`, 0)
  // Those that are idle are closed after a second.
  await comesTo('portcullis_upstream_connections_active', 0)
  await comesTo('portcullis_upstream_connections_idle', 0)
  const left = { descriptors: descriptors(), residentMb: residentMb() }
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
for (const upstream of upstreams) {
  upstream.closeAllConnections()
  upstream.close()
}
for (const line of run.log.all)
  if (line['level'] === 'error' || 'text' in line) problems.push(JSON.stringify(line))
const kinds = new Map<string, number>()
for (const problem of problems) kinds.set(problem, (kinds.get(problem) ?? 0) + 1)
for (const [problem, times] of kinds) say(`${times} × ${problem}`)
say(problems.length === 0 ? 'every response accounted for, nothing left over' : `${problems.length} problems`)
if (problems.length > 0) process.exitCode = 1
