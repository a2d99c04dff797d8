import { Gateway } from '../model/kinds/gateway.ts'
import { GRPCRoute } from '../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import { ListenerSet } from '../model/kinds/listener-set.ts'
import { isSlip } from '../model/nearest.ts'
import type { Resource } from '../model/resource.ts'
import { keyOf, refKey, type Resources } from '../model/resources.ts'
import type { PolicyAttachment } from './policies.ts'
import { gatewayOf, listenerName } from './listener-name.ts'
import { isLax, isServedWithin, setPlace } from './route-gateways.ts'
import {
  listenersTarget,
  routeTarget,
  sectionsOf,
  wholeOf,
  type Scope,
  type Targetable,
} from './targetable.ts'

/** What all objects of one kind are for. */
export type Alike = () => readonly PolicyAttachment<Resource>[]

interface World {
  readonly resources: Resources
  readonly gateways: ReadonlyMap<string, unknown>
}

/**
 * What a policy is likely for whose target is not there: the one thing that its name misses by a slip, and no other of
 * its kind is for, nor for its Gateways. Served without it, that would be open to whom it keeps out (ADR 0072). Of several any could be meant,
 * and all would be down for one name. Its sections of that name, or all of it.
 */
export function misspelt(
  { policy, target: { kind, name, sectionName } }: PolicyAttachment<Resource>,
  world: World,
  alike: Alike,
): readonly Scope[] {
  const { namespace } = policy.metadata
  const near = targetsOf(
    kind,
    world,
    ({ metadata }) => metadata.namespace === namespace && isSlip(name, metadata.name),
  )
  if (near.length === 0) return []
  const others = alike()
  const places = new Set(others.flatMap(other => listenerPlace(other, world.resources)))
  const isNamed = ({ resource }: Targetable): boolean =>
    others.some(other => isFor(other, kind, namespace, resource.metadata.name)) ||
    (!isOfListeners(kind) && isServedWithin(resource as HTTPRoute | GRPCRoute, places, world))
  const [meant, ...more] = near.filter(one => !isNamed(one))
  if (meant === undefined || more.length > 0) return []
  const sections = sectionName === undefined ? [] : sectionsOf(meant, sectionName)
  return sections.length > 0 ? sections : [wholeOf(meant)]
}

function isOfListeners(kind: string): boolean {
  return kind === Gateway.kind || kind === ListenerSet.kind
}

/** As in isServedWithin. */
function listenerPlace({ policy, target }: PolicyAttachment<Resource>, resources: Resources): string[] {
  const { kind, name, sectionName } = target
  if (!isOfListeners(kind) || isLax(policy)) return []
  const { namespace } = policy.metadata
  if (kind === Gateway.kind) {
    const whole = `${namespace}/${name}`
    return [sectionName === undefined ? whole : `${whole}/${sectionName}`]
  }
  const set = resources.get(ListenerSet, namespace, name)
  if (set === undefined) return []
  return [sectionName === undefined ? setPlace(`${namespace}/${name}`) : listenerName(set, sectionName)]
}

function isFor(
  { policy, target }: PolicyAttachment<Resource>,
  kind: string,
  namespace: string,
  name: string,
): boolean {
  return target.kind === kind && target.name === name && policy.metadata.namespace === namespace
}

function targetsOf(
  kind: string,
  { resources, gateways }: World,
  isWanted: (one: Resource) => boolean,
): Targetable[] {
  if (kind === ListenerSet.kind)
    return resources
      .all(ListenerSet)
      .filter(one => isWanted(one) && gateways.has(refKey(gatewayOf(one))))
      .map(listenersTarget)
  if (kind === Gateway.kind)
    return resources
      .all(Gateway)
      .filter(one => isWanted(one) && gateways.has(keyOf(one)))
      .map(listenersTarget)
  const routes = kind === 'GRPCRoute' ? resources.all(GRPCRoute) : resources.all(HTTPRoute)
  return routes.filter(isWanted).map(routeTarget)
}
