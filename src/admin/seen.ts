import type { InForce } from '../control/controller.ts'
import type { LiveFigures } from './figures/figures.ts'
import type { InspectKit } from '../filters/filter.ts'
import type { RuleTypes } from '../proxy/compile.ts'
import type { CacheKeeper } from '../shared/cache/keeper.ts'
import type { MetricsReader } from '../telemetry/metrics-reader.ts'
import type { RecentReader } from '../telemetry/recent/recent-reader.ts'
import type { Kinds } from '../model/kinds.ts'
import type { ClusterHealth } from '../upstream/health.ts'

/** What the API reads of the process; cli fills it in. */
export interface Seen {
  readonly program: Program
  /** Whether it serves and does not drain. */
  ready(): boolean
  /** Null before the first. */
  inForce(): InForce | null
  readonly metrics: MetricsReader
  readonly figures: LiveFigures
  /** Null where recent requests are not kept (--recent-requests off). */
  readonly recent: RecentReader | null
  /** Every filter and action that is built. */
  readonly types: RuleTypes
  /** What is read. */
  readonly kinds: Kinds
  /**
   * How the endpoints of these clusters are, as each worker knows it; null: of those in which not all is well. Null in
   * place of a worker that has not answered in that time.
   */
  health(
    clusters: readonly string[] | null,
    withinMs: number,
  ): Promise<readonly (readonly ClusterHealth[] | null)[]>
  /** What is kept of answers. */
  readonly cache: Pick<CacheKeeper, 'purge' | 'figures'>
  /** For `explain`: what filters would find. */
  readonly inspectKit: InspectKit
  /** Since 1970. */
  nowMs(): number
}

export interface Program {
  readonly version: string
  /** Of Node, without the v. */
  readonly node: string
  /** Since 1970. */
  readonly startedMs: number
  /** As the user named them. */
  readonly paths: readonly string[]
  readonly roles: readonly string[]
  /** Threads that carry traffic. */
  readonly workers: number
}
