import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { authorityText } from '../http/authority-text.ts'
import type * as snapshot from '../snapshot/snapshot.ts'
import { makeBalancer } from './balancers.ts'
import type { PickInfo, Balancer, RandomSource } from './balancers/balancer.ts'
import { SlowStart } from './choice/slow-start.ts'
import type { Clock } from './clock.ts'
import { dnsReason, type DnsAnswer, type DnsResolver, type DnsWatch } from './dns.ts'
import { Ejector } from './ejection.ts'
import { Endpoint, type EndpointOwner, type EndpointPool } from './endpoint.ts'
import type { Drainable } from './keep.ts'
import { Pressure } from './pressure.ts'
import { Queue } from './queue.ts'

/** What clusters tell log and metrics. */
export interface ClusterEvents {
  onEjected(cluster: string, endpoint: string, failures: number, forMs: number): void
  onReturned(cluster: string, endpoint: string): void
}

/** What all clusters of a worker share. */
export interface ClusterContext<P extends EndpointPool> {
  makePool(endpoint: Endpoint<P>, cluster: Cluster<P>): P
  /** Among how many workers the limits of this process are shared. */
  readonly workers: number
  readonly resolver: DnsResolver
  readonly clock: Clock
  readonly random: RandomSource
  readonly events: ClusterEvents
}

/**
 * One upstream in one worker: its endpoints, the choice among them, and its
 * limits. It outlives reloads; `update` and `setEndpoints` take effect with the
 * next choice. After `drain` (and for endpoints that were taken out) exchanges
 * that hold it may still finish, retries included.
 */
export class Cluster<P extends EndpointPool = EndpointPool> implements Drainable, EndpointOwner<P> {
  readonly name: string
  config: snapshot.Cluster
  /** Connections alive, counted by `reserve` and `unreserve`. */
  connections = 0
  /** Requests that wait for a connection, counted by `queue`. */
  pending = 0
  /** Somebody has wanted an endpoint of it. */
  asked = false
  /** Bytes of copies for it that wait, where it is a mirror; kept by whoever sends them. */
  mirroredBytes = 0
  /** Who waits, whichever endpoint it will be: also when that, or the cluster itself, has gone meanwhile. */
  readonly queue = new Queue<Endpoint<P>>(this)
  /** What is asked of clients while `pressed`. */
  readonly pressure = new Pressure(this)
  private readonly context: ClusterContext<P>
  private readonly ejector: Ejector
  private readonly slowStart: SlowStart<Endpoint<P>>
  private balancer: Balancer<Endpoint<P>>
  private specs: readonly snapshot.Endpoint[] = []
  private readonly watches = new Map<string, DnsWatch>()
  private readonly members = new Map<string, Endpoint<P>>()
  private drained = false
  private settling: (() => void)[] = []

  constructor(config: snapshot.Cluster, context: ClusterContext<P>) {
    this.name = config.name
    this.config = config
    this.context = context
    const { clock, events, random } = context
    this.balancer = makeBalancer(config.balancer, random, clock)
    this.slowStart = new SlowStart(clock, () => this.rebalance())
    this.ejector = new Ejector(
      clock,
      {
        onEjected: ({ key }, failures, forMs) => events.onEjected(this.name, key, failures, forMs),
        onReturned: ({ key }) => events.onReturned(this.name, key),
      },
      () => this.rebalance(),
    )
  }

  /** An endpoint for the next attempt; `exclude`, the one that just failed, only when there is no other. Without an `asker` it is for whoever comes next. */
  pick(exclude: Endpoint<P> | null = null, asker: PickInfo | null = null): Endpoint<P> | null {
    this.asked = true
    return this.balancer.pick(exclude, asker)
  }

  /** Why `pick` answers null, when it does. */
  get unavailable(): 'dns_error' | 'destination_unavailable' {
    for (const { answer } of this.watches.values()) if (answer.state === 'failed') return 'dns_error'
    return 'destination_unavailable'
  }

  /** The same for the log, as far as more is known. */
  get unavailableReason(): string {
    for (const { answer } of this.watches.values())
      if (answer.state === 'failed') return dnsReason(answer.code ?? '')
    return this.members.size === 0 ? 'no_endpoint' : ''
  }

  /** All endpoints, ejected ones included. */
  get endpoints(): IterableIterator<Endpoint<P>> {
    return this.members.values()
  }

  get hasNames(): boolean {
    return this.watches.size > 0
  }

  /** What is known of each name among the endpoints. */
  get names(): Iterable<readonly [name: string, answer: DnsAnswer]> {
    return this.watches.entries().map(([name, { answer }]) => [name, answer] as const)
  }

  /** So much is ejected that nobody is left out. */
  get panics(): boolean {
    return this.ejector.panics
  }

  get size(): number {
    return this.members.size
  }

  /** Connections that this worker may hold; Infinity without a limit. */
  get maxConnections(): number {
    const { maxConnections } = this.config
    return maxConnections === 0 ? Infinity : Math.ceil(maxConnections / this.context.workers)
  }

  /** Requests that may wait in this worker. */
  get maxPending(): number {
    return Math.ceil(this.config.maxPending / this.context.workers)
  }

  /** Whether one more connection may be made; counts it if so. */
  reserve(): boolean {
    if (this.connections >= this.maxConnections) return false
    this.connections++
    return true
  }

  unreserve(): void {
    this.connections--
  }

