import { Type, type TProperties } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import { duration, object, optional, required, type Violation } from '../../../model/kinds/shapes.ts'
import type { Balancing } from '../../../snapshot/snapshot.ts'
import { balancers } from '../../../upstream/balancers.ts'

/** The fields that balancers have for themselves. */
const settings: TProperties = Object.fromEntries(
  balancers.flatMap(({ type, settings: own }) => {
    if (own === undefined) return []
    const description = `${own.description} For type ${type}, and only there.`
    return [[own.name, optional(Type.Unsafe<NonNullable<unknown>>(own.schema), description)]]
  }),
)

const sticky = balancers.filter(balancer => balancer.sticky).map(({ type }) => type)

export function isSticky(type: string): boolean {
  return sticky.includes(type)
}

/** What a BackendPolicy says of the choice of endpoints. */
export interface LoadBalancing extends Partial<Balancing> {
  readonly slowStart?: { readonly window: string }
}

/** spec.loadBalancing, as the table of balancers has it. */
export const loadBalancing = Type.Unsafe<LoadBalancing>(
  object({
    type: optional(
      Type.Enum(balancers.map(({ type }) => type)),
      `How an endpoint is chosen, in shares by weight: ${balancers.map(({ type, does }) => `${does} (${type})`).join('; ')}.`,
      backendDefaults.loadBalancing,
    ),
    slowStart: optional(
      object({
        window: required(
          duration,
          'How long it takes from a tenth of the share to all of it. It begins whenever an endpoint comes into service, after an ejection too, and where it is the only one it has all at once.',
        ),
      }),
      `Endpoints that come into service get their share of requests little by little. Not for ${sticky.join(', ')}, where clients would move with it.`,
    ),
    ...settings,
  }),
)

/** Each balancer has its own settings, and no others. */
export function balancingViolations(given: LoadBalancing): Violation[] {
  const { type = backendDefaults.loadBalancing } = given
  const eased = given.slowStart !== undefined && isSticky(type)
  const path = ['spec', 'loadBalancing', 'slowStart']
  return [
    ...(eased
      ? [{ path, message: `must be absent for type ${type}, which keeps clients where they are` }]
      : []),
    ...settingsViolations(given, type),
  ]
}

function settingsViolations(given: LoadBalancing, type: string): Violation[] {
  return balancers.flatMap((balancer): Violation[] => {
    if (balancer.settings === undefined) return []
    const { name, rules } = balancer.settings
    const path = ['spec', 'loadBalancing', name]
    const own = given[name]
    if (own === undefined || own === null)
      return balancer.type === type ? [{ path, message: `is required for type ${type}` }] : []
    const violations = rules?.(own).map(one => ({ ...one, path: [...path, ...one.path] })) ?? []
    if (balancer.type === type) return violations
    return [
      { path, message: `must be absent for type ${type}, expected type ${balancer.type}` },
      ...violations,
    ]
  })
}
