import { GATEWAY_API } from '../model/kind.ts'
import { Gateway } from '../model/kinds/gateway.ts'
import type { GRPCRoute } from '../model/kinds/grpc-route.ts'
import type { HTTPRoute } from '../model/kinds/http-route.ts'
import { ListenerSet } from '../model/kinds/listener-set.ts'
import type { Resource } from '../model/resource.ts'
import { refKey, type Resources } from '../model/resources.ts'
import { gatewayOf, listenerName } from './listener-name.ts'
import { policyName } from './policies.ts'

/**
 * Whether all Gateways and ListenerSets of ours that serve a route are among `places`, or the listeners that it names:
 * `default/web`, `default/web/https` and setPlace; a ListenerSet's are also within its Gateway. False where it leaves to
 * others which they are.
 */
export function isServedWithin(
  { metadata, body: { spec } }: HTTPRoute | GRPCRoute,
  places: ReadonlySet<string>,
  { resources, gateways }: { readonly resources: Resources; readonly gateways: ReadonlyMap<string, unknown> },
): boolean {
  if (spec.useDefaultGateways === 'All') return false
  const parents = (spec.parentRefs ?? []).flatMap(
    ({ group = GATEWAY_API, kind = Gateway.kind, namespace = metadata.namespace, name, sectionName }) => {
      if (group === GATEWAY_API && kind === ListenerSet.kind) {
        const set = resources.get(ListenerSet, namespace, name)
        return set === undefined || !gateways.has(refKey(gatewayOf(set)))
          ? []
          : [placesOfSet(set, sectionName)]
      }
      if (!gateways.has(refKey({ group, kind, namespace, name }))) return []
      const whole = `${namespace}/${name}`
      return [sectionName === undefined ? [whole] : [whole, `${whole}/${sectionName}`]]
    },
  )
  return parents.length > 0 && parents.every(names => names.some(name => places.has(name)))
}

function placesOfSet(set: ListenerSet, section: string | undefined): string[] {
  const { namespace, name } = gatewayOf(set)
  const whole = [`${namespace}/${name}`, setPlace(policyName(set))]
  return section === undefined ? whole : [...whole, listenerName(set, section)]
}

/** A ListenerSet (`apps/extra`) as a place, apart from a Gateway of its name. */
export function setPlace(name: string): string {
  return `ListenerSet ${name}`
}

/** Whether a policy lets some pass that its kind would stop, which may be all of a route: who it leaves out, and who has shown nothing. */
export function isLax({ body }: Resource): boolean {
  const spec = typeof body === 'object' && body !== null && 'spec' in body ? body.spec : null
  if (typeof spec !== 'object' || spec === null) return false
  const { except, anonymous, dryRun } = spec as Readonly<Record<string, unknown>>
  return (Array.isArray(except) && except.length > 0) || anonymous === true || dryRun === true
}
