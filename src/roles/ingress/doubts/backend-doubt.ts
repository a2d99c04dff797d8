import { isIP } from 'node:net'
import type { FieldPath, Problem } from '../../../model/resource.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'
import type { BackendPolicy } from '../kinds/backend-policy.ts'

/** A cluster, and what its policies say, the farthest first. */
export interface Said {
  readonly cluster: Cluster
  /** What it stands for. */
  readonly target?: ClusterTarget | undefined
  readonly endpoints: readonly Endpoint[]
  readonly specs: readonly BackendPolicy['body']['spec'][]
}

/** A warning `NeverApplies` where nothing else is said. */
export interface Doubtful {
  readonly severity?: Problem['severity']
  readonly reason?: string
  /** Below `spec`, of the policy that says it. */
  readonly path: FieldPath
  readonly message: string
}

/** A Service may have other endpoints in a minute, and a name other addresses; those of a Backend are what is written. */
export function isWhole({ cluster, endpoints }: Said): boolean {
  return cluster.origin.resource.startsWith('Backend/') && endpoints.every(({ address }) => isIP(address) > 0)
}

/** What ends the wait for an answer first, below `timeouts`; null where nothing does. */
export function shortestWait({ cluster }: Said): { readonly field: string; readonly ms: number } | null {
  const { firstByteTimeoutMs, attemptTimeoutMs, requestTimeoutMs } = cluster
  const all = Object.entries({
    firstByte: firstByteTimeoutMs,
    attempt: attemptTimeoutMs,
    request: requestTimeoutMs,
  }).flatMap(([field, ms]) => (ms === undefined ? [] : [{ field, ms }]))
  return all.toSorted((a, b) => a.ms - b.ms)[0] ?? null
}
