import type { FailureName } from '../http/failures.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { GatheringRequest } from '../upstream/pressure.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { RequestBody } from './body.ts'

/** What gathers its body: a Forwarding. */
interface Gathered {
  /** Whose share it counts as. */
  readonly client: string
  readonly body: Pick<RequestBody, 'bytes' | 'complete'>
  /** Asks for a connection. */
  connect(): void
  refused(failure: FailureName): void
  tooSlow(detail: string): void
}

/** Whether so much of a body is here that it is worth a connection that others may want. */
export function hasBegun(
  { bytes, complete }: Pick<RequestBody, 'bytes' | 'complete'>,
  { config }: Cluster<UpstreamPool>,
): boolean {
  return complete || bytes >= config.bodyStartBytes
}

/** A request that asks for no connection of a cluster under pressure before its body has begun. */
export class Gathering implements GatheringRequest {
  private readonly request: Gathered
  private readonly cluster: Cluster<UpstreamPool>
  private under = false

  constructor(request: Gathered, cluster: Cluster<UpstreamPool>) {
    this.request = request
    this.cluster = cluster
  }

  get client(): string {
    return this.request.client
  }

  get underWay(): boolean {
    return this.under
  }

  begin(): void {
    this.under = this.cluster.pressure.gather(this, performance.now())
    if (!this.under) this.request.refused('connection_limit_reached')
  }

  /** More of the body is here. */
  grown(): void {
    if (hasBegun(this.request.body, this.cluster)) this.released()
  }

  released(): void {
    this.leave()
    this.request.connect()
  }

  displaced(): void {
    this.under = false
    this.request.tooSlow('displaced')
  }

  leave(): void {
    if (this.under) this.cluster.pressure.leave(this)
    this.under = false
  }
}
