import { SharedStreams } from '../../../http/h2/shared-streams.ts'
import type { Cluster as ClusterConfig } from '../../../snapshot/cluster.ts'
import type { HealthChecks } from '../../../snapshot/health.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import type { Logger } from '../../../telemetry/log.ts'
import { systemClock, type Cancel, type Clock } from '../../../upstream/clock.ts'
import type { Cluster } from '../../../upstream/cluster.ts'
import { ClusterTable } from '../../../upstream/clusters.ts'
import type { DnsLookup } from '../../../upstream/dns.ts'
import { Endpoint } from '../../../upstream/endpoint.ts'
import { Http1Pool } from '../../../upstream/h1/pool.ts'
import { Http2Pool } from '../../../upstream/h2/pool.ts'
import type { PoolParts, UpstreamPool } from '../../../upstream/pool.ts'
import { ClientContexts } from '../../../upstream/tls/contexts.ts'
import { TlsDialer } from '../../../upstream/tls/dialer.ts'
import { Turns } from '../../../upstream/turns.ts'
import type { Verdicts } from '../../../upstream/verdicts.ts'
import { CheckRecord } from './check-record.ts'
import { probe } from './probe.ts'

export interface CheckerOptions {
  readonly log: Logger
  /** Told of what is new, of many endpoints at once. */
  readonly tell: (verdicts: Verdicts) => void
  /** Told of each check: whether it was good. */
  readonly checked?: (cluster: string, good: boolean) => void
  readonly clock?: Clock
  /** From 0 to 1; Math.random where absent. */
  readonly random?: () => number
  readonly lookup?: DnsLookup
  /** What the machine trusts; absent: what it says that it does. */
  readonly systemAuthorities?: () => readonly string[]
}

/** What a checker is to know of a snapshot. */
export type Checked = Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>

/** As often it is looked whose check is due. */
const TICK_MS = 50
/** Checks under way at once, and of them those of one cluster: a thousand endpoints that hang must not hold up others'. */
const MOST_AT_ONCE = 256
const MOST_OF_CLUSTER = 64
/** Of intervals, so that endpoints that began together are not asked together for ever. */
const JITTER = 0.1
/** What is told of at once: a thousand endpoints that go are a few messages. */
const GATHER_MS = 10
const MAX_WAITING_BYTES = 16 * 1024 * 1024

interface Waiting {
  /** The cluster whose turn it is. */
  readonly client: string
  readonly run: () => void
}

interface CheckedCluster {
  /** As it is declared; its connections are made by another. */
  config: ClusterConfig
  checks: HealthChecks
  readonly records: Map<string, CheckRecord>
  /** Under way, and waiting for a place. */
  begun: number
}

/**
 * Asks the endpoints of clusters whether they are well, once for the process.
 * Connections are made as workers make them (names, TLS, own listeners that
 * nobody may reach), in pools of their own, so that they are in nobody's way.
 * What is known of an endpoint outlives changes of its cluster.
 */
export class Checker {
  private readonly options: CheckerOptions
  private readonly clock: Clock
  private readonly random: () => number
  private readonly contexts: ClientContexts
  private readonly shared = new SharedStreams({ streams: MOST_AT_ONCE, waitingBytes: MAX_WAITING_BYTES })
  private readonly table: ClusterTable<UpstreamPool>
  private readonly clusters = new Map<string, CheckedCluster>()
  private readonly turns = new Turns<Waiting>()
  private underWay = 0
  private news: Record<string, Record<string, string | null> | null> = {}
  private cancelTick: Cancel | null = null
  private cancelNews: Cancel | null = null

  constructor(options: CheckerOptions) {
    const { clock = systemClock, random = Math.random, lookup, systemAuthorities } = options
    this.options = options
    this.clock = clock
    this.random = random
    this.contexts = new ClientContexts(systemAuthorities)
    this.table = new ClusterTable<UpstreamPool>({
      makePool: (endpoint, cluster) => this.makePool(endpoint, cluster),
      clock,
      random,
      ...(lookup === undefined ? {} : { lookup }),
    })
  }

  /** From now on the endpoints of these clusters are asked, those that have checks. */
  apply({ clusters, endpoints, certificates = {} }: Checked): void {
    const wanted = clusters.filter(({ healthChecks }) => healthChecks !== undefined)
    for (const config of wanted) this.take(config, config.healthChecks!)
    const names = new Set(wanted.map(({ name }) => name))
    const dropped = [...this.clusters.keys()].filter(name => !names.has(name))
    for (const name of dropped) this.drop(name)
    // At once: one that comes back before others are told would keep what was known of it.
    if (dropped.length > 0) this.publish()
    const own = wanted.map(config => connecting(config, config.healthChecks!))
    this.contexts.apply(own, certificates)
    this.table.apply(own, endpoints)
    this.table.sweep()
    this.tick()
  }

  /** Nothing more is asked, and nothing told. */
  stop(): void {
    this.cancelTick?.()
    this.cancelNews?.()
    for (const { records } of this.clusters.values()) for (const { cancel } of records.values()) cancel?.()
    this.clusters.clear()
    this.table.drain()
  }

  private take(config: ClusterConfig, checks: HealthChecks): void {
    const known = this.clusters.get(config.name)
    if (known === undefined) {
      this.clusters.set(config.name, { config, checks, records: new Map(), begun: 0 })
      return
    }
    const isOther = JSON.stringify(known.checks) !== JSON.stringify(checks)
    known.config = config
    known.checks = checks
    // What is asked, and where, may differ: connections are made anew, and who was to be asked later is asked now.
    if (!isOther) return
    for (const endpoint of this.table.get(config.name)?.endpoints ?? []) endpoint.renew()
    for (const record of known.records.values()) record.dueMs = 0
  }

