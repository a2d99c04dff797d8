import { Backend } from '../../../model/kinds/backend.ts'
import type { BackendObjectReference } from '../../../model/kinds/http-filters.ts'
import { Service } from '../../../model/kinds/service.ts'
import { TrafficPolicy } from '../../../model/kinds/traffic-policy.ts'
import type { Ingress, IngressBackend } from '../../../model/kinds/ingress.ts'
import type { Resource, ResourceRef } from '../../../model/resource.ts'
import { keyOf, refKey, refOf, shortName, type Resources } from '../../../model/resources.ts'
import { parentsOf } from '../routes/attach.ts'
import type { GatewayState } from '../gateway/gateway-state.ts'
import { routeParents } from '../gateway/listener-sets.ts'
import { allRoutes, type RouteState } from '../routes/route.ts'
import {
  backendTarget,
  ingressTarget,
  listenersTarget,
  routeTarget,
  type Targetable,
} from '../../../translation/targetable.ts'

/**
 * Objects that requests come to on their way (a Gateway of ours, a route on one, an Ingress, what these send to), found by
 * name: thousands of policies may each have a route of thousands.
 */
export class Served {
  readonly list: readonly Targetable[]
  private readonly byName: ReadonlyMap<string, readonly Targetable[]>

  constructor(list: readonly Targetable[]) {
    this.list = list
    this.byName = Map.groupBy(list, ({ resource }) => shortName(refOf(resource)))
  }

  /** Of any group where that is null. */
  named(ref: Omit<ResourceRef, 'group'> & { readonly group: string | null }): readonly Targetable[] {
    const same = this.byName.get(shortName(ref)) ?? []
    return ref.group === null ? same : same.filter(({ resource }) => refOf(resource).group === ref.group)
  }
}

/** `composed`: what compositions and filters send to. */
export function servedObjects(
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
  ingresses: readonly Ingress[],
  composed: readonly Resource[],
): Targetable[] {
  const parents = routeParents(gateways)
  const routes = allRoutes(resources).filter(route =>
    parentsOf({ gateways }, route).some(({ carrier }) => parents.has(refKey(carrier.parent))),
  )
  const sentTo = new Set([
    ...routes.flatMap(backendKeys),
    ...ingresses.flatMap(ingressBackendKeys),
    ...resources.all(TrafficPolicy).flatMap(fallbackKeys),
    ...composed.map(keyOf),
  ])
  const targets = [...resources.all(Service), ...resources.all(Backend)]
  return [
    ...[...parents.values()].map(({ owner }) => listenersTarget(owner)),
    ...routes.map(routeTarget),
    ...ingresses.map(ingressTarget),
    ...targets.filter(target => sentTo.has(keyOf(target))).map(backendTarget),
  ]
}

/** Everything that a route refers to as a backend, mirrors included. */
export function backendRefsOf({ body }: RouteState['route']): readonly BackendObjectReference[] {
  const refs: BackendObjectReference[] = []
  for (const rule of body.spec.rules ?? []) {
    refs.push(...(rule.backendRefs ?? []))
    if ('filters' in rule)
      for (const { requestMirror } of rule.filters ?? [])
        if (requestMirror !== undefined) refs.push(requestMirror.backendRef)
  }
  return refs
}

function backendKeys(route: RouteState['route']): string[] {
  return backendRefsOf(route).map(ref => backendKey(ref, route))
}

function fallbackKeys(policy: TrafficPolicy): string[] {
  const ref = policy.body.spec.fallback?.backendRef
  return ref === undefined ? [] : [backendKey(ref, policy)]
}

function backendKey(
  { group = '', kind = 'Service', namespace, name }: BackendObjectReference,
  { metadata }: Resource,
): string {
  return refKey({ group, kind, namespace: namespace ?? metadata.namespace, name })
}

function ingressBackendKeys({ metadata: { namespace }, body: { spec = {} } }: Ingress): string[] {
  const { defaultBackend, rules = [] } = spec
  const paths = rules.flatMap(({ http }) => http?.paths.map(({ backend }) => backend) ?? [])
  return [...paths, ...(defaultBackend === undefined ? [] : [defaultBackend])].map(backend =>
    refKey({ ...ingressBackendRef(backend), namespace }),
  )
}

function ingressBackendRef({ service, resource }: IngressBackend): Omit<ResourceRef, 'namespace'> {
  const { apiGroup: group = '', kind = 'Service', name = service?.name ?? '' } = resource ?? {}
  return { group, kind, name }
}
