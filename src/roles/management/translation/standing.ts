import { isLax, isServedWithin, setPlace } from '../../../translation/route-gateways.ts'
import type { Resource } from '../../../model/resource.ts'
import { pointsIn, placeText } from './authentication.ts'
import type { ApiState, ApiWorld } from './apis.ts'
import type { Placed } from './policies.ts'

/** Whether policies of a kind stand at all that an API covers: at its rules, their routes, or all Gateways of these. */
export function standsAt(
  { covers }: ApiState,
  policies: readonly Placed<Resource>[],
  world: Pick<ApiWorld, 'resources' | 'gateways'>,
): boolean {
  const taken = new Set(policies.map(({ at }) => placeText(at)))
  const around = new Set(policies.flatMap(aroundRoutes))
  return covers.every(cover => {
    const [whole = '', ...rules] = pointsIn(cover)
    const isTaken = taken.has(whole) || rules.every(rule => taken.has(rule))
    return isTaken || isServedWithin(cover.route, around, world)
  })
}

function aroundRoutes({ policy, at }: Placed<Resource>): string[] {
  if (at === 'all' || isLax(policy)) return []
  if ('gateway' in at) return [at.gateway]
  if ('listenerSet' in at) return [setPlace(at.listenerSet)]
  return 'listener' in at ? [at.listener] : []
}
