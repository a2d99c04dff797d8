// `node bench/cluster.ts`: from a change in an API server to its first answer, what is declared in a cluster in memory, and
// thousands of changes while traffic flows. See bench/README.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'

import { ask } from './lib/ask.ts'
import type { Seen } from './lib/changing/light-load.ts'
import { buildPackage } from './lib/package.ts'
import { freePort, start, type Running } from './lib/process.ts'
import { median, table } from './lib/stats.ts'
import { usageOf } from './lib/usage.ts'
import { FollowedRoutes } from './lib/cluster/followed-routes.ts'
import { definitionsOf, objects, putAll, routeOf, sliceOf, type Counts } from './lib/cluster/objects.ts'
import { RealCluster } from '../test/support/real-cluster.ts'

const usage = `node bench/cluster.ts [--routes N] [--services N] [--endpoints N] [--changes N] [--churn N]
  routes, services, endpoints: what is declared (default 5000, 500, 5000)
  changes: of a route, and of an endpoint, one after another (default 31)
  churn: routes that are created, changed and deleted (default 0), in so many rounds (default 3)
  kube (.ci/kube) must be on PATH, and GATEWAY_API name the module sigs.k8s.io/gateway-api`

const { values } = parseArgs({
  options: {
    routes: { type: 'string', default: '5000' },
    services: { type: 'string', default: '500' },
    endpoints: { type: 'string', default: '5000' },
    changes: { type: 'string', default: '31' },
    churn: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
  },
})
const counts: Counts = {
  routes: Number(values.routes),
  services: Number(values.services),
  endpoints: Number(values.endpoints),
}
const [changes, churn, rounds] = [values.changes, values.churn, values.rounds].map(Number) as [
  number,
  number,
  number,
]
const gatewayApi = process.env['GATEWAY_API'] ?? ''
if (gatewayApi === '' || !(counts.routes >= 1) || !(counts.services >= 1)) throw new Error(usage)

const DEADLINE_MS = 30_000
const http1 = { tls: false, protocol: 'http/1.1' } as const

const dir = mkdtempSync(join(tmpdir(), 'portcullis-cluster-'))
// An EndpointSlice has no addresses of the loopback interface.
const address = Object.values(networkInterfaces())
  .flat()
  .find(one => one?.family === 'IPv4' && !one.internal)?.address
if (address === undefined) throw new Error('this machine has no address of its own')
const backends = [await backend('0'), await backend('1')] as const
const cluster = await RealCluster.start({ skip: why => console.error(why) })
if (cluster === null) throw new Error(usage)
let running: Running | null = null
let followed: FollowedRoutes | null = null
try {
  for (const file of definitionsOf(gatewayApi)) cluster.kubectl(['apply', '--server-side', '-f', file])
  cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  const port = await freePort()
  const port0 = backends[0].port
  await putAll(cluster, objects(counts, port, { address, port: port0 }))
  console.log(`${counts.routes} routes, ${counts.services} services, ${counts.endpoints} endpoints`)
  followed = new FollowedRoutes(cluster.kubeconfig)
  running = await begin(port)
  await said(counts.routes)
  if (changes > 0)
    console.log(
      table([
        ['from the request to the API server to the first answer', 'median ms', 'worst', 'processor ms'],
        await measured('route', running, n => changeRoute(port, n)),
        await measured('endpoint', running, n => changeEndpoint(port, n)),
      ]),
    )
  console.log(`RSS ${megabytes(usageOf(running.pid).rssBytes)} MB`)
  if (churn > 0) {
    for (let round = 1; round <= rounds; round++) await churned(port, running, round)
    await plainly(Math.min(churn, 1_000))
  }
} finally {
  followed?.[Symbol.dispose]()
  await running?.stop()
  await cluster[Symbol.asyncDispose]()
  for (const { close } of backends) close()
  rmSync(dir, { recursive: true, force: true })
}

async function measured(
  what: string,
  { pid }: Running,
  change: (n: number) => Promise<number>,
): Promise<string[]> {
  const before = usageOf(pid).cpuNs
  const list: number[] = []
  for (let n = 1; n <= changes; n++) list.push(await change(n))
  const cpuMs = (usageOf(pid).cpuNs - before) / 1e6 / changes
  return [what, ...[median(list), Math.max(...list), cpuMs].map(ms => ms.toFixed(1))]
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0)
}

/** Says which one it is. */
async function backend(name: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((_, response) => response.end(name)).listen(0)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close().closeAllConnections() }
}

async function begin(port: number): Promise<Running> {
  const folder = join(dir, 'built')
  mkdirSync(folder, { recursive: true })
  const program = buildPackage(folder)
  const begunMs = performance.now()
  const one = await start({
    name: 'portcullis',
    core: 0,
    command: [
      program,
      'run',
      '--kubernetes',
      `--kubeconfig=${cluster!.kubeconfig}`,
      '--workers=1',
      '--roles=ingress',
      '--admin=off',
      '--access-log=off',
      '--publish=192.0.2.1',
      '--lease=default/portcullis',
      `--data=${join(dir, 'data')}`,
    ],
    log: join(dir, 'log'),
    probe: async () => (await ask(http1, port, { path: '/r0/x' }))?.status === 200,
  })
  const { cpuNs, rssBytes } = usageOf(one.pid)
  const seconds = ((performance.now() - begunMs) / 1000).toFixed(1)
  console.log(
    `serves after ${seconds} s, ${(cpuNs / 1e9).toFixed(1)} s of processor, RSS ${megabytes(rssBytes)} MB`,
  )
  return one
}