  private drop(name: string): void {
    for (const { cancel } of this.clusters.get(name)!.records.values()) cancel?.()
    this.clusters.delete(name)
    this.news[name] = null
  }

  private tick(): void {
    this.cancelTick?.()
    this.cancelTick = null
    if (this.clusters.size === 0) return
    const nowMs = this.clock.now()
    for (const [name, checked] of this.clusters) {
      const cluster = this.table.get(name)
      if (cluster !== undefined) this.look(checked, cluster, nowMs)
    }
    // Who was dropped has left places.
    this.serve()
    this.cancelTick = this.clock.after(TICK_MS, () => this.tick())
  }

  /** Begins what is due, and forgets who is gone. */
  private look(checked: CheckedCluster, cluster: Cluster<UpstreamPool>, nowMs: number): void {
    const { records } = checked
    let present = 0
    for (const endpoint of cluster.endpoints) {
      if (endpoint.readiness !== null) continue
      present++
      let record = records.get(endpoint.key)
      if (record === undefined) records.set(endpoint.key, (record = new CheckRecord()))
      if (record.dueMs <= nowMs && record.cancel === null && checked.begun < MOST_OF_CLUSTER)
        this.queue(checked, endpoint, record)
    }
    if (records.size > present) this.forgetGone(checked, cluster)
  }

  private forgetGone({ config: { name }, records }: CheckedCluster, cluster: Cluster<UpstreamPool>): void {
    const present = new Set(
      Iterator.from(cluster.endpoints)
        .filter(({ readiness }) => readiness === null)
        .map(({ key }) => key),
    )
    for (const [key, record] of records) {
      if (present.has(key)) continue
      record.cancel?.()
      records.delete(key)
      this.note(name, key, null)
    }
  }

  private queue(checked: CheckedCluster, endpoint: Endpoint<UpstreamPool>, record: CheckRecord): void {
    const waiting: Waiting = {
      client: checked.config.name,
      run: () => this.begin(checked, endpoint, record),
    }
    checked.begun++
    this.turns.add(waiting)
    record.cancel = () => {
      this.turns.delete(waiting)
      checked.begun--
      record.cancel = null
    }
    this.serve()
  }

  private serve(): void {
    while (this.underWay < MOST_AT_ONCE && this.turns.size > 0) this.turns.next()!.run()
  }

  private begin(checked: CheckedCluster, endpoint: Endpoint<UpstreamPool>, record: CheckRecord): void {
    const { config, checks } = checked
    const own = this.table.get(config.name)!.config
    this.underWay++
    record.dueMs = this.clock.now() + checks.intervalMs * (1 + JITTER * (2 * this.random() - 1))
    endpoint.openedPool?.sweep(performance.now())
    const leave = (): void => {
      this.underWay--
      checked.begun--
      record.cancel = null
    }
    let cancelProbe: Cancel = () => {}
    record.cancel = () => {
      cancelProbe()
      leave()
    }
    cancelProbe = probe(endpoint, own, checks, this.clock, reason => {
      leave()
      this.heard(checked, endpoint.key, record, reason)
      this.serve()
    })
  }

  private heard(
    { config: { name }, checks }: CheckedCluster,
    key: string,
    record: CheckRecord,
    reason: string,
  ): void {
    this.options.checked?.(name, reason === '')
    const before = record.told
    if (!record.take(reason, checks)) return
    this.note(name, key, reason)
    const { log } = this.options
    if (reason !== '') log.warn('endpoint.unhealthy', { cluster: name, endpoint: key, reason })
    else if (before !== null) log.info('endpoint.healthy', { cluster: name, endpoint: key })
  }

  private note(cluster: string, endpoint: string, word: string | null): void {
    const said = (this.news[cluster] ??= {})
    said[endpoint] = word
    this.gather()
  }

  private gather(): void {
    this.cancelNews ??= this.clock.after(GATHER_MS, () => this.publish())
  }

  private publish(): void {
    this.cancelNews?.()
    this.cancelNews = null
    const { news } = this
    this.news = {}
    this.options.tell(news)
  }

  private makePool(endpoint: Endpoint<UpstreamPool>, cluster: Cluster<UpstreamPool>): UpstreamPool {
    const { protocol, tls, name } = cluster.config
    const { port = null } = this.clusters.get(name)?.checks ?? {}
    const parts: PoolParts = {
      endpoint: port === null ? endpoint : new Endpoint(nobody, endpoint.address, port, 1),
      cluster,
      events: silent,
      dialer: protocols =>
        tls === undefined ? null : new TlsDialer(tls, wanted => this.contexts.of(wanted), protocols),
    }
    return protocol === 'h2' ? new Http2Pool(parts, this.shared) : new Http1Pool(parts)
  }
}

/** The cluster as checks connect to it: each endpoint whatever becomes of it, by what checks speak, and without a limit but theirs. */
function connecting({ healthChecks: _, tls, ...config }: ClusterConfig, checks: HealthChecks): ClusterConfig {
  const { type, timeoutMs, intervalMs } = checks
  return {
    ...config,
    ...(tls === undefined || type === 'TCP' ? {} : { tls }),
    protocol: type === 'HTTP2' || type === 'GRPC' ? 'h2' : config.protocol,
    balancer: { type: 'RoundRobin' },
    slowStartMs: 0,
    ejection: null,
    maxConnections: 0,
    maxPending: 0,
    maxRequestsPerConnection: 0,
    connectTimeoutMs: timeoutMs,
    idleTimeoutMs: 3 * intervalMs,
  }
}

const silent: PoolParts['events'] = { onConnect() {}, onConnectFailed() {}, onFault() {} }

/** Of an endpoint at another port, whose pool is made by hand. */
const nobody = {
  makePool(): never {
    throw new Error('has a pool')
  },
  failed() {},
}
