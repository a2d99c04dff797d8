import { isDeepStrictEqual } from 'node:util'
import { authorityText } from '../http/authority-text.ts'
import { sameEndpoints } from '../snapshot/same-endpoints.ts'
import type * as snapshot from '../snapshot/cluster.ts'
import { makeBalancer } from './balancers.ts'
import type { PickInfo, Balancer, RandomSource } from './balancers/balancer.ts'
import { Narrowing } from './choice/narrowing.ts'
import type { Place } from './choice/place.ts'
import { bearAll, byPriority, levelsOf } from './choice/priorities.ts'
import { SlowStart } from './choice/slow-start.ts'
import type { Clock } from './clock.ts'
import { dnsReason, type DnsAnswer, type DnsResolver, type DnsWatch } from './dns.ts'
import { Ejector } from './ejection.ts'
import { inService, stateOf, type EndpointState } from './endpoint-state.ts'
import { Endpoint, type EndpointOwner, type EndpointPool, type Sickness } from './endpoint.ts'
import type { Drainable } from './keep.ts'
import type { Ejected } from './outliers.ts'
import { Pressure } from './pressure.ts'
import { Queue } from './queue.ts'
import { Turns, type Sharer } from './turns.ts'
import type { VerdictBook } from './verdicts.ts'
import { isFixed } from './crossing/address.ts'
import { Breaker, type BreakerCause, type BreakerState } from './breaker.ts'
import { AdaptiveConcurrency } from './adaptive-concurrency.ts'
import { Hedging } from './hedging.ts'
import { RetryBudget, type SharedCounts } from './retry-budget.ts'

/** What clusters tell log and metrics. */
export interface ClusterEvents {
  onEjected(cluster: string, endpoint: string, why: Ejected, forMs: number): void
  onReturned(cluster: string, endpoint: string): void
  /** So few of its endpoints are well that all are used; or, `panics` being false, no longer. */
  onPanic(cluster: string, panics: boolean, well: number, of: number): void
  /** Whether its budget has paid for one more; what would have been repeated is not where it has not. */
  onRetryDecided(cluster: string, paid: boolean): void
  onBreaker(cluster: string, state: BreakerState, detail: string, cause: BreakerCause | null): void
}

/** A call that has a place, and ends where a client with fewer needs that. */
export interface Yielding extends Sharer {
  giveWay(): void
}

/** What all clusters of a worker share. */
export interface ClusterContext<P extends EndpointPool> {
  makePool(endpoint: Endpoint<P>, cluster: Cluster<P>): P
  /** Among how many workers the limits of this process are shared. */
  readonly workers: number
  readonly place: Place
  readonly resolver: DnsResolver
  readonly clock: Clock
  readonly random: RandomSource
  readonly shared: SharedCounts
  readonly events: ClusterEvents
  /** What checks have found. */
  readonly verdicts: VerdictBook
}

