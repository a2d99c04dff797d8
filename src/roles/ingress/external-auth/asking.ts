import type { ExternalAuthConfig } from '../../../filters/external-auth/config.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'

/** Whether a filter asks a cluster of its own, which is one that its rule sends to. */
export function isAsking(filter: FilterConfig): filter is ExternalAuthConfig {
  return filter.type === 'external-auth'
}

/** Names of the clusters that filters ask. */
export function askedBy(filters: readonly FilterConfig[]): string[] {
  return filters.filter(isAsking).map(({ cluster }) => cluster)
}
