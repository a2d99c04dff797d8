import { PORTCULLIS } from '../../../model/kind.ts'
import { refKey, type Resources } from '../../../model/resources.ts'
import type { Unenforced } from '../../../model/targeting.ts'
import { isFull } from '../../../translation/report.ts'
import { API } from '../kinds/api.ts'
import { closeApi, type ApiState, type ApiWorld } from './apis.ts'
import { isOfApi } from './policies.ts'

/** Broken objects by the APIs that they are for: a Product, a policy. What they say of Gateways and routes is ingress's to close. */
export function brokenFor(resources: Resources): ReadonlyMap<string, readonly Unenforced[]> {
  const broken = new Map<string, Unenforced[]>()
  for (const one of resources.unenforced) {
    if (!one.broken || !one.known || one.targeting === null) continue
    for (const ref of one.targeting.refs) {
      if (!isOfApi(ref)) continue
      const key = refKey({ ...ref, group: PORTCULLIS })
      broken.set(key, [...(broken.get(key) ?? []), one])
    }
  }
  return broken
}

/** Closes the APIs that something broken would protect of which no version was good. */
export function closeBroken(
  broken: ReadonlyMap<string, readonly Unenforced[]>,
  apis: ReadonlyMap<string, ApiState>,
  world: ApiWorld,
): void {
  const closed = new Map<Unenforced, string[]>()
  for (const [key, list] of broken) {
    const state = apis.get(key)
    if (state === undefined) continue
    for (const one of list) {
      closeApi(state, one.resource, ['spec'], 'protects it and is not in force', world)
      closed.set(one, [...(closed.get(one) ?? []), `${API.kind} ${state.name}`])
    }
  }
  for (const [{ resource, targeting }, names] of closed) {
    const path = targeting?.refs.find(isOfApi)?.path ?? ['spec']
    const message = `it is broken, and no version of it was good; ${names.join(', ')}, which it may protect, would be served without it, and is closed instead: answered 500 (protection_missing)`
    const flaws = [{ reason: 'Invalid', path, message, follows: true as const }]
    if (isFull(flaws)) world.report.bad(resource, 'Enforced', flaws)
  }
}
