import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiError, askJson, inPath, isForbidden, query, Unreachable } from './request.ts'
import type { History } from '../../src/admin/shapes/figures.ts'
import type { RequestLine, RequestStory } from '../../src/admin/shapes/requests.ts'
import type { Certificate } from '../../src/admin/shapes/certificate.ts'
import type { Cluster } from '../../src/admin/shapes/cluster.ts'
import type { ObjectRef } from '../../src/api/shapes/declared.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import type { ObjectWhole } from '../../src/admin/shapes/object.ts'
import type { Rule } from '../../src/admin/shapes/rule.ts'
import type { Status } from '../../src/admin/shapes/status.ts'
import type { Gateway, Topology } from '../../src/admin/shapes/topology.ts'
import type { Page } from './page.ts'
import { Store } from './store.ts'

const PAGE = 200

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // What is in force changes by a snapshot, and that is told (figures.ts): nothing is asked again for its age.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        error instanceof Unreachable || (!(error instanceof ApiError) && failures < 2),
      retryDelay: failures => Math.min(500 * 2 ** failures, 15_000),
    },
  },
})

/** What a snapshot or a reload changes. */
const CONFIGURED = 'configured'

export function configurationChanged(): void {
  void queryClient.invalidateQueries({ queryKey: [CONFIGURED] })
}

export function everythingChanged(): void {
  void queryClient.invalidateQueries()
}

export function one<T>(path: string) {
  return queryOptions({ queryKey: [CONFIGURED, path], queryFn: ({ signal }) => askJson<T>(path, { signal }) })
}

function list<T>(path: string, values: Parameters<typeof query>[0]) {
  return infiniteQueryOptions({
    queryKey: [CONFIGURED, path, values],
    queryFn: ({ signal, pageParam }) =>
      askJson<Page<T>>(path + query({ limit: PAGE, ...values, cursor: pageParam }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
  })
}

/**
 * Whether whoever looks is shown what is served; undefined before the first answer. Beside the query, whose error is none
 * any more while it is asked again.
 */
export const seesPlatform = new Store<boolean | undefined>(undefined)

export const statusQuery = queryOptions({
  ...one<Status>('/v1/status'),
  queryFn: async ({ signal }) => {
    try {
      const status = await askJson<Status>('/v1/status', { signal })
      seesPlatform.set(true)
      return status
    } catch (error) {
      if (isForbidden(error)) seesPlatform.set(false)
      throw error
    }
  },
  // Ports and certificates may fail without a new snapshot.
  refetchInterval: ({ state }) => (isForbidden(state.error) ? false : 15_000),
})
// As many as are told at once: there are seldom more.
export const problemsQuery = one<Page<Finding>>('/v1/problems?limit=1000')
export const certificatesQuery = one<Page<Certificate>>('/v1/certificates?limit=1000')
export const ruleQuery = (id: string) => one<Rule>(`/v1/rules/${inPath(id)}`)
export const clusterQuery = (name: string) =>
  // Endpoints come, go and are ejected without a new snapshot.
  queryOptions({ ...one<Cluster>(`/v1/clusters/${inPath(name)}`), refetchInterval: 3_000 })
export const storyQuery = (id: string) =>
  queryOptions({ ...one<RequestStory>(`/v1/requests/${inPath(id)}`), retry: false })
export const objectPath = ({ group, kind, namespace, name }: ObjectRef): string =>
  `/v1/objects/${[group || 'core', kind, namespace || '-', name].map(inPath).join('/')}`
export const objectQuery = (object: ObjectRef) => one<ObjectWhole>(objectPath(object))
export const gatewaysQuery = queryOptions({
  ...one<{ readonly gateways: readonly Gateway[] }>('/v1/topology?limit=1'),
})
export const topologyQuery = (values: {
  q?: string | undefined
  listener?: string | undefined
  limit: number
}) => queryOptions({ ...one<Topology>(`/v1/topology${query(values)}`), placeholderData: keepPreviousData })

export const rulesQuery = (values: { q?: string | undefined; listener?: string | undefined }) =>
  list<Rule>('/v1/rules', values)
export const clustersQuery = (values: { q?: string | undefined }) => list<Cluster>('/v1/clusters', values)

/** Those of these names, each once. */
export const rulesById = (ids: readonly string[]) =>
  queryOptions({
    ...one<Page<Rule>>(`/v1/rules${query({ id: ids, limit: ids.length })}`),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  })
export const clustersByName = (names: readonly string[]) =>
  queryOptions({
    ...one<Page<Cluster>>(`/v1/clusters${query({ name: names, limit: names.length })}`),
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
  })

export function historyQuery(range: 'hour' | 'day', about: { route?: string; cluster?: string } = {}) {
  const path = `/v1/figures/history${query({ range, ...about })}`
  return queryOptions({
    queryKey: ['history', path],
    queryFn: ({ signal }) => askJson<History>(path, { signal }),
    refetchInterval: range === 'hour' ? 10_000 : 60_000,
    placeholderData: keepPreviousData,
  })
}

export function olderRequests(values: Parameters<typeof query>[0], cursor: string | null) {
  return askJson<Page<RequestLine>>(`/v1/requests${query({ limit: PAGE, ...values, cursor })}`)
}
