import type { FailureName } from '../http/failures.ts'
import type { WeightedBackend } from '../snapshot/rule.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Upstreams } from '../upstream/upstreams.ts'

/** Where a rule sends its share of requests, or of connections. */
export interface BackendShare {
  readonly weight: number
  /** Null where the reference is invalid, or closed; `failure` then says which. */
  readonly cluster: Cluster<UpstreamPool> | null
  readonly failure: FailureName
  readonly metrics: ClusterMetrics | null
}

/** At least one. */
export interface Backends<B extends BackendShare = BackendShare> {
  readonly backends: readonly B[]
  readonly totalWeight: number
}

/** Weighted random choice (Gateway API BackendRef.weight): each request or connection decides for itself, so that workers need not agree. */
export function chooseBackend<B extends BackendShare>({ backends, totalWeight }: Backends<B>): B {
  if (backends.length === 1) return backends[0]!
  let left = Math.random() * totalWeight
  for (const backend of backends) {
    left -= backend.weight
    if (left < 0) return backend
  }
  return backends[backends.length - 1]!
}

export function weighed<B extends BackendShare>(backends: readonly B[]): Backends<B> {
  return { backends, totalWeight: backends.reduce((sum, { weight }) => sum + weight, 0) }
}

/** Where backends are found, and their metrics. */
interface Known {
  readonly clusters: Pick<Upstreams, 'get'>
  readonly observer: { cluster(name: string): ClusterMetrics }
}

export function findBackend(
  { weight, cluster, closed }: Pick<WeightedBackend, 'weight' | 'cluster' | 'closed'>,
  { clusters, observer }: Known,
): BackendShare {
  return {
    weight,
    cluster: cluster === null ? null : (clusters.get(cluster) ?? null),
    failure: closed ? 'protection_missing' : 'destination_not_found',
    metrics: cluster === null ? null : observer.cluster(cluster),
  }
}
