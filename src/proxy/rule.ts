import type { FailureName } from '../http/failures.ts'
import type { RequestHead } from '../http/head.ts'
import type { FilterSteps } from '../filters/compile.ts'
import type { LocalResponse } from '../filters/filter.ts'
import type { Retry, Rule } from '../snapshot/snapshot.ts'
import type { RouteMetrics } from '../telemetry/instruments.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Backend, Backends } from './backend.ts'

/** A snapshot.Rule with everything done that does not depend on the request. */
export interface CompiledRule {
  readonly rule: Rule
  readonly steps: FilterSteps
  readonly action: CompiledAction
  readonly metrics: RouteMetrics
  /** Its requests are gRPC, and may come as gRPC-Web. */
  readonly grpc: boolean
}

export type CompiledAction = CompiledForward | CompiledRedirect | CompiledFailure

export interface CompiledForward extends Backends<CompiledBackend> {
  readonly type: 'forward'
  readonly mirrors: readonly CompiledMirror[] | null
  readonly requestTimeoutMs: number
  readonly backendTimeoutMs: number
  readonly retry: Retry | null
}

export interface CompiledBackend extends Backend {
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

export interface CompiledRedirect {
  readonly type: 'redirect'
  readonly respond: (head: RequestHead, localPort: number) => LocalResponse
}

export interface CompiledFailure {
  readonly type: 'failure'
  readonly failure: FailureName
  /** What else is known, for the log. */
  readonly reason: string
}
