import type { SharedStreams } from '../http/h2/shared-streams.ts'
import type { Endpoint as EndpointSpec } from '../snapshot/cluster.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Place } from './choice/place.ts'
import type { Cluster } from './cluster.ts'
import { ClusterTable } from './clusters.ts'
import type { DnsLookup } from './dns.ts'
import type { Endpoint } from './endpoint.ts'
import { stateOf, type EndpointState } from './endpoint-state.ts'
import { upstreamEvents, type UpstreamEvents } from './events.ts'
import type { ClusterHealth } from './health.ts'
import { threadAddress } from './crossing/address.ts'
import { CrossingPool } from './crossing/pool.ts'
import { CrossingPorts } from './crossing/ports.ts'
import { Http1Pool } from './h1/pool.ts'
import { Http2Pool } from './h2/pool.ts'
import type { PoolParts, UpstreamPool } from './pool.ts'
import type { Verdicts } from './verdicts.ts'
import type { SharedState } from '../shared/node-state.ts'
import { ClientContexts } from './tls/contexts.ts'
import { TlsDialer } from './tls/dialer.ts'

export interface UpstreamsOptions {
  readonly log: Logger
  /** Of the snapshot that is in force. */
  readonly metrics: (cluster: string) => ClusterMetrics
  /** Of this worker's HTTP/2 connections. */
  readonly shared: SharedStreams
  /** Workers that share the limits of this process. */
  readonly workers?: number
  /** Which of them this is, and where; absent: one that is alone. */
  readonly place?: Place
  readonly lookup?: DnsLookup
  /** What workers of the node share; absent: this one is alone. */
  readonly state?: SharedState
  /** What the machine trusts; absent: what it says that it does. */
  readonly systemAuthorities?: () => readonly string[]
}

/** New DNS names get this long for their first answer before requests may meet them. */
const RESOLVE_MS = 2_000
/** Whoever looks at more of them looks page by page. */
const MOST_ASKED = 1_000

/**
 * Everything of one worker that stands before its upstreams: clusters and their
 * endpoints, the pools of connections to them and how those are made, who waits,
 * and the sweeps that enforce limits of seconds. It outlives snapshots.
 */
export class Upstreams {
  /** The ways to threads that answer requests. */
  readonly threads = new CrossingPorts(thread => this.isHeld(thread))
  private readonly shared: SharedStreams
  private readonly events: UpstreamEvents
  private readonly metrics: (cluster: string) => ClusterMetrics
  private readonly contexts: ClientContexts
  private readonly clusters: ClusterTable<UpstreamPool>
  /** By how many each is held. */
  private readonly holds = new Map<Cluster<UpstreamPool>, number>()

  constructor({
    log,
    metrics,
    shared,
    workers = 1,
    place,
    lookup,
    state,
    systemAuthorities,
  }: UpstreamsOptions) {
    this.shared = shared
    this.metrics = metrics
    this.events = upstreamEvents(log, metrics)
    this.contexts = new ClientContexts(systemAuthorities)
    this.clusters = new ClusterTable<UpstreamPool>({
      makePool: (endpoint, cluster) => this.makePool(endpoint, cluster),
      workers,
      events: this.events,
      ...(place && { place }),
      ...(lookup === undefined ? {} : { lookup }),
      ...(state !== undefined && {
        shared: { counters: state.counters('clusters', 'clusters'), nowUs: () => state.clock.nowUs() },
      }),
    })
  }

  /**
   * Takes the clusters of another snapshot, beside those of the one before, and
   * waits a while for names that are new. `sweepUnnamed` when nothing that begins
   * now asks for the old ones.
   */
  async apply({
    clusters,
    endpoints,
    certificates = {},
  }: Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>): Promise<void> {
    this.contexts.apply(clusters, certificates)
    this.clusters.apply(clusters, endpoints)
    await Promise.race([this.clusters.settled(), later(RESOLVE_MS)])
  }

  /** Drains the clusters that the last snapshot does not name, and answers with their names. */
  sweepUnnamed(): string[] {
    return this.clusters.sweep()
  }

  /** Another number whenever there is another cluster, or one less. */
  get generation(): number {
    return this.clusters.generation
  }

  /** The short way for endpoint changes. */
  setEndpoints(cluster: string, endpoints: readonly EndpointSpec[]): void {
    this.clusters.setEndpoints(cluster, endpoints)
  }

  /** What checks have found of endpoints. */
  setVerdicts(verdicts: Verdicts): void {
    this.clusters.setVerdicts(verdicts)
  }

  /** How endpoints are: of these clusters; null: of those in which not all is well. */
  health(clusters: readonly string[] | null): readonly ClusterHealth[] {
    return this.clusters.health(clusters, MOST_ASKED)
  }

