import { Type, type TProperties } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import { later, type Unserved } from '../../../model/kind.ts'
import { object, optional, type Violation } from '../../../model/kinds/shapes.ts'
import type { Balancing } from '../../../snapshot/snapshot.ts'
import { balancers } from '../../../upstream/balancers.ts'

const served = balancers.map(({ type }) => type)

/** Known, and refused in words of their own. */
const planned = ['PeakEWMA']

/** The fields that balancers have for themselves. */
const settings: TProperties = Object.fromEntries(
  balancers.flatMap(({ type, settings: own }) => {
    if (own === undefined) return []
    const description = `${own.description} For type ${type}, and only there.`
    return [[own.name, optional(Type.Unsafe<NonNullable<unknown>>(own.schema), description)]]
  }),
)

/** spec.loadBalancing, as the table of balancers has it. */
export const loadBalancing = Type.Unsafe<Partial<Balancing>>(
  object({
    type: optional(
      Type.Enum([...served, ...planned]),
      `How an endpoint is chosen, in shares by weight: ${balancers.map(({ type, does }) => `${does} (${type})`).join('; ')}.`,
      backendDefaults.loadBalancing,
    ),
    ...settings,
  }),
)

export const unservedBalancers: Unserved = later(
  'spec.loadBalancing.type',
  'this balancer is not served yet',
  planned,
)

/** Each balancer has its own settings, and no others. */
export function balancingViolations(given: Partial<Balancing>): Violation[] {
  const { type = backendDefaults.loadBalancing } = given
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
