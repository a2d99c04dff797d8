import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Cluster } from '../../src/admin/shapes/cluster.ts'
import { faultyWires, type FaultyWire } from '../support/faults.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { Replica, SteadyLoad } from '../support/replicas.ts'
import { gateway, httpRoute, yamlOf } from '../support/resources.ts'

const REPLICAS = 3
/** So many answers of each client are between two steps. */
const BETWEEN = 20

const site = (listen: number, port: number, wire: FaultyWire): string =>
  yamlOf(
    gateway([{ name: 'http', port: listen }]),
    httpRoute('all', { rules: [{ backendRefs: [{ name: 'shop', port: 80 }] }] }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop' },
      spec: {
        ports: [
          { port: 80, targetPort: port, ...(wire === 'h2c' ? { appProtocol: 'kubernetes.io/h2c' } : {}) },
        ],
      },
    },
    {
      apiVersion: 'portcullis.dev/v1alpha1',
      kind: 'BackendPolicy',
      metadata: { name: 'shop' },
      spec: {
        targetRefs: [{ kind: 'Service', name: 'shop', group: '' }],
        retry: { attempts: 2, backOff: { baseInterval: '1ms' } },
      },
    },
  )

/** As the controller of Kubernetes writes it: who ends is not ready any more, and serves while it does. */
const slice = (port: number, ready: readonly Replica[], ending: readonly Replica[] = []): string =>
  yamlOf({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop-1', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ port }],
    endpoints: [
      ...ready.map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
      ...ending.map(({ address }) => ({
        addresses: [address],
        conditions: { ready: false, serving: true, terminating: true },
      })),
    ],
  })

interface Update {
  readonly running: RunProcess
  readonly load: SteadyLoad
  readonly old: Replica
  /** Writes the slice of what there is. */
  tell(ending: readonly Replica[]): void
  /** Resolves when all workers say that this endpoint is not ready. */
  unready(replica: Replica): Promise<void>
}

/** Replaces all replicas, one after another, under load; `leave` is how one goes whose successor serves. */
async function rolled(
  wire: FaultyWire,
  methods: readonly string[],
  leave: (update: Update) => Promise<void>,
): Promise<void> {
  const [listen, port] = [await freePort(), await freePort()]
  await using stack = new AsyncDisposableStack()
  let next = 1
  const start = async (): Promise<Replica> => stack.use(await Replica.start(wire, `127.0.2.${next++}`, port))
  const replicas = await Promise.all(Array.from({ length: REPLICAS }, start))
  using folder = new Folder({ 'site.yaml': site(listen, port, wire), 'slice.yaml': slice(port, replicas) })
  await using running = await RunProcess.start([folder.path], '--workers', '2', '--access-log', 'off')
  await running.started()
  const load = new SteadyLoad(listen, methods)
  await load.more(BETWEEN)
  const unready = async ({ address }: Replica): Promise<void> => {
    for (;;) {
      const answer = await running.get(`/v1/clusters/${encodeURIComponent('Service/default/shop:80')}`)
      const { endpoints } = (await answer.json()) as Cluster
      const { state, says } = endpoints.find(one => one.address === address) ?? {}
      if (state === 'unready' && says?.workers === 2) return
    }
  }
  for (let i = 0; i < REPLICAS; i++) {
    replicas.push(await start())
    const old = replicas.shift()!
    const tell = (ending: readonly Replica[]): void =>
      folder.write('slice.yaml', slice(port, replicas, ending))
    folder.write('slice.yaml', slice(port, [old, ...replicas]))
    await load.more(BETWEEN)
    await leave({ running, load, old, tell, unready })
    tell([])
    await load.more(BETWEEN)
  }
  // Nobody who has gone is asked any more, and those who came are.
  await load.stop()
  assert.deepEqual(load.failures, [])
  assert.ok(
    load.last.every(address => replicas.some(one => one.address === address)),
    load.last.join(),
  )
}

for (const wire of faultyWires)
  suite(`a rolling update fails no request (${wire})`, () => {
    test('where a replica ends when the gateway has heard of it: whatever the method', () =>
      rolled(wire, ['GET', 'POST'], async ({ old, tell, unready }) => {
        tell([old])
        await unready(old)
        await old.end()
      }))

    test('where it ends while that is told: of what may be repeated', () =>
      rolled(wire, ['GET', 'PUT'], async ({ old, tell, load }) => {
        const gone = old.end()
        await load.more(1)
        tell([old])
        await gone
      }))

    test('where it has ended long before that is told: of what may be repeated', () =>
      rolled(wire, ['GET', 'PUT'], async ({ old, load }) => {
        await old.end()
        await load.more(BETWEEN)
      }))
  })
