import type { FailureName } from '../http/failures.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { Laggard } from '../upstream/pressure.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { ClientLag, type Flow } from './lag.ts'
import type { Paced } from './pace.ts'

/** Who holds a connection on behalf of a client: a Forwarding, or the copy of a request for a mirror. */
export interface Holder extends Flow {
  /** Whose share it counts as. */
  readonly client: string
  /** It still holds it. */
  readonly holding: boolean
  /** Nothing is asked of its client. */
  readonly exempt: boolean
  /** Its end makes a place of this limit free. */
  frees(limit: object): boolean
  giveUp(client: Paced, failure: FailureName): void
}

/** Looks at the client of one who holds a connection while its cluster is under pressure. */
export class Watch implements Laggard {
  private readonly holder: Holder
  private readonly cluster: Cluster<UpstreamPool>
  private readonly paced: Paced
  private readonly lag: ClientLag

  constructor(holder: Holder, cluster: Cluster<UpstreamPool>, paced: Paced) {
    this.holder = holder
    this.cluster = cluster
    this.paced = paced
    this.lag = new ClientLag(paced, holder, cluster.config)
  }

  get client(): string {
    return this.holder.client
  }

  /** One sweep. */
  look(nowMs: number): void {
    const { holder, lag, cluster } = this
    cluster.pressure.hold(holder.client)
    const lagMs = holder.exempt ? 0 : lag.look(nowMs)
    if (lagMs > 0) cluster.pressure.lags(this, lagMs)
  }

  lagMs(nowMs: number): number {
    return this.holder.holding ? this.lag.look(nowMs) : 0
  }

  frees(limit: object): boolean {
    return this.holder.holding && this.holder.frees(limit)
  }

  end(): void {
    this.holder.giveUp(this.paced, this.lag.failure)
  }
}
