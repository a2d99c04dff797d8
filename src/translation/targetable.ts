import type { Backend } from '../model/kinds/backend.ts'
import type { GRPCRoute } from '../model/kinds/grpc-route.ts'
import type { HTTPRoute } from '../model/kinds/http-route.ts'
import type { Ingress } from '../model/kinds/ingress.ts'
import type { Service } from '../model/kinds/service.ts'
import type { TCPRoute } from '../model/kinds/tcp-route.ts'
import type { UDPRoute } from '../model/kinds/udp-route.ts'
import type { TLSRoute } from '../model/kinds/tls-route.ts'
import type { FieldPath, Resource } from '../model/resource.ts'
import { refOf, shortName } from '../model/resources.ts'
import type { AttachPoint } from '../snapshot/contribution.ts'
import { isSet, listenerName, type ListenerOwner } from './listener-name.ts'
import { sectionMeant } from './missing.ts'
import { policyName } from './policies.ts'
import { ruleIdOf } from './rule-id.ts'

/** An object that a policy may be for, and what a `sectionName` may name in it. */
export interface Targetable {
  readonly resource: Resource
  readonly at: AttachPoint
  readonly noun: 'listener' | 'rule' | 'port'
  readonly sections: readonly Section[]
}

interface Section {
  readonly name: string
  readonly at: AttachPoint
  /** In the object. */
  readonly path: FieldPath
}

/** All of an object, or a section of it. */
export interface Scope {
  readonly at: AttachPoint
  readonly object: Resource
  readonly section: string | undefined
  /** Of the section, in the object. */
  readonly path: FieldPath
  /** `rule admin of HTTPRoute default/shop` */
  readonly what: string
}

export function wholeOf({ resource, at }: Targetable): Scope {
  return { at, object: resource, section: undefined, path: ['spec'], what: longName(resource) }
}

/** Empty where it has no such section; a port that its name and its number name is one of several. */
export function sectionsOf({ resource, noun, sections }: Targetable, name: string): Scope[] {
  const what = `${noun} ${name} of ${longName(resource)}`
  return sections
    .filter(section => section.name === name)
    .map(({ at, path }) => ({ at, object: resource, section: name, path, what }))
}

/** What says that an object has no such section, and which one was likely meant. */
export function sectionless({ resource, noun, sections }: Targetable, name: string): string {
  const named = noun === 'listener' ? noun : `${noun} named`
  return `${longName(resource)} has no ${named} ${name}${sectionMeant(resource, name, sections)}`
}

function longName(resource: Resource): string {
  return `${resource.kind} ${policyName(resource)}`
}

/** A Gateway, with the listeners of ListenerSets too; or a ListenerSet. */
export function listenersTarget(owner: ListenerOwner): Targetable {
  const whole = policyName(owner)
  const sections = owner.body.spec.listeners.map(({ name }, i) => ({
    name,
    at: { listener: listenerName(owner, name) },
    path: ['spec', 'listeners', i],
  }))
  const at = isSet(owner) ? { listenerSet: whole } : { gateway: whole }
  return { resource: owner, at, noun: 'listener', sections }
}

export function routeTarget(route: HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute): Targetable {
  const id = `${route.kind.toLowerCase()}/${policyName(route)}`
  const sections = (route.body.spec.rules ?? []).flatMap(({ name }, i) =>
    name === undefined ? [] : [{ name, at: { rule: ruleIdOf(route, name, i) }, path: ['spec', 'rules', i] }],
  )
  return { resource: route, at: { route: id }, noun: 'rule', sections }
}

/** Of an Ingress no part has a name. */
export function ingressTarget(ingress: Ingress): Targetable {
  return { resource: ingress, at: { route: `ingress/${policyName(ingress)}` }, noun: 'rule', sections: [] }
}

/** Ports have their numbers beside their names. */
export function backendTarget(target: Service | Backend): Targetable {
  const { spec } = target.body
  const ports = spec !== undefined && 'ports' in spec ? (spec.ports ?? []) : []
  const whole = shortName(refOf(target))
  const sections = ports.flatMap(({ name, port }, i) =>
    [name, String(port)].flatMap(one =>
      one === undefined
        ? []
        : [{ name: one, at: { backend: `${whole}:${port}` }, path: ['spec', 'ports', i] }],
    ),
  )
  return { resource: target, at: { backend: whole }, noun: 'port', sections }
}
