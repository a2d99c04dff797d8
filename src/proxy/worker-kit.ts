import type { Kept, KeptLease } from '../filters/kept.ts'
import {
  CallFailure,
  type CallOptions,
  type IncomingResponse,
  type Kit,
  type KitClock,
  type OutgoingRequest,
  type SharedCounters,
} from '../filters/kit.ts'
import type { Whose } from '../shared/counters.ts'
import type { CacheReader } from '../shared/cache/reader.ts'
import type { SharedState } from '../shared/node-state.ts'
import type { Lookup } from '../shared/table.ts'
import type { Logger } from '../telemetry/log.ts'
import type { MetricsScope } from '../telemetry/metrics.ts'
import { systemClock } from '../upstream/clock.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { Drainable } from '../upstream/keep.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import { StreamedCall } from './streamed-call.ts'
import { WholeCall } from './whole-call.ts'
import { ForwardElsewhere } from './other-backend.ts'
import type { Observer } from './observe.ts'

/** What the kits of one worker have in common. */
export interface KitParts {
  readonly clusters: Pick<Upstreams, 'get' | 'hold'>
  readonly log: Logger
  readonly kept: Kept
  readonly shared: SharedState
  readonly workers: number
  readonly tell: (channel: string, message: unknown) => void
}

/** What the filters of one rule are compiled with, in one worker; as long as the rule is in force, over all snapshots. */
export class WorkerKit implements Kit {
  readonly clock: KitClock
  readonly log: Logger
  private scope: MetricsScope | null = null
  private readonly lease: KeptLease
  private readonly parts: KitParts
  private readonly observer: Observer
  /** As they were when they were last called: exchanges may outlive them. */
  private readonly clusters = new Map<string, Cluster<UpstreamPool>>()
  private readonly releases: (() => void)[] = []

  constructor(parts: KitParts, observer: Observer) {
    this.parts = parts
    this.log = parts.log
    const { clock } = parts.shared
    this.clock = { ...systemClock, sharedUs: () => clock.nowUs(), wallMs: () => Date.now() }
    this.observer = observer
    this.lease = parts.kept.lease()
  }

  get metrics(): MetricsScope {
    return (this.scope ??= this.observer.newScope())
  }

  get workers(): number {
    return this.parts.workers
  }

  async call(cluster: string, request: OutgoingRequest, options: CallOptions): Promise<IncomingResponse> {
    return new WholeCall(this.cluster(cluster), this.observer.cluster(cluster), request, options).begin()
  }

  async stream(cluster: string, request: OutgoingRequest, options: CallOptions): Promise<StreamedCall> {
    const streaming = { ...request, streams: true as const }
    return new StreamedCall(this.cluster(cluster), this.observer.cluster(cluster), streaming, options).begin()
  }

  hold(cluster: string): void {
    const held = this.parts.clusters.hold(cluster)
    if (held === null) return
    this.clusters.set(cluster, held.cluster)
    this.releases.push(held.release)
  }

  /** Throws a CallFailure. */
  private cluster(name: string): Cluster<UpstreamPool> {
    const found = this.parts.clusters.get(name) ?? this.clusters.get(name)
    if (found === undefined) throw new CallFailure('destination_not_found', name)
    this.clusters.set(name, found)
    return found
  }

  backend(cluster: string): ForwardElsewhere {
    return new ForwardElsewhere(cluster, this.parts.clusters, () => this.observer.cluster(cluster))
  }

  counters(name: string, whose?: Whose): SharedCounters {
    return this.parts.shared.counters(name, whose)
  }

  table<T>(name: string): Lookup<T> {
    return this.parts.shared.table<T>(name)
  }

  responses(): CacheReader {
    return this.parts.shared.cache
  }

  tell(channel: string, message: unknown): void {
    this.parts.tell(channel, message)
  }

  keep<T extends Drainable>(key: string, make: () => T): T {
    return this.lease.get(key, make)
  }

  /** The rule has gone, and the last exchange that met it. */
  retire(): void {
    for (const release of this.releases) release()
    this.lease.close()
    this.scope?.close()
  }
}
