import type { Actor } from '../access/actor.ts'
import { API } from '../kinds/api.ts'
import type { ManagementApi } from './context.ts'
import { opened } from './changes.ts'
import { objectScope } from './object-scope.ts'

/** Whose usage somebody may see: of these accounts (ids), and of these APIs (NAMESPACE/NAME). Null: all. */
export interface UsageScope {
  readonly accounts: readonly string[]
  readonly apis: readonly string[]
}

export async function usageScope(api: ManagementApi, actor: Actor): Promise<UsageScope | null> {
  const { everywhere, organizations, teams, accounts } = actor.reach('usage:read')
  if (everywhere) return null
  const { db } = await opened(api)
  const within =
    organizations.length === 0
      ? []
      : await db.selectFrom('accounts').select('id').where('organization', 'in', organizations).execute()
  const apis = (api.declared()?.resources.all(API) ?? []).filter(one => {
    const { organization, team } = objectScope(api, one)
    return organizations.includes(organization ?? '') || teams.includes(team ?? '')
  })
  return {
    accounts: [...accounts, ...within.map(({ id }) => id)],
    apis: apis.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`),
  }
}
