import { useQuery } from '@tanstack/react-query'
import { productsQuery } from './catalog.ts'
import { meQuery, pendingQuery } from './recorded.ts'
import { seesPlatform, statusQuery } from './queries.ts'
import { useStore } from './store.ts'

/** Those of /v1/me that something in the console depends on. */
export type Needed =
  | 'accounts:write'
  | 'apis:write'
  | 'applications:write'
  | 'audit:read'
  | 'catalog:read'
  | 'credentials:write'
  | 'platform:read'
  | 'routes:write'
  | 'subscriptions:approve'
  | 'subscriptions:read'
  | 'subscriptions:write'
  | 'teams:read'
  | 'teams:write'
  | 'users:read'
  | 'users:write'

/**
 * Whether whoever looks sees what is served: undefined while that is not known. It takes a role that holds everywhere;
 * who has one for an organization, a team or an account sees of management what is theirs, and nothing else.
 */
export function usePlatform(): boolean | undefined {
  useQuery(statusQuery)
  return useStore(seesPlatform)
}

/** Whether this gateway manages APIs: without that role nothing of it is there to be asked, and nobody has roles. */
export function useManages(): boolean {
  const { data } = useQuery(statusQuery)
  return usePlatform() === false || data?.roles.includes('management') === true
}

export function useMe() {
  return useQuery({ ...meQuery, enabled: useManages() }).data
}

/** Whether whoever looks may do this somewhere, or one of these: what they may not is not offered. */
export function useMay(): (needed: Needed | readonly Needed[]) => boolean {
  const me = useMe()
  return needed =>
    me !== undefined &&
    (typeof needed === 'string' ? [needed] : needed).some(one => me.permissions.includes(one))
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
