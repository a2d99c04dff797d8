import { GATEWAY_API, type ResourceKind } from '../model/kind.ts'
import { Gateway } from '../model/kinds/gateway.ts'
import { GRPCRoute } from '../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import { ListenerSet } from '../model/kinds/listener-set.ts'
import type { PolicyTarget } from '../model/kinds/shapes.ts'
import type { Resource, ResourceRef } from '../model/resource.ts'
import { refKey, type Resources } from '../model/resources.ts'
import { gatewayOf } from './listener-name.ts'
import { missing, namesake, type Absence } from './missing.ts'
import { reject, type PolicyAttachment } from './policies.ts'
import type { Report } from './report.ts'
import type { Closing } from './closing.ts'
import { misspelt, type Alike } from './slips.ts'
import {
  listenersTarget,
  routeTarget,
  sectionless,
  sectionsOf,
  wholeOf,
  type Scope,
  type Targetable,
} from './targetable.ts'

/** The Gateways of our classes, by their keys. */
export type OurGateways = ReadonlyMap<string, { readonly gateway: Gateway }>

/** What policies about requests need of the world. */
export interface PolicyWorld {
  readonly resources: Resources
  readonly gateways: OurGateways
  readonly closing: Closing
  readonly report: Report
}

/**
 * What a policy that protects requests is for: all of a Gateway or a route, or a listener or rule of it. Null, with a
 * condition, where that is not there. A section that is not there is a mistake in its name, and what it was to protect
 * is somewhere in its object: that is closed. So is what a name misses by a slip, where none of `alike` is for it;
 * null of a policy without which nothing is open to others.
 */
export function protectedScope(
  attachment: PolicyAttachment<Resource>,
  { resources, gateways, closing, report }: PolicyWorld,
  alike: Alike | null,
): Scope | null {
  const { policy, target } = attachment
  const object = requestTarget(target, policy.metadata.namespace, resources, gateways)
  if ('message' in object) {
    const isTold = object.follows || alike === null
    const meant = isTold ? [] : misspelt(attachment, { resources, gateways }, alike)
    const message = object.message + closing.misspelt(meant, attachment)
    reject(attachment, report, 'TargetNotFound', { ...object, message })
    return null
  }
  const { sectionName } = target
  if (sectionName === undefined) return wholeOf(object)
  const [scope] = sectionsOf(object, sectionName)
  if (scope !== undefined) return scope
  reject(attachment, report, 'TargetNotFound', closing.sectionless(object, attachment))
  return null
}

function requestTarget(
  { kind, name }: PolicyTarget,
  namespace: string,
  resources: Resources,
  gateways: OurGateways,
): Targetable | Absence {
  if (kind === 'Gateway') {
    const state = gateways.get(refKey({ group: GATEWAY_API, kind, namespace, name }))
    return state === undefined ? gatewayless(resources, namespace, name) : listenersTarget(state.gateway)
  }
  if (kind === ListenerSet.kind) {
    const set = resources.get(ListenerSet, namespace, name)
    if (set === undefined) return targetless(resources, ListenerSet, namespace, name)
    const parent = gatewayOf(set)
    return gateways.has(refKey(parent)) ? listenersTarget(set) : setless(set, parent)
  }
  const isCalls = kind === 'GRPCRoute'
  const route = isCalls
    ? resources.get(GRPCRoute, namespace, name)
    : resources.get(HTTPRoute, namespace, name)
  return route === undefined
    ? targetless(resources, isCalls ? GRPCRoute : HTTPRoute, namespace, name)
    : routeTarget(route)
}

/** Why a ListenerSet is not one of ours. */
function setless({ metadata }: ListenerSet, { kind, namespace, name }: ResourceRef): Absence {
  const message = `ListenerSet ${metadata.namespace}/${metadata.name} is added to ${kind} ${namespace}/${name}, which is none of ours, as is told of them`
  return { message, follows: true }
}

/** A policy is for what is in its own namespace: of a target that is in another one, that is said. */
function targetless(resources: Resources, kind: ResourceKind, namespace: string, name: string): Absence {
  const absence = missing(resources, kind, namespace, name)
  const elsewhere = resources.all(kind).find(({ metadata }) => metadata.name === name)
  const advice = `a policy can only be for what is in its own namespace`
  return { ...absence, message: absence.message + namesake(elsewhere, advice) }
}

/** What says that a Gateway has no such listener. */
export function listenerless(gateway: Gateway, section: string): string {
  return sectionless(listenersTarget(gateway), section)
}

/** Why there is no such Gateway of ours. */
export function gatewayless(resources: Resources, namespace: string, name: string): Absence {
  if (resources.get(Gateway, namespace, name) === undefined)
    return targetless(resources, Gateway, namespace, name)
  const message = `Gateway ${namespace}/${name} is of no class of ours, which is told of itself`
  return { message, follows: true }
}
