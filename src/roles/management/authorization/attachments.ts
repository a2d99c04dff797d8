import type { AuthorizationConfig, PolicyConfig } from '../../../filters/authorization/config.ts'
import type { Resource } from '../../../model/resource.ts'
import type { Attachment, AttachPoint } from '../../../snapshot/contribution.ts'
import { APPLICATIONS } from '../rows.ts'
import { policyConfig, type AuthorizationSpec } from './settings.ts'

/** An AuthorizationPolicy at one of the places that its target comes to. */
export interface PlacedPolicy {
  readonly at: AttachPoint
  /** What it targets, for people: `Gateway default/front`, `API default/petstore`. An API comes to several places, and is one scope at each. */
  readonly scope: string
  readonly policy: Resource<{ readonly spec: AuthorizationSpec }>
}

/** Policies of one scope are judged together, and so are one filter; they stay in the order in which they are given. */
export function authorizationAttachments(placed: readonly PlacedPolicy[]): Attachment[] {
  const configs = new Map<Resource, PolicyConfig>()
  const scopes = new Map<
    string,
    { readonly at: AttachPoint; readonly scope: string; policies: Set<PolicyConfig> }
  >()
  for (const { at, scope, policy } of placed) {
    const config = configs.get(policy) ?? policyConfig(policy)
    configs.set(policy, config)
    const key = JSON.stringify([at, scope])
    const known = scopes.get(key)
    if (known === undefined) scopes.set(key, { at, scope, policies: new Set([config]) })
    else known.policies.add(config)
  }
  return [...scopes.values()].map(({ at, scope, policies }) => ({
    at,
    filter: filterOf(scope, [...policies]),
    protects: true,
  }))
}

/** Named after the first of the policies: each one says where it stands itself. */
function filterOf(scope: string, policies: readonly PolicyConfig[]): AuthorizationConfig {
  return { type: 'authorization', origin: policies[0]!.origin, scope, policies, applications: APPLICATIONS }
}