/** Resolves when so many routes have a status of their present generation, and says how long that took. */
async function said(count: number, label = 'bench', sinceMs = performance.now()): Promise<void> {
  while (followed!.told(label) < count) await delay(50)
  console.log(`${count} statuses after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s`)
}

/** Milliseconds from the request to the first answer of which `isNew` holds. */
async function until(sinceMs: number, isNew: () => Promise<boolean>): Promise<number> {
  while (!(await isNew())) {
    if (performance.now() - sinceMs > DEADLINE_MS) throw new Error('the change is not served')
    await delay(1)
  }
  return performance.now() - sinceMs
}

async function changeRoute(port: number, n: number): Promise<number> {
  const at = (n * 7) % counts.routes
  const path = `/apis/gateway.networking.k8s.io/v1/namespaces/bench/httproutes/r${at}`
  const sinceMs = performance.now()
  const written = cluster!.ask(
    'PATCH',
    path,
    { spec: routeOf(at, counts, `/changed-${n}`).spec },
    'application/merge-patch+json',
  )
  const took = await until(
    sinceMs,
    async () => (await ask(http1, port, { path: `/changed-${n}/x` }))?.status === 200,
  )
  const { status, body } = await written
  if (status !== 200) throw new Error(body)
  await delay(100)
  return took
}

async function changeEndpoint(port: number, n: number): Promise<number> {
  const path = '/apis/discovery.k8s.io/v1/namespaces/bench/endpointslices/s0'
  const now = String(n % 2)
  const slice = sliceOf(0, counts, { address: address!, port: backends[n % 2]!.port })
  const sinceMs = performance.now()
  const written = cluster!.ask('PATCH', path, { ports: slice.ports }, 'application/merge-patch+json')
  const took = await until(sinceMs, async () => (await ask(http1, port, { path: '/r0/x' }))?.body === now)
  const { status, body } = await written
  if (status !== 200) throw new Error(body)
  await delay(100)
  return took
}

/** By the API server's own count. */
async function statusesWritten(): Promise<number> {
  const { body } = await cluster!.ask('GET', '/metrics')
  return body
    .split('\n')
    .filter(
      line =>
        line.startsWith('apiserver_request_total{') &&
        line.includes('resource="httproutes"') &&
        line.includes('subresource="status"') &&
        line.includes('code="200"'),
    )
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** How fast this API server takes statuses of one who does nothing else, of routes that are nobody's. */
async function plainly(count: number): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => {
    const made = routeOf(i, counts, `/plain-${i}`)
    return { ...made, metadata: { ...made.metadata, name: `plain-${i}`, labels: { of: 'plain' } } }
  })
  const strangers = all.map(one => ({ ...one, spec: { ...one.spec, parentRefs: [{ name: 'nobody' }] } }))
  await putAll(cluster!, strangers)
  const lastTransitionTime = new Date().toISOString()
  const conditions = ['Accepted', 'ResolvedRefs'].map(type => ({
    type,
    status: 'True',
    reason: type,
    message: 'as a client writes it that does nothing else',
    observedGeneration: 1,
    lastTransitionTime,
  }))
  const status = {
    parents: [{ parentRef: { name: 'front' }, controllerName: 'bench.example/plain', conditions }],
  }
  const begunMs = performance.now()
  await putAll(
    cluster!,
    strangers.map(one => ({ ...one, status })),
    'PATCH',
    'status',
  )
  const perSecond = count / ((performance.now() - begunMs) / 1000)
  console.log(`a client that does nothing else writes ${perSecond.toFixed(0)} statuses a second`)
}

/** What the gateway has warned of. */
function warnings(): readonly string[] {
  return readFileSync(join(dir, 'log'), 'utf8')
    .split('\n')
    .filter(line => /"level":"(?:warn|error)"/.test(line))
}

/** So many routes come, change and go, while others are asked for. */
async function churned(port: number, { pid }: Running, round: number): Promise<void> {
  const load = new Worker(new URL('./lib/changing/light-load.ts', import.meta.url), {
    workerData: { port, path: '/r0/x' },
  })
  load.postMessage('begin')
  const writtenBefore = await statusesWritten()
  const begunMs = performance.now()
  const all = Array.from({ length: churn }, (_, i) => i)
  const of = (i: number, path: string) => {
    const made = routeOf(i, counts, path)
    return { ...made, metadata: { ...made.metadata, name: `churn-${i}`, labels: { of: 'churn' } } }
  }
  await putAll(
    cluster!,
    all.map(i => of(i, `/churn-${i}`)),
  )
  await putAll(
    cluster!,
    all.map(i => of(i, `/churned-${i}`)),
    'PATCH',
  )
  console.log(
    `round ${round}: ${2 * churn} changes in ${((performance.now() - begunMs) / 1000).toFixed(1)} s`,
  )
  await said(churn, 'churn')
  console.log(`${(await statusesWritten()) - writtenBefore} statuses written for them`)
  await putAll(
    cluster!,
    all.map(i => of(i, '')),
    'DELETE',
  )
  const goneMs = performance.now()
  const last = `/churned-${churn - 1}/x`
  await until(goneMs, async () => (await ask(http1, port, { path: last }))?.status === 404)
  const seen = once(load, 'message')
  load.postMessage('end')
  const [{ requests, failed, failures, slowestMs }] = (await seen) as [Seen]
  await load.terminate()
  if (failed > 0) console.log(failures)
  for (const line of warnings()) console.log(line)
  console.log(
    `${failed} of ${requests} requests failed, the slowest took ${slowestMs.toFixed(0)} ms; RSS ${megabytes(usageOf(pid).rssBytes)} MB`,
  )
}