  /** Somebody waits for a connection, or more than half of those that this worker may hold are taken. */
  get pressed(): boolean {
    if (this.pending > 0) return true
    const half = this.maxConnections / 2
    if (this.connections <= half) return false
    let taken = this.connections
    for (const { openedPool } of this.members.values()) taken -= openedPool?.spare ?? 0
    return taken > half
  }

  /** Nothing is under way, and nobody waits. */
  get idle(): boolean {
    return this.connections === 0 && this.queue.empty && this.pressure.gatherers === 0
  }

  mayWait(): boolean {
    return this.pending < this.maxPending
  }

  update(config: snapshot.Cluster): void {
    const before = this.config
    this.config = config
    if (config.dnsRefreshMs !== before.dnsRefreshMs) this.rewatch()
    if (connectionsDiffer(config, before)) for (const endpoint of this.members.values()) endpoint.renew()
    if (!isDeepStrictEqual(config.balancer, before.balancer)) this.changeBalancer(config.balancer)
    this.ejector.configure(config.ejection, [...this.members.values()])
    this.rebalance()
  }

  /** Endpoints that stay, stay as they are: pool, load and record survive. */
  setEndpoints(specs: readonly snapshot.Endpoint[]): void {
    if (this.drained || sameSpecs(this.specs, specs)) return
    this.specs = specs
    this.watchNames()
    this.reconcile()
  }

  /** Whether every name has had its first answer, good or bad. */
  get isSettled(): boolean {
    for (const { answer } of this.watches.values()) if (answer.state === 'pending') return this.drained
    return true
  }

  /** Resolves when every name has had its first answer, good or bad. */
  settled(): Promise<void> {
    if (this.isSettled) return Promise.resolve()
    return new Promise(resolve => this.settling.push(resolve))
  }

  drain(): void {
    this.drained = true
    for (const watch of this.watches.values()) watch.close()
    this.ejector.close()
    this.slowStart.close()
    for (const endpoint of this.members.values()) endpoint.close()
    this.settle()
  }

  makePool(endpoint: Endpoint<P>): P {
    return this.context.makePool(endpoint, this)
  }

  failed(endpoint: Endpoint<P>, nowMs: number): void {
    if (!this.drained) this.ejector.failed(endpoint, nowMs)
  }

  private watchNames(): void {
    const wanted = new Set(
      this.specs.filter(({ address }) => isIP(address) === 0).map(({ address }) => address),
    )
    for (const [name, watch] of this.watches) {
      if (wanted.has(name)) continue
      watch.close()
      this.watches.delete(name)
    }
    for (const name of wanted) if (!this.watches.has(name)) this.watches.set(name, this.watch(name))
  }

  /** Joins anew before it leaves, so that the resolver keeps what it knows. */
  private rewatch(): void {
    for (const [name, old] of this.watches) {
      this.watches.set(name, this.watch(name))
      old.close()
    }
  }

  private watch(name: string): DnsWatch {
    return this.context.resolver.watch(name, this.config.dnsRefreshMs, () => {
      this.reconcile()
      if (this.isSettled) this.settle()
    })
  }

  private settle(): void {
    const { settling } = this
    this.settling = []
    for (const resolve of settling) resolve()
  }

  private reconcile(): void {
    const wanted = this.resolve()
    const leaving: Endpoint<P>[] = []
    let changed = false
    for (const [key, endpoint] of this.members) {
      if (wanted.has(key)) continue
      this.members.delete(key)
      leaving.push(endpoint)
      changed = true
    }
    for (const [key, { address, port, weight }] of wanted) {
      const known = this.members.get(key)
      if (known === undefined) this.members.set(key, new Endpoint(this, address, port, weight))
      else if (known.declaredWeight !== weight) known.declaredWeight = weight
      else continue
      changed = true
    }
    if (!changed) return
    this.ejector.configure(this.config.ejection, [...this.members.values()])
    this.rebalance()
    // Last: who is refused by one of them picks another at once.
    for (const endpoint of leaving) endpoint.close()
  }

  /**
   * Addresses and ports by key. Every address of a name gets the weight of the
   * name (as with Envoy: an address is an instance); what is named twice adds up.
   */
  private resolve(): Map<string, snapshot.Endpoint> {
    const found = new Map<string, snapshot.Endpoint>()
    for (const { address, port, weight } of this.specs) {
      for (const resolved of this.watches.get(address)?.answer.addresses ??
        (isIP(address) > 0 ? [address] : [])) {
        const key = authorityText(resolved, port)
        found.set(key, { address: resolved, port, weight: weight + (found.get(key)?.weight ?? 0) })
      }
    }
    return found
  }

  private changeBalancer(to: snapshot.Balancing): void {
    const { random, clock } = this.context
    this.balancer = makeBalancer(to, random, clock)
    for (const endpoint of this.members.values()) endpoint.latency = null
  }

  private rebalance(): void {
    const serving = this.ejector.serving([...this.members.values()])
    this.slowStart.weigh(serving, this.config.slowStartMs ?? 0)
    this.balancer.update(serving)
  }
}

/** Whether connections would be made otherwise, or read otherwise. */
function connectionsDiffer(a: snapshot.Cluster, b: snapshot.Cluster): boolean {
  return (
    a.tls?.key !== b.tls?.key ||
    a.fieldBytes !== b.fieldBytes ||
    a.headBytes !== b.headBytes ||
    a.fieldCount !== b.fieldCount
  )
}

/** By what they say: a list that says the same may be another array. */
function sameSpecs(a: readonly snapshot.Endpoint[], b: readonly snapshot.Endpoint[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every(({ address, port, weight }, i) => {
    const other = b[i]
    return other?.address === address && other.port === port && other.weight === weight
  })
}
