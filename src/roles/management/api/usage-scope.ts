import type { Actor } from '../access/actor.ts'
import { API } from '../kinds/api.ts'
import type { UsageScope } from '../usage/question.ts'
import type { ManagementApi } from './context.ts'
import { objectScope } from './object-scope.ts'

/** Whose usage somebody may see; null: everybody's. */
export function usageScope(api: ManagementApi, actor: Actor): UsageScope | null {
  const { everywhere, organizations, teams, accounts } = actor.reach('usage:read')
  if (everywhere) return null
  const apis = (api.declared()?.resources.all(API) ?? []).filter(one => {
    const { organization, team } = objectScope(api, one)
    return organizations.includes(organization ?? '') || teams.includes(team ?? '')
  })
  return {
    organizations,
    accounts,
    apis: apis.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`),
  }
}
