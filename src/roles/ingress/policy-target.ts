import { GATEWAY_API, type ResourceKind } from '../../model/kind.ts'
import { Gateway } from '../../model/kinds/gateway.ts'
import { GRPCRoute } from '../../model/kinds/grpc-route.ts'
import { HTTPRoute } from '../../model/kinds/http-route.ts'
import type { PolicyTarget } from '../../model/kinds/shapes.ts'
import type { FieldPath, Resource } from '../../model/resource.ts'
import { refKey, type Resources } from '../../model/resources.ts'
import type { AttachPoint } from '../../snapshot/contribution.ts'
import { missing, namesake, sectionMeant, type Absence } from '../../translation/missing.ts'
import { policyName } from '../../translation/policies.ts'
import type { GatewayState } from './gateway/gateway.ts'

/** What a policy about requests is for: all of a Gateway or a route, or a listener or rule of it. */
export interface RequestScope {
  readonly at: AttachPoint
  readonly object: Resource
  /** The name of the listener or rule. */
  readonly section: string | undefined
  /** Of the listener or rule, in the object. */
  readonly path: FieldPath
  /** `rule admin of HTTPRoute default/shop` */
  readonly what: string
}

/** Or why it is not there. */
export function requestScope(
  { kind, name, sectionName: section }: PolicyTarget,
  namespace: string,
  resources: Resources,
  gateways: ReadonlyMap<string, GatewayState>,
): RequestScope | Absence {
  if (kind === 'Gateway') {
    const state = gateways.get(refKey({ group: GATEWAY_API, kind, namespace, name }))
    return state === undefined ? gatewayless(resources, namespace, name) : ofGateway(state, section)
  }
  const isCalls = kind === 'GRPCRoute'
  const route = isCalls
    ? resources.get(GRPCRoute, namespace, name)
    : resources.get(HTTPRoute, namespace, name)
  return route === undefined
    ? targetless(resources, isCalls ? GRPCRoute : HTTPRoute, namespace, name)
    : ofRoute(route, section)
}

/** A policy is for what is in its own namespace: of a target that is in another one, that is said. */
function targetless(resources: Resources, kind: ResourceKind, namespace: string, name: string): Absence {
  const absence = missing(resources, kind, namespace, name)
  const elsewhere = resources.all(kind).find(({ metadata }) => metadata.name === name)
  const advice = `a policy can only be for what is in its own namespace`
  return { ...absence, message: absence.message + namesake(elsewhere, advice) }
}

/** What says that a Gateway has no such listener. */
export function listenerless({ gateway, listeners }: GatewayState, section: string): string {
  const sections = listeners.map(({ spec: { name }, path }) => ({ name, path }))
  return `Gateway ${policyName(gateway)} has no listener ${section}${sectionMeant(gateway, section, sections)}`
}

/** Why there is no such Gateway of ours. */
export function gatewayless(resources: Resources, namespace: string, name: string): Absence {
  if (resources.get(Gateway, namespace, name) === undefined)
    return targetless(resources, Gateway, namespace, name)
  const message = `Gateway ${namespace}/${name} is of no class of ours, which is told of itself`
  return { message, follows: true }
}

function ofGateway(state: GatewayState, section: string | undefined): RequestScope | Absence {
  const { gateway, listeners } = state
  const name = policyName(gateway)
  const whole = `Gateway ${name}`
  if (section === undefined)
    return { at: { gateway: name }, object: gateway, section, path: ['spec'], what: whole }
  const listener = listeners.find(({ spec }) => spec.name === section)
  if (listener === undefined) return { message: listenerless(state, section) }
  const what = `listener ${section} of ${whole}`
  return {
    at: { listener: `${name}/${section}` },
    object: gateway,
    section,
    path: listener.path,
    what,
  }
}

function ofRoute(route: HTTPRoute | GRPCRoute, section: string | undefined): RequestScope | Absence {
  const id = `${route.kind.toLowerCase()}/${policyName(route)}`
  const whole = `${route.kind} ${policyName(route)}`
  if (section === undefined) return { at: { route: id }, object: route, section, path: ['spec'], what: whole }
  const rules = (route.body.spec.rules ?? []).flatMap(({ name }, i) =>
    name === undefined ? [] : [{ name, path: ['spec', 'rules', i] }],
  )
  const path = rules.find(({ name }) => name === section)?.path
  if (path === undefined)
    return { message: `${whole} has no rule named ${section}${sectionMeant(route, section, rules)}` }
  return {
    at: { rule: `${id}/${section}` },
    object: route,
    section,
    path,
    what: `rule ${section} of ${whole}`,
  }
}

/** The listener that a condition is about, where it is about one. */
export function listenerOf({ object, section }: Pick<RequestScope, 'object' | 'section'>): {
  readonly listener?: string
} {
  return object.kind === 'Gateway' && section !== undefined ? { listener: section } : {}
}
