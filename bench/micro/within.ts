/**
 * What a call of a composition costs by the clusters of its thread, beside a call of a filter (Call) and undici's
 * dispatch, to the same backend: `node bench/micro/within.ts`. Numbers of one run are in docs/adr.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Agent } from 'undici'
import { FilterTable } from '../../src/filters/compile.ts'
import type { FilterType } from '../../src/filters/filter.ts'
import type { Kit } from '../../src/filters/kit.ts'
import { noActions } from '../../src/proxy/action.ts'
import type { FilterConfig } from '../../src/snapshot/rule.ts'
import { clusterOf } from '../../test/support/cluster.ts'
import { callOf, ThreadWithin } from '../../test/support/within.ts'

const TIMES = 15_000
const AT_ONCE = 16

const backend = new Worker(
  `const { createServer } = require('node:http')
   const body = JSON.stringify({ id: '7', name: 'Ada', tier: 'gold' })
   const server = createServer((_, response) => response.setHeader('Content-Type', 'application/json').end(body))
   server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port))`,
  { eval: true },
)
const [port] = (await once(backend, 'message')) as [number]
let kit!: Kit
const probe: FilterType<FilterConfig> = {
  type: 'probe',
  role: 'composition',
  phase: 'cache',
  compile: (_, given) => {
    kit = given
    return {}
  },
  describe: () => '',
}
const types = { filters: new FilterTable([probe]), actions: noActions }
const thread = await ThreadWithin.of([port], { engine: { types } })
const plain = thread.transport
const { origin } = clusterOf('a')
const action = {
  type: 'forward',
  backends: [{ weight: 1, cluster: 'a', filters: [] }],
  mirrors: [],
  requestTimeoutMs: 0,
  backendTimeoutMs: 0,
  retry: null,
} as const
await thread.engine.apply({
  version: 2,
  ports: [],
  clusters: [clusterOf('a')],
  endpoints: { a: [{ address: '127.0.0.1', port, weight: 1 }] },
  within: {
    a: { id: 'composition/default/c/a', origin, filters: [], action },
    probe: { id: 'probe', origin, filters: [{ type: 'probe', origin }], action },
  },
})
const headers = { accept: 'application/json', authorization: 'Bearer x' }
const agent = new Agent({ connections: AT_ONCE })

const ways: Readonly<Record<string, () => Promise<unknown>>> = {
  'ClusterTransport.send': async () => {
    const { body } = await plain.send(callOf({ headers }))
    return body.bytes(65_536)
  },
  'Call of a filter': () =>
    kit.call(
      'a',
      { method: 'GET', target: '/', authority: 'a', fields: Object.entries(headers).flat() },
      { limitBytes: 65_536, deadlineMs: performance.now() + 60_000, signal: new AbortController().signal },
    ),
  'undici dispatch': () =>
    new Promise((resolve, reject) => {
      const pieces: Buffer[] = []
      agent.dispatch(
        { origin: `http://127.0.0.1:${port}`, path: '/', method: 'GET', headers },
        {
          onRequestStart: () => undefined,
          onResponseStart: () => undefined,
          onResponseData: (_, piece) => void pieces.push(piece),
          onResponseEnd: () => resolve(Buffer.concat(pieces)),
          onResponseError: (_, error) => reject(error),
        },
      )
    }),
}

async function usEach(times: number, one: () => Promise<unknown>): Promise<number> {
  const start = process.threadCpuUsage()
  let left = times
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await one()
    }),
  )
  const { user, system } = process.threadCpuUsage(start)
  return (user + system) / times
}

for (const one of Object.values(ways)) await usEach(TIMES / 3, one)
const best: Record<string, number> = {}
for (let round = 0; round < 5; round++)
  for (const [name, one] of Object.entries(ways))
    best[name] = Math.min(best[name] ?? Infinity, await usEach(TIMES, one))
for (const [name, us] of Object.entries(best))
  console.log(`${name.padEnd(24)} ${us.toFixed(1)} µs of this thread`)

await agent.close()
await thread[Symbol.asyncDispose]()
await backend.terminate()
