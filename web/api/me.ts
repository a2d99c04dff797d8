import { useQuery } from '@tanstack/react-query'
import { productsQuery } from './catalog.ts'
import { meQuery, pendingQuery } from './recorded.ts'
import { statusQuery } from './queries.ts'

/** Those of /v1/me that something in the console depends on. */
export type Needed =
  | 'accounts:write'
  | 'applications:write'
  | 'audit:read'
  | 'catalog:read'
  | 'credentials:write'
  | 'subscriptions:approve'
  | 'subscriptions:read'
  | 'subscriptions:write'

/** Whether this gateway manages APIs: without that role nothing of it is there to be asked. */
function useManages(): boolean {
  return useQuery(statusQuery).data?.roles.includes('management') === true
}

export function useMe() {
  return useQuery({ ...meQuery, enabled: useManages() }).data
}

/** Whether whoever looks may do this somewhere: what they may not is not offered. */
export function useMay(): (permission: Needed) => boolean {
  const me = useMe()
  return permission => me?.permissions.includes(permission) === true
}

/** In which organization something is made by who has a role in one alone; undefined: in the usual one. */
export function useOrganization(): string | undefined {
  const bindings = useMe()?.bindings ?? []
  if (bindings.some(({ scope }) => scope === 'platform')) return undefined
  return bindings.find(({ organization }) => organization !== null)?.organization?.id
}

const PENDING_MS = 15_000

/**
 * How many subscriptions wait for whoever looks to approve them. A gateway without products has none, and is not asked:
 * it would begin a store for that.
 */
export function usePending(): number {
  const may = useMay()
  const manages = useManages()
  const products = useQuery({ ...productsQuery, enabled: manages && may('catalog:read') }).data?.items ?? []
  const asks = products.length > 0 && may('subscriptions:read')
  const { data } = useQuery({ ...pendingQuery, enabled: asks, refetchInterval: PENDING_MS })
  return asks ? (data?.items.length ?? 0) : 0
}
