/**
 * What becomes of a changed HTTPRoute between the line of its watch and the router that has it, by phase: milliseconds of
 * the thread's time, the mean of some changes, without a cluster. `node bench/micro/cluster-change.ts [routes] [changes]`.
 */
import { findingsOf, linesWith } from '../../src/control/findings.ts'
import { kinds, roles } from '../../src/cli/roles.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import { ObjectStore } from '../../src/kubernetes/object-store.ts'
import { StatusWriter } from '../../src/kubernetes/status/status-writer.ts'
import { HTTPRoute } from '../../src/model/kinds/http-route.ts'
import { settle, type FileState } from '../../src/model/last-good.ts'
import { resultOf, type LoadResult } from '../../src/model/loaded.ts'
import type { ResourceRef } from '../../src/model/resource.ts'
import { qualifiedKind } from '../../src/model/resources.ts'
import { Engine } from '../../src/proxy/engine.ts'
import { Received } from '../../src/proxy/received.ts'
import { SnapshotBytes } from '../../src/proxy/snapshot-bytes.ts'
import { onlyEndpointsChanged } from '../../src/snapshot/diff.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { Instruments } from '../../src/telemetry/instruments.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'
import { translateAll } from '../../src/translation/role.ts'
import { objects, routeOf, type Counts } from '../lib/cluster/objects.ts'

const [routes = 5000, changes = 21] = process.argv.slice(2).map(Number)
const counts: Counts = { routes, services: Math.ceil(routes / 10), endpoints: routes }
const CREATED = '2026-01-02T03:04:05Z'
const ingress = roles.filter(({ name }) => name === 'ingress')

const spent = new Map<string, number[]>()

/** Time of this thread on a processor, in milliseconds: others may have the machine too. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function add(name: string, sinceMs: number): void {
  spent.set(name, [...(spent.get(name) ?? []), usedMs() - sinceMs])
}

function phase<T>(name: string, act: () => T): T {
  const sinceMs = usedMs()
  const result = act()
  add(name, sinceMs)
  return result
}

/** As an API server has it. */
const written = (made: object, version: number): string => {
  const { metadata, ...rest } = made as { readonly metadata: object }
  const more = { generation: version, resourceVersion: `${version}`, creationTimestamp: CREATED }
  return JSON.stringify({ ...rest, metadata: { ...metadata, ...more } })
}

let version = 1
const stores = new Map(
  kinds.all.map(kind => [qualifiedKind(kind), new ObjectStore(kind, kinds, true, () => {})] as const),
)
const put = (text: string): void => {
  const object = phase('parse', () => JSON.parse(text) as { apiVersion: string; kind: string })
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0]! : ''
  phase('judge', () => stores.get(qualifiedKind({ group, kind: object.kind }))!.put(object))
}
let states: readonly FileState[] = []
let last: LoadResult | null = null
const loaded = (): LoadResult => {
  const contents = Array.from(stores, ([file, { validations }]) => ({
    file,
    validations,
    problems: [],
    whole: true,
    unread: [],
    attached: [],
    parts: [],
  }))
  const settled = phase('settle', () => settle(contents, states, () => ''))
  states = settled.files
  return (last = phase('index', () => resultOf(settled, [], last?.resources ?? null)))
}

const log = new Logger({ write: () => {} })
const engine = new Engine({
  types: ruleTypes,
  log,
  sinks: {
    instruments: new Instruments(new MetricsWriter(undefined, () => {})),
    accessLog: null,
    recent: null,
  },
})
const source = {
  name: 'kubernetes' as const,
  known: (ref: ResourceRef) => stores.get(qualifiedKind(ref))?.get(ref.namespace, ref.name),
  versionOf: () => 'v1',
  kindOf: (ref: ResourceRef) => stores.get(qualifiedKind(ref))?.kind ?? null,
}
let writes = 0
const mergePatch = (): Promise<unknown> => Promise.resolve(writes++)
const writer = new StatusWriter({
  client: { mergePatch },
  source,
  log,
  addresses: () => ['192.0.2.1'],
  features: [],
})
writer.lead(true)
const received = new Received()
let snapshot: Snapshot = { version: 0, ports: [], clusters: [], endpoints: {} }

async function turn(): Promise<void> {
  const { resources } = loaded()
  const { parts, conditions, problems, gateways } = phase('translate', () => translateAll(ingress, resources))
  if (phase('compare', () => snapshot.version > 0 && onlyEndpointsChanged(snapshot, parts)))
    throw new Error('nothing changed')
  phase('findings', () => {
    linesWith(findingsOf(problems, conditions), 'error')
    linesWith(findingsOf(problems, conditions), 'error')
  })
  const before = snapshot
  snapshot = { ...parts, version: before.version + 1 }
  const message = phase('patch', () => new SnapshotBytes(snapshot).from(before.version === 0 ? null : before))
  const now = phase('worker: patched', () =>
    message.type === 'snapshot' ? received.whole(message.bytes) : received.patched(message.bytes),
  )
  const sinceMs = usedMs()
  await engine.apply(now)
  add('worker: apply', sinceMs)
  phase('statuses', () => writer.applied({ resources, conditions, gateways }))
  await new Promise(resolve => setImmediate(resolve))
}

const routeNamed = (name: string, path: string) => {
  const made = routeOf(7, counts, path)
  return { ...made, metadata: { ...made.metadata, name } }
}
const cases: Readonly<Record<string, (n: number) => void>> = {
  changed: n => put(written(routeOf((n * 7) % routes, counts, `/changed-${n}`), ++version)),
  created: n => put(written(routeNamed(`n${n}`, `/created-${n}`), ++version)),
  deleted: n => stores.get(qualifiedKind(HTTPRoute))!.remove(routeNamed(`n${n}`, '')),
  '32 changed': n => {
    for (let i = 0; i < 32; i++)
      put(written(routeOf((n * 37 + i * 11) % routes, counts, `/changed-${n}-${i}`), ++version))
  },
}

for (const made of objects(counts, 18080, { address: '198.18.0.1', port: 1 })) put(written(made, version))
await turn()
for (const [name, change] of Object.entries(cases)) {
  spent.clear()
  const totals: number[] = []
  for (let n = 1; n <= changes; n++) {
    const sinceMs = usedMs()
    change(n)
    await turn()
    totals.push(usedMs() - sinceMs)
  }
  console.log(`${name}, of ${routes}: ${mean(totals).toFixed(1)} ms`)
  console.log(`  ${[...spent].map(([what, list]) => `${what} ${mean(list).toFixed(2)}`).join(', ')}`)
}
await writer.close()
await engine.drain(0)

/** The clock of threads ticks in milliseconds on some machines, so that a median would be one of them. */
function mean(list: readonly number[]): number {
  return list.reduce((sum, one) => sum + one, 0) / list.length
}
