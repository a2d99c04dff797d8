import { GATEWAY_API, groupOf, PORTCULLIS } from '../../model/kind.ts'
import { formatPath } from '../../model/problem.ts'
import type { Condition, Problem, Resource, ResourceKey } from '../../model/resource.ts'
import { refKey, refOf } from '../../model/resources.ts'
import { fieldOf } from '../../model/words.ts'
import type { GatewayStatus } from '../../snapshot/contribution.ts'

/** Why an object is not in force. */
export type Why = Pick<Condition, 'reason' | 'message'>

/** Problems that are told of one object. */
const SHOWN = 8

/** Of one that is broken, and of which no version was good. */
export function brokenBy({ kind }: Resource, problems: readonly Problem[]): Why {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const told = errors.slice(0, SHOWN).map(({ path, message }) => `${formatPath(path)}: ${message}`)
  const rest = errors.length > SHOWN ? `; and ${errors.length - SHOWN} more` : ''
  // Gateway API has another word of routes than of Gateways and policies.
  return { reason: kind.endsWith('Route') ? 'UnsupportedValue' : 'Invalid', message: told.join('; ') + rest }
}

/** That it is not accepted: of a route, and of a policy of the standard for Gateways, for each parent among `gateways`, which are ours. */
export function refusing(
  resource: Resource,
  why: Why,
  gateways: ReadonlyMap<ResourceKey, GatewayStatus>,
): readonly Condition[] {
  const about = refOf(resource)
  const accepted = { about, ...why, type: 'Accepted', status: 'False' } as const
  if (hasListeners(resource)) return [accepted, { ...accepted, type: 'Programmed', reason: 'Invalid' }]
  const own = referredBy(resource).filter(parent => gateways.has(refKey(parent)))
  const ofParents = own.map(parent => ({ ...accepted, parent }))
  if (resource.kind.endsWith('Route')) return ofParents
  return groupOf(resource.apiVersion) === PORTCULLIS ? [accepted] : [accepted, ...ofParents]
}

/** The parents of a route, and what a policy is for; each once. */
function referredBy(resource: Resource): readonly NonNullable<Condition['parent']>[] {
  const field = resource.kind.endsWith('Route') ? 'parentRefs' : 'targetRefs'
  const refs = fieldOf(fieldOf(resource.body, 'spec'), field)
  const parents = (Array.isArray(refs) ? (refs as readonly unknown[]) : []).map(ref =>
    parentOf(ref, resource),
  )
  return [...new Map(parents.map(parent => [JSON.stringify(parent), parent])).values()]
}

/** A Gateway, or a ListenerSet, which have statuses of one shape. */
export function hasListeners({ kind }: Pick<Resource, 'kind'>): boolean {
  return kind === 'Gateway' || kind === 'ListenerSet'
}

/** Of a reference that need not be in order. */
export function parentOf(ref: unknown, { metadata }: Resource): NonNullable<Condition['parent']> {
  const text = (name: string, absent: string): string => {
    const value = fieldOf(ref, name)
    return typeof value === 'string' ? value : absent
  }
  const [sectionName, port] = [fieldOf(ref, 'sectionName'), fieldOf(ref, 'port')]
  return {
    group: text('group', GATEWAY_API),
    kind: text('kind', 'Gateway'),
    namespace: text('namespace', metadata.namespace),
    name: text('name', ''),
    ...(typeof sectionName === 'string' && { sectionName }),
    ...(typeof port === 'number' && { port }),
  }
}
