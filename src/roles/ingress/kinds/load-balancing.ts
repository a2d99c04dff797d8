import type { CelRule } from '../../../model/kind.ts'
import { Type, type TProperties } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import {
  duration,
  object,
  optional,
  required,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { Balancing } from '../../../snapshot/cluster.ts'
import { balancers } from '../../../upstream/balancers.ts'
import { subsets, zoneAware } from './zones-and-subsets.ts'

/** The fields that some balancers have and others must not. */
const owned = new Map(
  balancers.flatMap(({ settings }) => (settings === undefined ? [] : [[settings.name, settings] as const])),
)

function ownersOf(name: string): readonly string[] {
  return balancers.filter(({ settings }) => settings?.name === name).map(({ type }) => type)
}

const settings: TProperties = Object.fromEntries(
  [...owned].map(([name, { schema, description }]) => {
    const where = `For type ${ownersOf(name).join(', ')}, and only there.`
    return [name, optional(Type.Unsafe<NonNullable<unknown>>(schema), `${description} ${where}`)]
  }),
)

const sticky = balancers.filter(balancer => balancer.sticky).map(({ type }) => type)

export function isSticky(type: string): boolean {
  return sticky.includes(type)
}

/** What a BackendPolicy says of the choice of endpoints. */
export interface LoadBalancing extends Partial<Balancing> {
  readonly slowStart?: { readonly window: string }
  readonly zoneAware?: Shape<typeof zoneAware>
  readonly subsets?: Shape<typeof subsets>
}

/** spec.loadBalancing, as the table of balancers has it. */
export const loadBalancing = Type.Unsafe<LoadBalancing>(
  object({
    type: optional(
      Type.Enum(balancers.map(({ type }) => type)),
      `How endpoints are chosen, by weight: ${balancers.map(({ type, does }) => `${does} (${type})`).join('; ')}.`,
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
    zoneAware: optional(
      zoneAware,
      `Endpoints of the gateway's own zone are preferred. Not for ${sticky.join(', ')}, by which gateways of all zones choose alike.`,
    ),
    subsets: optional(
      subsets,
      `Each worker connects to its part of the endpoints, for clusters of hundreds or thousands. Not for ${sticky.join(', ')}, by which all workers choose alike.`,
    ),
    ...settings,
  }),
)

/** The same for an API server. */
export const balancingCel: readonly CelRule[] = [...owned.keys()].map(name => {
  const owners = ownersOf(name)
  const chosen = owners.map(type => `self.type == '${type}'`).join(' || ')
  return {
    path: 'spec.loadBalancing',
    rule: `has(self.${name}) == (has(self.type) && (${chosen}))`,
    message: `${name} is required for type ${owners.join(' or ')}, and only for that`,
  }
})

/** Each balancer has its own settings, and no others. */
export function balancingViolations(given: LoadBalancing): Violation[] {
  const { type = backendDefaults.loadBalancing } = given
  const moving = isSticky(type) ? movers.filter(name => given[name] !== undefined) : []
  return [
    ...moving.map(name => ({
      path: ['spec', 'loadBalancing', name],
      message: `must be absent for type ${type}, which keeps clients where they are`,
    })),
    ...settingsViolations(given, type),
  ]
}

/** By these some clients would come to another endpoint, or to another one by another gateway. */
const movers = ['slowStart', 'zoneAware', 'subsets'] as const

function settingsViolations(given: LoadBalancing, type: string): Violation[] {
  return [...owned].flatMap(([name, { rules }]): Violation[] => {
    const owners = ownersOf(name)
    const path = ['spec', 'loadBalancing', name]
    const own = given[name]
    if (own === undefined || own === null)
      return owners.includes(type) ? [{ path, message: `is required for type ${type}` }] : []
    const isOwner = owners.includes(type)
    const violations =
      rules?.(own, isOwner ? type : owners[0]!).map(one => ({ ...one, path: [...path, ...one.path] })) ?? []
    if (isOwner) return violations
    const message = `must be absent for type ${type}, expected type ${owners.join(' or ')}`
    return [{ path, message }, ...violations]
  })
}
