import { FilterTable } from '../../../src/filters/compile.ts'
import { trialKit } from '../../../src/filters/trial-kit.ts'
import { ActionTable } from '../../../src/proxy/action.ts'
import { compileRule } from '../../../src/proxy/compile.ts'
import { HeldBodies } from '../../../src/proxy/held-bodies.ts'
import { Observer } from '../../../src/proxy/observe.ts'
import { Overload } from '../../../src/proxy/overload.ts'
import type { CompiledRule } from '../../../src/proxy/rule.ts'
import { CounterAreas, counterMemory, type CounterMemory } from '../../../src/shared/counters.ts'
import type { Cluster, Endpoint } from '../../../src/snapshot/cluster.ts'
import type { Forward } from '../../../src/snapshot/rule.ts'
import { Instruments } from '../../../src/telemetry/instruments.ts'
import { MetricsWriter } from '../../../src/telemetry/metrics.ts'
import type { Cluster as LiveCluster } from '../../../src/upstream/cluster.ts'
import { ClusterTable } from '../../../src/upstream/clusters.ts'
import type { UpstreamPool } from '../../../src/upstream/pool.ts'
import { clusterOf } from '../../support/cluster.ts'
import { origin } from '../../support/exchange.ts'
import { requestHead } from '../../support/head.ts'
import { SimulatedPool } from './connections.ts'
import { SimulatedExchange, type Outcome } from './exchange.ts'
import { Host, type HostSettings } from './host.ts'
import type { World } from './virtual-time.ts'

/** As the engine has it (proxy/engine.ts). */
const SWEEP_MS = 500
const NAME = 'Backend/default/shop'

export interface GatewaySettings {
  readonly workers: number
  readonly cluster: Partial<Cluster>
  readonly forward: Partial<Forward>
  readonly hosts: readonly HostSettings[]
}

/** What the gateway tells its log. */
export interface Told {
  readonly atMs: number
  readonly what: 'ejected' | 'returned' | 'panics' | 'calm' | 'open' | 'half-open' | 'closed'
  readonly endpoint: string
  readonly worker: number
}

/** Workers of one gateway before one cluster, as the program has them: each chooses by itself, and they share counters. */
export class Gateway {
  readonly hosts: readonly Host[]
  readonly told: Told[] = []
  private readonly workers: readonly Worker[]

  constructor(world: World, settings: GatewaySettings) {
    this.hosts = settings.hosts.map(one => new Host(world, one))
    const memory = counterMemory(new Uint8Array(16), { buckets: 256, reserve: 16 })
    this.workers = Array.from(
      { length: settings.workers },
      (_, number) => new Worker(world, number, settings, this.hosts, memory, this.told),
    )
    this.setEndpoints(this.hosts.map((_, i) => endpointOf(i)))
    world.time.every(SWEEP_MS, () => this.workers.forEach(worker => worker.sweep()))
  }

  setEndpoints(endpoints: readonly Endpoint[]): void {
    for (const { table } of this.workers) table.setEndpoints(NAME, endpoints)
  }

  /** The cluster as one worker sees it. */
  cluster(worker = 0): LiveCluster<UpstreamPool> {
    return this.workers[worker]!.table.get(NAME)!
  }

  /** How many requests at once all workers together let through, where that adapts. */
  get concurrencyLimit(): number {
    return this.workers.reduce((sum, { table }) => sum + (table.get(NAME)!.concurrency?.limit ?? Infinity), 0)
  }

  /** A request of this client, by the worker that has its connection. */
  request(client: number, onOver: (outcome: Outcome) => void, method = 'GET'): void {
    const { rule } = this.workers[client % this.workers.length]!
    new SimulatedExchange(requestHead({ method }), `192.0.2.${client}`, rule, onOver)
  }
}

class Worker {
  readonly table: ClusterTable<UpstreamPool>
  readonly rule: CompiledRule
  private readonly time: World['time']

  constructor(
    world: World,
    number: number,
    { workers, cluster, forward }: GatewaySettings,
    hosts: readonly Host[],
    memory: CounterMemory,
    told: Told[],
  ) {
    const { time, random } = world
    this.time = time
    const tell = (what: Told['what'], endpoint = ''): void => {
      told.push({ atMs: time.elapsedMs, what, endpoint, worker: number })
    }
    const counters = new CounterAreas(memory, number + 1).scope('clusters')
    this.table = new ClusterTable<UpstreamPool>({
      makePool: (endpoint, of) =>
        new SimulatedPool(
          { endpoint, cluster: of, events: noEvents, dialer: () => null },
          hosts[endpoint.port - FIRST_PORT]!,
          world,
        ),
      workers,
      random,
      shared: { counters, nowUs: () => Math.floor(time.nowMs * 1000) },
      events: {
        onEjected: (_, endpoint) => tell('ejected', endpoint),
        onReturned: (_, endpoint) => tell('returned', endpoint),
        onPanic: (_, panics) => tell(panics ? 'panics' : 'calm'),
        onBreaker: (_, state) => tell(state),
        onRetryDecided() {},
        onResolved() {},
        onResolveFailed() {},
      },
    })
    this.table.apply([clusterOf(NAME, cluster)], {})
    this.rule = compileRule(
      { id: 'shop', origin, filters: [], action: { ...plain, ...forward } },
      {
        types: { filters: new FilterTable([]), actions: new ActionTable([]) },
        kit: trialKit,
        clusters: this.table,
        observer: new Observer({
          instruments: new Instruments(new MetricsWriter(undefined, () => {})),
          accessLog: null,
        }),
        overload: new Overload(),
        held: new HeldBodies(),
        uncompilable(_, reason) {
          throw new Error(reason)
        },
        mirrorLost() {},
      },
    )
  }

  /** What Upstreams.sweep does with limits and counts. */
  sweep(): void {
    for (const { pressure, queue, config, retries, breaker } of this.table.values()) {
      pressure.begin()
      pressure.finish(this.time.nowMs)
      queue.expire(this.time.nowMs - config.connectTimeoutMs)
      retries.publish()
      breaker?.publish()
    }
  }
}

const FIRST_PORT = 8000

/** Number `i` of the hosts, as its cluster names it. */
export function endpointOf(i: number, more: Partial<Endpoint> = {}): Endpoint {
  return { address: '10.0.0.1', port: FIRST_PORT + i, weight: 1, ...more }
}

const plain: Forward = {
  type: 'forward',
  backends: [{ weight: 1, cluster: NAME, filters: [] }],
  mirrors: [],
  requestTimeoutMs: 0,
  backendTimeoutMs: 0,
  retry: null,
}

const noEvents = { onConnect() {}, onConnectFailed() {}, onFault() {} }
