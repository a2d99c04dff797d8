import type { FailureName } from '../http/failures.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { Gatherer, Laggard } from '../upstream/pressure.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { ClientLag, type Flow } from './lag.ts'
import type { Paced } from './pace.ts'

/** What a guard needs of its Forwarding. */
export interface Guarded extends Flow {
  /** Whose share it counts as. */
  readonly client: string
  /** A connection is held. */
  readonly holding: boolean
  readonly exempt: boolean
  /** Asks for a connection. */
  connect(): void
  refused(failure: FailureName): void
  tooSlow(detail: string): void
}

/** One exchange whose cluster is, or has been, under pressure (upstream/pressure.ts): what is asked of its client. */
export class Guard implements Gatherer, Laggard {
  /** No connection is asked for before the body has begun with enough. */
  gathering = false
  private readonly exchange: Guarded
  private readonly cluster: Cluster<UpstreamPool>
  private lag: ClientLag | null = null

  constructor(exchange: Guarded, cluster: Cluster<UpstreamPool>) {
    this.exchange = exchange
    this.cluster = cluster
  }

  get client(): string {
    return this.exchange.client
  }

  gather(): void {
    if (this.enough) return this.exchange.connect()
    this.gathering = this.cluster.pressure.gather(this, performance.now())
    if (!this.gathering) this.exchange.refused('connection_limit_reached')
  }

  /** More of the body is here. */
  grown(): void {
    if (this.enough) this.released()
  }

  released(): void {
    this.leave()
    this.exchange.connect()
  }

  displaced(): void {
    this.gathering = false
    this.exchange.tooSlow('displaced')
  }

  leave(): void {
    if (this.gathering) this.cluster.pressure.leave(this)
    this.gathering = false
  }

  /** Looks at its client, which is the same each time. */
  pace(client: Paced, nowMs: number): void {
    const { exchange, cluster } = this
    cluster.pressure.hold(this.client)
    if (exchange.exempt) return
    this.lag ??= new ClientLag(client, exchange, cluster.config)
    const lagMs = this.lag.look(nowMs)
    if (lagMs > 0) cluster.pressure.lags(this, lagMs)
  }

  lagMs(nowMs: number): number {
    return this.exchange.holding && this.lag !== null ? this.lag.look(nowMs) : 0
  }

  end(): void {
    this.lag?.end()
  }

  private get enough(): boolean {
    const { body } = this.exchange
    return body.complete || body.bytes >= this.cluster.config.bodyStartBytes
  }
}
