import type * as snapshot from '../snapshot/cluster.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { RandomSource } from './balancers/balancer.ts'
import { nowhere, type Place } from './choice/place.ts'
import { systemClock, type Clock } from './clock.ts'
import { Cluster, type ClusterContext, type ClusterEvents } from './cluster.ts'
import { DnsResolver, type DnsEvents, type DnsLookup } from './dns.ts'
import type { Endpoint, EndpointPool } from './endpoint.ts'
import { healthOf, isUnwell, type ClusterHealth } from './health.ts'
import { Keep } from './keep.ts'
import { VerdictBook, type Verdicts } from './verdicts.ts'
import type { SharedCounts } from './retry-budget.ts'
import { CounterAreas, counterMemory } from '../shared/counters.ts'

export interface ClusterTableOptions<P extends EndpointPool> {
  makePool(endpoint: Endpoint<P>, cluster: Cluster<P>): P
  /** Workers that share the limits of this process. */
  readonly workers?: number
  /** Absent: one that is alone. */
  readonly place?: Place
  readonly events?: ClusterEvents & DnsEvents
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly lookup?: DnsLookup
  /** What workers count together; absent: this one counts alone. */
  readonly shared?: SharedCounts
}

/**
 * The clusters of one worker. A snapshot is applied in two steps: `apply` before
 * the new runtime is compiled (it holds the clusters that `get` gives), `sweep`
 * after the swap, which drains those that the snapshot did not name.
 */
export class ClusterTable<P extends EndpointPool = EndpointPool> {
  private readonly keep = new Keep<Cluster<P>>()
  private readonly verdicts = new VerdictBook()
  private readonly context: ClusterContext<P>
  /** Drained, and with something under way. */
  private readonly leaving = new Set<Cluster<P>>()
  /** What was applied last, and whether all that it names has been asked for. */
  private named: readonly snapshot.Cluster[] = []
  private lists: Snapshot['endpoints'] = {}
  private asked = false
  /** Rises whenever there is another cluster, or one less. */
  generation = 0

  constructor(options: ClusterTableOptions<P>) {
    const {
      workers = 1,
      place = nowhere,
      events = silent,
      clock = systemClock,
      random = Math.random,
      lookup,
    } = options
    const shared = options.shared ?? alone(clock)
    const resolver = new DnsResolver({ clock, random, events, ...(lookup === undefined ? {} : { lookup }) })
    const makePool = (endpoint: Endpoint<P>, cluster: Cluster<P>): P => options.makePool(endpoint, cluster)
    const { verdicts } = this
    this.context = {
      makePool,
      workers: Math.max(1, workers),
      place,
      resolver,
      clock,
      random,
      shared,
      events,
      verdicts,
    }
  }

  /**
   * `endpoints` by cluster name; a cluster that is not in it has none. Lists that are the same objects as before are
   * not looked into: of 20,000 clusters few change at a time.
   */
  apply(clusters: readonly snapshot.Cluster[], endpoints: Snapshot['endpoints']): void {
    if (clusters === this.named && endpoints === this.lists) return
    this.named = []
    this.asked = true
    for (const config of clusters) {
      const cluster = this.keep.get(config.name, () => this.make(config))
      if (cluster.config !== config) cluster.update(config)
      cluster.setEndpoints(Object.hasOwn(endpoints, config.name) ? endpoints[config.name]! : [])
    }
    this.named = clusters
    this.lists = endpoints
  }

  /** Drains the clusters that the last `apply` did not name, and answers with their names. */
  sweep(): string[] {
    if (!this.asked) return []
    this.asked = false
    const left = this.keep.sweep()
    for (const cluster of left) this.leaving.add(cluster)
    if (left.length > 0) this.generation++
    return left.map(({ name }) => name)
  }

  private *unwell(): IterableIterator<Cluster<P>> {
    for (const cluster of this.values()) if (isUnwell(cluster)) yield cluster
  }

  private make(config: snapshot.Cluster): Cluster<P> {
    this.generation++
    return new Cluster(config, this.context)
  }

  /** The short way for endpoint changes. False when there is no such cluster (any more). */
  setEndpoints(name: string, list: readonly snapshot.Endpoint[]): boolean {
    const cluster = this.keep.peek(name)
    cluster?.setEndpoints(list)
    return cluster !== undefined
  }

  /** What checks have found of endpoints, or will be there when there are such. */
  setVerdicts(verdicts: Verdicts): void {
    for (const cluster of this.verdicts.take(verdicts)) this.keep.peek(cluster)?.diagnose()
  }

  get(name: string): Cluster<P> | undefined {
    return this.keep.peek(name)
  }

  values(): IterableIterator<Cluster<P>> {
    return this.keep.values()
  }

  /** How endpoints are: of these clusters, or of the first `most` in which not all is well. */
  health(names: readonly string[] | null, most: number): readonly ClusterHealth[] {
    const nowMs = this.context.clock.now()
    const clusters = names === null ? this.unwell() : names.flatMap(name => this.keep.peek(name) ?? [])
    return Iterator.from(clusters)
      .take(most)
      .map(cluster => healthOf(cluster, nowMs))
      .toArray()
  }

  /** Those, and the ones that are drained, as long as exchanges hold something of them: for sweeps. */
  *alive(): IterableIterator<Cluster<P>> {
    yield* this.values()
    for (const cluster of this.leaving)
      if (cluster.idle) this.leaving.delete(cluster)
      else yield cluster
  }

  /** Resolves when every DNS name of every cluster has had its first answer; wait for it no longer than you want to. */
  async settled(): Promise<void> {
    await Promise.all([...this.values()].flatMap(cluster => (cluster.isSettled ? [] : [cluster.settled()])))
  }

  drain(): void {
    this.keep.clear()
  }
}

function alone(clock: Clock): SharedCounts {
  const memory = counterMemory(new Uint8Array(16), { buckets: 64, reserve: 1 })
  return {
    counters: new CounterAreas(memory, 1).scope('clusters'),
    nowUs: () => Math.floor(clock.now() * 1000),
  }
}

const silent: ClusterEvents & DnsEvents = {
  onEjected() {},
  onReturned() {},
  onPanic() {},
  onRetryDecided() {},
  onBreaker() {},
  onResolved() {},
  onResolveFailed() {},
}
