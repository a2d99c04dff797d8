import { keyOf } from '../../../model/resources.ts'
import { proposal } from '../../../model/nearest.ts'
import type { AuthorizationPolicy } from '../kinds/authorization-policy.ts'
import type { ApiWorld } from './apis.ts'
import type { Placed } from './policies.ts'

/** Operations in rules that no API of the policy has: such a rule denies nothing, or allows nothing. */
export function doubtRules(placed: readonly Placed<AuthorizationPolicy>[], { report }: ApiWorld): void {
  for (const list of Map.groupBy(placed, ({ policy }) => keyOf(policy)).values()) {
    const known = operationsOf(list)
    if (known === null) continue
    const { policy } = list[0]!
    for (const [i, { action, to }] of policy.body.spec.rules.entries())
      for (const [j, id] of (to?.operations ?? []).entries()) {
        if (known.includes(id)) continue
        const path = ['spec', 'rules', i, 'to', 'operations', j]
        const end = action === 'Deny' ? 'denies' : 'allows'
        const message = `no API that the policy is for has an operation ${JSON.stringify(id)}${proposal(id, known)}: it ${end} nothing`
        report.doubt(policy, { severity: 'error', reason: 'OperationNotFound', path, message })
      }
  }
}

/** Null where the policy is for other requests too, or an API has no document: nobody can say which there are. */
function operationsOf(placed: readonly Placed<AuthorizationPolicy>[]): readonly string[] | null {
  const all: string[] = []
  for (const { api } of placed) {
    if (api === null || api.operations === null) return null
    all.push(...api.operations.map(({ id }) => id))
  }
  return all
}
