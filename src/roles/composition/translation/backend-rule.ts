import type { BackendEntry } from '../../../composition/manifest/manifest.ts'
import type { RetrySettings } from '../../../composition/transport/transport.ts'
import { backendDefaults, retryDefaults } from '../../../model/defaults.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { Forward, Rule } from '../../../snapshot/rule.ts'
import { filtersOf } from './backend-filters.ts'

/** What calls of a composition to one of its backends meet, beside what its cluster has. */
export interface BackendRule {
  /** For Snapshot.within, by the name of the backend. */
  readonly rule: Rule
  /** What of the cluster the composition says itself: it is nearer than a policy on what the cluster is of, field by field. */
  readonly settings: Partial<Cluster>
}

/** `id` names the rule in metrics: `composition/default/shop/users`; `cluster` is where its calls go. */
export function backendRule(id: string, origin: Origin, entry: BackendEntry, cluster: string): BackendRule {
  return {
    rule: {
      id,
      // What is kept of another place is nothing for this one.
      digest: `${cluster} ${entry.url}`,
      origin,
      filters: filtersOf(id, origin, entry.resilience),
      action: actionOf(entry, cluster),
    },
    settings: settingsOf(entry),
  }
}

function actionOf({ protocol, retry, resilience }: BackendEntry, cluster: string): Forward {
  return {
    type: 'forward',
    backends: [{ weight: 1, cluster, filters: [] }],
    mirrors: [],
    // What is left out is the policy's to say; the engine ends each call by its deadline in any case.
    requestTimeoutMs: resilience.timeoutMs ?? 0,
    backendTimeoutMs: resilience.attemptTimeoutMs ?? 0,
    retry:
      retry === null
        ? null
        : { attempts: retry.attempts, codes: retry.statuses, backoffMs: retryDefaults.backoffMs },
    ...(protocol === 'grpc' && { grpc: true }),
  }
}

function settingsOf({ retry, deadlineHeader, resilience }: BackendEntry): Partial<Cluster> {
  const { hedging, breaker } = resilience
  const { retryIntervalMs: intervalMs, minRetries, breaker: breakers } = backendDefaults
  const { maxParallelRequests, maxParallelRetries, ...trip } = breakers
  return {
    ...(deadlineHeader !== null && { deadlineHeader }),
    ...(retry?.grpcCodes !== undefined && { retry: grpcRetryOf(retry, retry.grpcCodes) }),
    ...(retry !== null && { retryBudget: { percent: retry.budget * 100, intervalMs, minRetries } }),
    ...(hedging !== undefined && { hedging: { ...backendDefaults.hedging, ...hedging } }),
    ...(breaker !== undefined && {
      breaker: {
        maxRequests: maxParallelRequests,
        maxRetries: maxParallelRetries,
        trip: { ...trip, ...breaker },
      },
    }),
  }
}

/** Beside what the rule says: codes of gRPC are a cluster's matter. */
function grpcRetryOf(
  { attempts, statuses: codes }: RetrySettings,
  grpcCodes: readonly number[],
): NonNullable<Cluster['retry']> {
  const { backoffMs } = retryDefaults
  const kinds = { connectFailures: true, resets: true, timeouts: true }
  return { attempts, codes, grpcCodes, ...kinds, backoffMs, maxBackoffMs: 0 }
}