const UNCHECKED: Sickness = { reason: 'not checked yet', unchecked: true }

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
  /** Answers that go on, beside connections: those of threads (crossing/). */
  readonly going = new Turns<Sharer>()
  /** Rises whenever there is another endpoint, or one less. */
  generation = 0
  /** Somebody has wanted an endpoint of it. */
  asked = false
  /** Bytes of copies for it that wait, where it is a mirror; kept by whoever sends them. */
  mirroredBytes = 0
  /** Who waits, whichever endpoint it will be: also when that, or the cluster itself, has gone meanwhile. */
  readonly queue = new Queue<Endpoint<P>>(this)
  /** Those who have a place, and may have to give it to a client that has fewer. */
  readonly yielding = new Turns<Yielding>()
  /** What is asked of clients while `pressed`. */
  readonly pressure = new Pressure(this)
  readonly retries: RetryBudget
  /** Null where nothing is kept from it. */
  breaker: Breaker | null = null
  /** Null where nothing is sent twice. */
  hedging: Hedging | null = null
  /** Null where as many requests at once are sent as come. */
  concurrency: AdaptiveConcurrency | null = null
  /** Its gauge is there, and is to say that there is no limit any more. */
  hadConcurrency = false
  /** Its gauge is there, and is to say that nothing is kept from it any more. */
  hadBreaker = false
  /** The same of endpoints in these states. */
  readonly outStates = new Set<EndpointState>()
  private readonly context: ClusterContext<P>
  private readonly ejector: Ejector
  private readonly slowStart: SlowStart<Endpoint<P>>
  private readonly narrowing: Narrowing<Endpoint<P>>
  private balancer: Balancer<Endpoint<P>>
  /** Those that the balancer chooses from. */
  private choices: readonly Endpoint<P>[] = []
  /** Those, and the ones of the same levels that are farther away, or other workers'. */
  private reach: readonly Endpoint<P>[] = []
  private specs: readonly snapshot.Endpoint[] = []
  private readonly watches = new Map<string, DnsWatch>()
  private readonly members = new Map<string, Endpoint<P>>()
  private drained = false
  /** So few are well that all are used. */
  panics = false
  private settling: (() => void)[] = []

  constructor(config: snapshot.Cluster, context: ClusterContext<P>) {
    this.name = config.name
    this.config = config
    this.context = context
    const { clock, events, random } = context
    this.balancer = makeBalancer(config.balancer, random, clock)
    this.narrowing = new Narrowing(context.place, context.workers)
    this.slowStart = new SlowStart(clock, () => this.rebalance())
    this.retries = new RetryBudget(config.name, config.retryBudget, context.shared)
    this.setBreaker()
    this.setHedging()
    this.setConcurrency()
    this.ejector = new Ejector(
      clock,
      {
        onEjected: ({ key }, why, forMs) => events.onEjected(this.name, key, why, forMs),
        onReturned: ({ key }) => events.onReturned(this.name, key),
      },
      () => this.rebalance(),
      context.workers,
    )
  }

  /** An endpoint for the next attempt; `exclude`, the one that just failed, only when there is no other. Without an `asker` it is for whoever comes next. */
  pick(exclude: Endpoint<P> | null = null, asker: PickInfo | null = null): Endpoint<P> | null {
    this.asked = true
    return this.balancer.pick(exclude, asker)
  }

  /** The same asker is to have the same endpoint: whoever waits is given no other. */
  get sticky(): boolean {
    return this.balancer.sticky === true
  }

  /** The same after attempts on these: none of them as long as there is another. */
  pickAnother(tried: readonly Endpoint<P>[], asker: PickInfo): Endpoint<P> | null {
    const chosen = this.pick(tried.at(-1), asker)
    if (chosen === null || !tried.includes(chosen)) return chosen
    const untried = (endpoint: Endpoint<P>): boolean => !tried.includes(endpoint)
    const near = this.choices.filter(untried)
    const others = near.length > 0 ? near : this.reach.filter(untried)
    return others[Math.floor(this.context.random() * others.length)] ?? chosen
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
    if (this.members.size === 0) return 'no_endpoint'
    for (const endpoint of this.members.values())
      if (stateOf(endpoint) !== 'unready') return 'no_endpoint_healthy'
    return 'no_endpoint_ready'
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

  get size(): number {
    return this.members.size
  }

  /** Connections that this worker may hold; Infinity without a limit. */
  get maxConnections(): number {
    const { maxConnections } = this.config
    return maxConnections === 0 ? Infinity : Math.ceil(maxConnections / this.context.workers)
  }

  /** Answers that may go on in this worker; Infinity without a limit. */
  get maxStreams(): number {
    const { maxStreams = 0 } = this.config
    return maxStreams === 0 ? Infinity : Math.ceil(maxStreams / this.context.workers)
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

  /** Somebody waits for a connection, or was turned away by a limit of late, or more than half of those that this worker may hold are taken. */
  get pressed(): boolean {
    if (this.pending > 0 || this.pressure.disputed) return true
    const half = this.maxConnections / 2
    if (this.connections <= half) return false
    let taken = this.connections
    for (const { openedPool } of this.members.values()) taken -= openedPool?.spare ?? 0
    return taken > half
  }

  /** Nothing is under way, and nobody waits. */
  get idle(): boolean {
    return (
      this.connections === 0 && this.going.size === 0 && this.queue.empty && this.pressure.gatherers === 0
    )
  }

  /** Whether one more request may be repeated; it counts if so, and is told of if not. `again`: it is one that repeats already. */
  affordsRetry(again: boolean): boolean {
    const affords = this.breaker?.mayRepeat(again) !== false && this.retries.spend()
    this.context.events.onRetryDecided(this.name, affords)
    return affords
  }

  /** Whether there may be one more attempt beside the first; nothing is counted. None while a breaker looks whether its backend is well again. */
  mayHedge(hedging: Hedging): boolean {
    const { breaker } = this
    return (breaker === null || (breaker.state === 'closed' && breaker.mayRepeat(false))) && hedging.affords
  }

  /** The same for one that has its connection; it counts if so, and is told of. */
  affordsHedge(hedging: Hedging): boolean {
    const affords = hedging.spend()
    if (affords) this.context.events.onRetryDecided(this.name, true)
    return affords
  }

  private setHedging(): void {
    const { config, context, name } = this
    if (config.hedging === undefined) this.hedging = null
    else if (this.hedging !== null) this.hedging.update(config.hedging)
    else this.hedging = new Hedging(name, config.hedging, context.shared, this.retries)
  }

  private setConcurrency(): void {
    const { adaptiveConcurrency } = this.config
    if (adaptiveConcurrency === undefined) this.concurrency = null
    else if (this.concurrency !== null) this.concurrency.update(adaptiveConcurrency)
    else {
      this.hadConcurrency = true
      const { workers, random } = this.context
      this.concurrency = new AdaptiveConcurrency(adaptiveConcurrency, workers, random)
    }
  }

  private setBreaker(): void {
    const { config, context, name } = this
    if (config.breaker === undefined) this.breaker = null
    else if (this.breaker !== null) this.breaker.update(config.breaker)
    else {
      this.hadBreaker = true
      this.breaker = new Breaker(name, config.breaker, context.shared, context.workers, {
        onBreaker: (state, detail, cause) => context.events.onBreaker(name, state, detail, cause),
      })
    }
  }

  mayWait(): boolean {
    return this.pending < this.maxPending
  }

  update(config: snapshot.Cluster): void {
    const before = this.config
    this.config = config
    this.retries.update(config.retryBudget)
    this.setBreaker()
    this.setHedging()
    this.setConcurrency()
    if (config.dnsRefreshMs !== before.dnsRefreshMs) this.rewatch()
    if (connectionsDiffer(config, before)) for (const endpoint of this.members.values()) endpoint.renew()
    if (!isDeepStrictEqual(config.balancer, before.balancer)) this.changeBalancer(config.balancer)
    this.ejector.configure(this.config.ejection, [...this.members.values()])
    if (config.healthChecks === before.healthChecks) this.rebalance()
    else this.diagnose()
  }

  /** There are other verdicts about its endpoints. */
  diagnose(): void {
    for (const endpoint of this.members.values()) {
      const before = endpoint.sickness
      endpoint.sickness = this.sicknessOf(endpoint)
      if (before !== null && endpoint.sickness === null) this.ejector.forgive(endpoint)
    }
    this.rebalance()
  }

  private sicknessOf({ key }: Endpoint<P>): Sickness | null {
    const { healthChecks } = this.config
    if (healthChecks === undefined) return null
    const said = this.context.verdicts.of(this.name, key)
    if (said === undefined) return healthChecks.startsHealthy ? null : UNCHECKED
    return said === '' ? null : { reason: said, unchecked: false }
  }

  /** Endpoints that stay, stay as they are: pool, load and record survive. */
  setEndpoints(specs: readonly snapshot.Endpoint[]): void {
    if (this.drained || sameEndpoints(this.specs, specs)) return
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
      this.specs.filter(({ address }) => !isFixed(address)).map(({ address }) => address),
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
    for (const [key, spec] of wanted) if (this.take(key, spec)) changed = true
    if (!changed) return
    this.generation++
    this.ejector.configure(this.config.ejection, [...this.members.values()])
    this.rebalance()
    // Last: who is refused by one of them picks another at once.
    for (const endpoint of leaving) {
      endpoint.serves = endpoint.isChoice = false
      endpoint.close()
    }
  }

  /** One that is there, or is to be; whether anything of it is new. */
  private take(key: string, spec: snapshot.Endpoint): boolean {
    const { address, port, weight } = spec
    const { priority = 0, zone = '' } = spec
    const readiness = spec.readiness ?? null
    const known = this.members.get(key)
    if (
      known !== undefined &&
      known.declaredWeight === weight &&
      known.readiness === readiness &&
      known.priority === priority &&
      known.zone === zone
    )
      return false
    const endpoint = known ?? new Endpoint(this, address, port, weight)
    endpoint.declaredWeight = weight
    endpoint.priority = priority
    endpoint.zone = zone
    // Whoever is to go is not to hold connections that wait.
    if (readiness !== null && endpoint.readiness === null) endpoint.renew()
    endpoint.readiness = readiness
    endpoint.sickness = this.sicknessOf(endpoint)
    this.members.set(key, endpoint)
    return true
  }

  /**
   * Addresses and ports by key. Every address of a name gets the weight of the
   * name (as with Envoy: an address is an instance); what is named twice adds up.
   */
  private resolve(): Map<string, snapshot.Endpoint> {
    const found = new Map<string, snapshot.Endpoint>()
    for (const { address, port, weight, readiness, priority, zone } of this.specs) {
      for (const resolved of this.watches.get(address)?.answer.addresses ??
        (isFixed(address) ? [address] : [])) {
        const key = authorityText(resolved, port)
        const sum = weight + (found.get(key)?.weight ?? 0)
        found.set(key, {
          address: resolved,
          port,
          weight: sum,
          ...(readiness && { readiness }),
          ...(priority && { priority }),
          ...(zone && { zone }),
        })
      }
    }
    return found
  }

  /** A level of priority fails and others bear what it had: there is nothing to panic about (as Envoy has it). */
  private spared(members: readonly Endpoint<P>[]): boolean {
    if (!this.isRanked) return false
    return bearAll(
      members,
      members.filter(endpoint => stateOf(endpoint) === 'serving'),
    )
  }

  /** Most clusters have one level of priority, and nothing to reckon. */
  private get isRanked(): boolean {
    return this.specs.some(({ priority = 0 }) => priority > 0)
  }

  private changeBalancer(to: snapshot.Balancing): void {
    const { random, clock } = this.context
    this.balancer = makeBalancer(to, random, clock)
    for (const endpoint of this.members.values()) endpoint.latency = null
  }

  private rebalance(): void {
    const { ejection } = this.config
    const members = [...this.members.values()]
    const panicPercent = this.spared(members) ? 0 : this.config.panicPercent
    const { serving, panics, well, of } = inService(members, ejection, panicPercent)
    for (const endpoint of members) endpoint.serves = endpoint.isChoice = false
    for (const endpoint of serving) endpoint.serves = true
    this.slowStart.weigh(serving, this.config.slowStartMs ?? 0)
    this.choose(members, serving, panics)
    for (const endpoint of this.choices) endpoint.isChoice = true
    this.balancer.update(this.choices)
    if (panics === this.panics) return
    this.panics = panics
    this.context.events.onPanic(this.name, panics, well, of)
  }

  /** Of those that serve the ones to choose from: by levels, zones and subsets, where there is any of that. */
  private choose(members: readonly Endpoint<P>[], serving: readonly Endpoint<P>[], panics: boolean): void {
    const { narrowing, config, isRanked } = this
    const levels = isRanked ? levelsOf(members, serving) : [{ endpoints: serving, share: 1 }]
    const narrows = narrowing.isOf(config)
    if (narrows) narrowing.apply(levels, members, config, this.generation, panics)
    this.reach = byPriority(levels)
    this.choices = narrows ? this.reach.filter(({ weight }) => weight > 0) : this.reach
  }
}

/** Whether connections would be made otherwise, or read otherwise. */
function connectionsDiffer(a: snapshot.Cluster, b: snapshot.Cluster): boolean {
  return (
    a.tls?.key !== b.tls?.key ||
    a.proxyProtocol !== b.proxyProtocol ||
    a.fieldBytes !== b.fieldBytes ||
    a.headBytes !== b.headBytes ||
    a.fieldCount !== b.fieldCount
  )
}
