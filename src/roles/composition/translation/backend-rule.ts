import type { BackendEntry } from '../../../composition/manifest/manifest.ts'
import { retryDefaults, backendDefaults } from '../../../model/defaults.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { Rule } from '../../../snapshot/rule.ts'

/** What calls of a composition to one of its backends meet, beside what its cluster has. */
export interface BackendRule {
  /** For Snapshot.within, by the name of the backend. */
  readonly rule: Rule
  /** What of the cluster the composition says itself: it is nearer than a policy on what the cluster is of. */
  readonly settings: Partial<Cluster>
}

/** `id` names the rule in metrics: `composition/default/shop/users`; `cluster` is where its calls go. */
export function backendRule(id: string, origin: Origin, entry: BackendEntry, cluster: string): BackendRule {
  const { retry, timeoutMs } = entry
  return {
    rule: {
      id,
      origin,
      filters: [],
      action: {
        type: 'forward',
        backends: [{ weight: 1, cluster, filters: [] }],
        mirrors: [],
        requestTimeoutMs: timeoutMs,
        backendTimeoutMs: 0,
        retry:
          retry === null
            ? null
            : { attempts: retry.attempts, codes: retry.statuses, backoffMs: retryDefaults.backoffMs },
        safeOnly: true,
        ...(entry.protocol === 'grpc' && { grpc: true }),
      },
    },
    settings: {
      ...(retry !== null && {
        retryBudget: {
          percent: retry.budget * 100,
          intervalMs: backendDefaults.retryIntervalMs,
          minRetries: backendDefaults.minRetries,
        },
      }),
    },
  }
}
