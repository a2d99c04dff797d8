import type { FailureName } from '../http/failures.ts'
import type { FilterSteps, ReadyFilter } from '../filters/compile.ts'
import type { Ranking } from '../filters/priority.ts'
import type { Rule } from '../snapshot/rule.ts'
import type { RouteMetrics } from '../telemetry/instruments.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { BackendShare, Backends } from './backend.ts'
import type { RetryRules } from './retry-rules.ts'
import type { CompiledAction, Entering } from './run.ts'
import type { SessionPlaces } from './sessions.ts'

/** A snapshot.Rule with everything done that does not depend on the request. */
export interface CompiledRule {
  readonly rule: Rule
  /** Of the filters of its own, as steps and, for who lays others beside them, as they are. */
  readonly steps: FilterSteps
  readonly filters: readonly ReadyFilter[]
  readonly action: CompiledAction
  /** How important its requests are, where its own filters say so. */
  readonly ranking: Ranking
  /** It has a backend that may be asked, which one that is closed has not: what is kept may be given in its place. */
  readonly asks: boolean
  /** By name, what the action was compiled with; null where there was none of that name. */
  readonly clusters: readonly (readonly [name: string, cluster: object | null])[]
  readonly metrics: RouteMetrics
  /** What is put around its exchanges before anybody else sees them; null: nothing. */
  readonly enter: ((x: Entering) => void) | null
}

export interface CompiledForward extends Backends<CompiledBackend> {
  readonly mirrors: readonly CompiledMirror[] | null
  readonly requestTimeoutMs: number
  readonly backendTimeoutMs: number
  /** Null where the rule keeps no sessions. */
  readonly sessions: SessionPlaces<CompiledBackend> | null
  /** As the route has it. */
  readonly retry: RetryRules | null
}

export interface CompiledBackend extends BackendShare {
  readonly steps: FilterSteps
}

/**
 * Why a copy did not arrive: what failed, that too much of it waited (`mirror_slow`) or of all copies (`mirror_full`),
 * or that the request itself was never complete.
 */
export type MirrorLoss = FailureName | 'mirror_slow' | 'mirror_full' | 'request_incomplete'

export interface CompiledMirror {
  readonly cluster: Cluster<UpstreamPool>
  readonly share: number
  /** Counts a copy that did not arrive. */
  readonly lost: (reason: MirrorLoss) => void
}

/** Stands for the requests that no listener takes on this connection. */
export const misdirectedRule: Rule = {
  id: 'misdirected',
  origin: { resource: '', group: '', role: 'ingress', path: '', file: '', line: 0, column: 0 },
  filters: [],
  action: { type: 'respond', failure: 'misdirected_request' },
}
