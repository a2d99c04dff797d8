import type { Resource } from '../../../model/resource.ts'
import type { Actor } from '../access/actor.ts'
import { API } from '../kinds/api.ts'
import { AuthorizationPolicy } from '../kinds/authorization-policy.ts'
import { forbidden } from './allow.ts'
import type { ApplicationOf } from './applications.ts'
import type { ManagementApi } from './context.ts'
import { objectScope } from './object-scope.ts'

const PERMISSION = 'credentials:grant'

/**
 * By scopes rules let through, so a role for an account alone must not be enough to have any; and a scope has one name
 * for all organizations, so who gives it must be who may give it wherever a rule goes by it. One that no rule names yet
 * would be kept for the day on which another organization's does.
 */
export function mayGrant(
  api: ManagementApi,
  actor: Actor,
  scopes: readonly string[],
  { of }: ApplicationOf,
): void {
  if (scopes.length === 0) return
  if (!actor.can(PERMISSION, { organization: of.id }))
    throw forbidden(PERMISSION, `organization ${of.name}, by whose word a credential has scopes`)
  const resources = api.declared()?.resources
  const isForeign = (one: Resource): boolean => !actor.can(PERMISSION, objectScope(api, one))
  const policies = resources?.all(AuthorizationPolicy) ?? []
  const hasOthers = (resources?.all(API) ?? []).some(isForeign)
  for (const scope of scopes) {
    const naming = policies.filter(policy => scopesOf(policy).has(scope))
    const foreign = naming.find(isForeign)
    if (foreign !== undefined)
      throw forbidden(PERMISSION, `scope ${scope}, which an AuthorizationPolicy of others goes by`)
    if (naming.length === 0 && hasOthers)
      throw forbidden(
        PERMISSION,
        `scope ${scope} everywhere: no AuthorizationPolicy in force names it, and there are APIs of others that may`,
      )
  }
}

function scopesOf({ body: { spec } }: AuthorizationPolicy): ReadonlySet<string> {
  return new Set(
    (spec.rules ?? []).flatMap(({ from }) => (from?.scopes ?? []).flatMap(names => names.split(' '))),
  )
}
