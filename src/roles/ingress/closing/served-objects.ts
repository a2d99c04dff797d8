import { Backend } from '../../../model/kinds/backend.ts'
import { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import type { BackendObjectReference } from '../../../model/kinds/http-filters.ts'
import { HTTPRoute } from '../../../model/kinds/http-route.ts'
import { Service } from '../../../model/kinds/service.ts'
import { TLSRoute } from '../../../model/kinds/tls-route.ts'
import type { FieldPath, Resource, ResourceRef } from '../../../model/resource.ts'
import { keyOf, refKey, refOf, shortName, type Resources } from '../../../model/resources.ts'
import type { AttachPoint } from '../../../snapshot/contribution.ts'
import { policyName } from '../../../translation/policies.ts'
import { parentsOf } from '../routes/attach.ts'
import type { GatewayState } from '../gateway/gateway.ts'
import type { RouteState } from '../routes/route.ts'

/** An object that requests come to on their way: a Gateway of ours, a route on one, or what such a route sends to. */
export interface ServedObject {
  readonly resource: Resource
  readonly isRoute: boolean
  readonly at: AttachPoint
  /** What a `sectionName` may name in it: listeners, rules, ports by name and number. */
  readonly sections: readonly ServedSection[]
}

export interface ServedSection {
  readonly name: string
  readonly what: 'listener' | 'rule' | 'port'
  readonly at: AttachPoint
  readonly path: FieldPath
}

/** Served objects, found by name: thousands of policies may each have a route of thousands. */
export class Served {
  readonly list: readonly ServedObject[]
  private readonly byName: ReadonlyMap<string, readonly ServedObject[]>

  constructor(list: readonly ServedObject[]) {
    this.list = list
    this.byName = Map.groupBy(list, ({ resource }) => shortName(refOf(resource)))
  }

  /** Of any group where that is null. */
  named(ref: Omit<ResourceRef, 'group'> & { readonly group: string | null }): readonly ServedObject[] {
    const same = this.byName.get(shortName(ref)) ?? []
    return ref.group === null ? same : same.filter(({ resource }) => refOf(resource).group === ref.group)
  }
}

export function servedObjects(
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
): ServedObject[] {
  const routes = routesOf(resources).filter(route =>
    parentsOf({ gateways }, route).some(({ carrier }) => gateways.has(refKey(carrier.parent))),
  )
  const sentTo = new Set(routes.flatMap(backendKeys))
  const targets = [...resources.all(Service), ...resources.all(Backend)]
  return [
    ...[...gateways.values()].map(gatewayObject),
    ...routes.map(routeObject),
    ...targets.filter(target => sentTo.has(keyOf(target))).map(targetObject),
  ]
}

function routesOf(resources: Resources): RouteState['route'][] {
  return [...resources.all(HTTPRoute), ...resources.all(GRPCRoute), ...resources.all(TLSRoute)]
}

function gatewayObject({ gateway, listeners }: GatewayState): ServedObject {
  const whole = policyName(gateway)
  const sections = listeners.map(({ spec: { name }, path }) => ({
    name,
    what: 'listener' as const,
    at: { listener: `${whole}/${name}` },
    path,
  }))
  return { resource: gateway, isRoute: false, at: { gateway: whole }, sections }
}

function routeObject(route: RouteState['route']): ServedObject {
  const id = `${route.kind.toLowerCase()}/${policyName(route)}`
  const sections = (route.body.spec.rules ?? []).flatMap(({ name }, i) =>
    name === undefined
      ? []
      : [{ name, what: 'rule' as const, at: { rule: `${id}/${name}` }, path: ['spec', 'rules', i] }],
  )
  return { resource: route, isRoute: true, at: { route: id }, sections }
}

function targetObject(target: Resource<{ readonly spec?: unknown }>): ServedObject {
  const spec = target.body.spec
  const ports = isPorts(spec) ? (spec.ports ?? []) : []
  const name = shortName(refOf(target))
  const sections = ports.flatMap(({ name: portName, port }, i) =>
    [portName, String(port)].flatMap(one =>
      one === undefined
        ? []
        : [
            {
              name: one,
              what: 'port' as const,
              at: { backend: `${name}:${port}` },
              path: ['spec', 'ports', i],
            },
          ],
    ),
  )
  return { resource: target, isRoute: false, at: { backend: name }, sections }
}

interface Ports {
  readonly ports?: readonly { readonly name?: string; readonly port: number }[]
}

/** A Service's; a Backend has none. */
function isPorts(spec: unknown): spec is Ports {
  return typeof spec === 'object' && spec !== null && 'ports' in spec
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
  return backendRefsOf(route).map(
    ({ group = '', kind = 'Service', namespace = route.metadata.namespace, name }) =>
      refKey({ group, kind, namespace, name }),
  )
}
