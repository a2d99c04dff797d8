import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Account } from '../../src/api/shapes/account.ts'
import type { Application } from '../../src/api/shapes/application.ts'
import type { AuditEvent } from '../../src/api/shapes/audit.ts'
import type { Credential } from '../../src/api/shapes/credential.ts'
import type { StoredObject } from '../../src/api/shapes/declared-object.ts'
import type { SubscriptionLimits } from '../../src/api/shapes/limit.ts'
import type { Organization } from '../../src/api/shapes/organization.ts'
import type { RoleBinding } from '../../src/api/shapes/role-binding.ts'
import type { Subscription } from '../../src/api/shapes/subscription.ts'
import type { Member, Team } from '../../src/api/shapes/team.ts'
import type { Token } from '../../src/api/shapes/token.ts'
import type { Usage } from '../../src/api/shapes/usage.ts'
import type { Me, User } from '../../src/api/shapes/user.ts'
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

export function recordList<T>(path: string, values: Values) {
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
export const organizationsQuery = one<Page<Organization>>(`/v1/organizations${query({ limit: MOST })}`)
export const usersQuery = recordList<User>('/v1/users', {})
/** Those that one chooses from. */
export const everyUserQuery = one<Page<User>>(`/v1/users${query({ limit: MOST })}`)
export const userQuery = (id: string) => one<User>(`/v1/users/${inPath(id)}`)
export const tokensQuery = (user: string) =>
  one<Page<Token>>(`/v1/users/${inPath(user)}/tokens${query({ limit: MOST })}`)
export const teamsQuery = one<Page<Team>>(`/v1/teams${query({ limit: MOST })}`)
export const teamListQuery = recordList<Team>('/v1/teams', {})
export const teamQuery = (id: string) => one<Team>(`/v1/teams/${inPath(id)}`)
export const membersQuery = (team: string) =>
  one<Page<Member>>(`/v1/teams/${inPath(team)}/members${query({ limit: MOST })}`)
export const bindingsQuery = one<Page<RoleBinding>>(`/v1/role-bindings${query({ limit: MOST })}`)
export const storedListQuery = recordList<StoredObject>('/v1/stored-objects', {})
/** Not kept: who changes an object begins with it as it is. */
export const storedObjectsQuery = (values: Values) =>
  queryOptions({
    ...one<Page<StoredObject>>(`/v1/stored-objects${query({ limit: MOST, ...values })}`),
    gcTime: 0,
  })
export const accountsQuery = one<Page<Account>>(`/v1/accounts${query({ limit: MOST })}`)
export const applicationsQuery = (values: Values) => recordList<Application>('/v1/applications', values)
export const applicationQuery = (id: string) => one<Application>(`/v1/applications/${inPath(id)}`)
export const credentialsQuery = (application: string) =>
  one<Page<Credential>>(`/v1/applications/${inPath(application)}/credentials${query({ limit: MOST })}`)
export const subscriptionsQuery = (values: Values) => recordList<Subscription>('/v1/subscriptions', values)
/** It falls with each request, of which nobody is told. */
export const subscriptionLimitsQuery = (id: string) =>
  queryOptions({
    ...one<SubscriptionLimits>(`/v1/subscriptions/${inPath(id)}/limits`),
    refetchInterval: ({ state }) => (state.error === null ? 5_000 : false),
    retry: false,
  })
/** As many as are told of in the menu; a list of them has all. */
export const pendingQuery = one<Page<Subscription>>(
  `/v1/subscriptions${query({ status: 'pending', limit: 100 })}`,
)
export const auditQuery = (values: Values) => recordList<AuditEvent>('/v1/audit', values)
export const usageQuery = (values: Values) =>
  queryOptions({ ...one<Usage>(`/v1/usage${query(values)}`), placeholderData: keepPreviousData })

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Changes something, and has all that is recorded asked for again. */
export async function change<T>(method: Method, path: string, body?: object): Promise<T> {
  const answer = await send<T>(method, path, body)
  await recordsChanged()
  return answer
}

/** Deletes what a page is about: away from it first, or it would be asked for again. */
export async function removeAndLeave(path: string, leave: () => Promise<void>): Promise<void> {
  await send('DELETE', path)
  await leave()
  await recordsChanged()
}

function send<T>(method: Method, path: string, body?: object): Promise<T> {
  return askJson<T>(path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
}

function recordsChanged(): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: [RECORDED] })
}
