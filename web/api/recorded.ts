import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Account } from '../../src/api/shapes/account.ts'
import type { Application } from '../../src/api/shapes/application.ts'
import type { AuditEvent } from '../../src/api/shapes/audit.ts'
import type { Credential } from '../../src/api/shapes/credential.ts'
import type { Subscription } from '../../src/api/shapes/subscription.ts'
import type { Usage } from '../../src/api/shapes/usage.ts'
import type { Me } from '../../src/api/shapes/user.ts'
import type { Page } from './page.ts'
import { queryClient } from './queries.ts'
import { askJson, inPath, query } from './request.ts'

// What is recorded, and not declared: it changes without a snapshot, by whoever uses the API.

const RECORDED = 'recorded'
const PAGE = 200
/** What one chooses from in forms: more than that nobody reads. */
const MOST = 1_000

type Values = Parameters<typeof query>[0]

function one<T>(path: string) {
  return queryOptions({
    queryKey: [RECORDED, path],
    queryFn: ({ signal }) => askJson<T>(path, { signal }),
    staleTime: 0,
  })
}

function list<T>(path: string, values: Values) {
  return infiniteQueryOptions({
    queryKey: [RECORDED, path, values],
    queryFn: ({ signal, pageParam }) =>
      askJson<Page<T>>(path + query({ limit: PAGE, ...values, cursor: pageParam }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
}

export const meQuery = one<Me>('/v1/me')
export const accountsQuery = one<Page<Account>>(`/v1/accounts${query({ limit: MOST })}`)
export const applicationsQuery = (values: Values) => list<Application>('/v1/applications', values)
export const applicationQuery = (id: string) => one<Application>(`/v1/applications/${inPath(id)}`)
export const credentialsQuery = (application: string) =>
  one<Page<Credential>>(`/v1/applications/${inPath(application)}/credentials${query({ limit: MOST })}`)
export const subscriptionsQuery = (values: Values) => list<Subscription>('/v1/subscriptions', values)
/** As many as are told of in the menu; a list of them has all. */
export const pendingQuery = one<Page<Subscription>>(
  `/v1/subscriptions${query({ status: 'pending', limit: 100 })}`,
)
export const auditQuery = (values: Values) => list<AuditEvent>('/v1/audit', values)
export const usageQuery = (values: Values) =>
  queryOptions({ ...one<Usage>(`/v1/usage${query(values)}`), placeholderData: keepPreviousData })

/** Changes something, and has all that is recorded asked for again. */
export async function change<T>(method: 'POST' | 'PUT' | 'PATCH', path: string, body: object): Promise<T> {
  const answer = await askJson<T>(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await queryClient.invalidateQueries({ queryKey: [RECORDED] })
  return answer
}