  get(name: string): Cluster<UpstreamPool> | undefined {
    return this.clusters.get(name)
  }

  /** Until it is released its threads are asked, also those that leave. Null where there is no such cluster. */
  hold(name: string): { readonly cluster: Cluster<UpstreamPool>; readonly release: () => void } | null {
    const cluster = this.clusters.get(name)
    if (cluster === undefined) return null
    const { holds } = this
    holds.set(cluster, (holds.get(cluster) ?? 0) + 1)
    const release = (): void => {
      const left = holds.get(cluster)! - 1
      if (left > 0) holds.set(cluster, left)
      else holds.delete(cluster)
      if (left === 0) this.threads.released()
    }
    return { cluster, release }
  }

  private isHeld(thread: number): boolean {
    const address = threadAddress(thread)
    for (const { endpoints } of this.holds.keys())
      for (const endpoint of endpoints) if (endpoint.address === address) return true
    return false
  }

  /** Enforces limits of seconds. `look` is to have every exchange say what it holds of clusters under pressure. */
  sweep(nowMs: number, look: () => void): void {
    const all = [...this.clusters.alive()]
    for (const { pressure } of all) pressure.begin()
    look()
    for (const cluster of all) sweepCluster(cluster, nowMs)
    // Of 20,000 clusters most may never be asked for: their series would leave no room for others'.
    for (const cluster of this.clusters.values()) {
      if (!cluster.asked) continue
      cluster.retries.publish()
      cluster.breaker?.publish()
      this.measure(cluster, nowMs)
    }
  }

  /** What waits for mirrors. Of HTTP/2 it is among the bytes of streams. */
  get mirroredBytes(): number {
    let bytes = 0
    for (const { config, mirroredBytes } of this.clusters.values())
      if (config.protocol === 'http') bytes += mirroredBytes
    return bytes
  }

  drain(): void {
    this.clusters.drain()
    this.threads.close()
  }

  private measure(cluster: Cluster<UpstreamPool>, nowMs: number): void {
    let idle = 0
    const states: Partial<Record<EndpointState, number>> = {}
    for (const endpoint of cluster.endpoints) {
      const { openedPool } = endpoint
      endpoint.measure(nowMs)
      idle += openedPool?.idleConnections ?? 0
      const state = stateOf(endpoint)
      states[state] = (states[state] ?? 0) + 1
    }
    const metrics = this.metrics(cluster.name)
    metrics.gauge('portcullis_upstream_endpoints').set(cluster.size)
    metrics.gauge('portcullis_upstream_endpoints_serving').set(states.serving ?? 0)
    for (const state of ['unready', 'unhealthy', 'ejected'] as const) {
      if (states[state] !== undefined) cluster.outStates.add(state)
      if (cluster.outStates.has(state))
        metrics.gauge('portcullis_upstream_endpoints_out', { state }).set(states[state] ?? 0)
    }
    metrics.gauge('portcullis_upstream_connections_idle').set(idle)
    metrics.gauge('portcullis_upstream_connections_active').set(cluster.connections - idle)
    metrics.gauge('portcullis_upstream_requests_pending').set(cluster.pending)
    if (cluster.hadConcurrency)
      metrics.gauge('portcullis_upstream_concurrency_limit').set(cluster.concurrency?.limit ?? 0)
    if (!cluster.hadBreaker) return
    const state = cluster.breaker?.state ?? 'closed'
    metrics.gauge('portcullis_upstream_breaker_open').set(state === 'closed' ? 0 : 1)
    metrics.gauge('portcullis_upstream_breaker_half_open').set(state === 'half-open' ? 1 : 0)
  }

  private makePool(endpoint: Endpoint<UpstreamPool>, cluster: Cluster<UpstreamPool>): UpstreamPool {
    const { protocol, tls } = cluster.config
    const parts: PoolParts = {
      endpoint,
      cluster,
      events: this.events,
      dialer: protocols =>
        tls === undefined ? null : new TlsDialer(tls, wanted => this.contexts.of(wanted), protocols),
    }
    if (protocol === 'bundle') return new CrossingPool(parts, this.threads)
    return protocol === 'h2' ? new Http2Pool(parts, this.shared) : new Http1Pool(parts)
  }
}

function sweepCluster({ pressure, queue, endpoints, config }: Cluster<UpstreamPool>, nowMs: number): void {
  pressure.finish(nowMs)
  queue.expire(nowMs - config.connectTimeoutMs)
  for (const { openedPool } of endpoints) openedPool?.sweep(nowMs)
}

function later(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}
