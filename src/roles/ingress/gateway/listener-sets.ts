import { GATEWAY_API } from '../../../model/kind.ts'
import { Gateway } from '../../../model/kinds/gateway.ts'
import { ListenerSet } from '../../../model/kinds/listener-set.ts'
import { keyOf, refKey, refOf, type Resources } from '../../../model/resources.ts'
import type { GatewayStatus } from '../../../snapshot/contribution.ts'
import type { ClassState } from '../../../translation/gateway-classes.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import { gatewayOf, type ListenerOwner } from '../../../translation/listener-name.ts'
import { missing } from '../../../translation/missing.ts'
import type { Namespaces } from '../../../translation/namespaces.ts'
import { policyName } from '../../../translation/policies.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import { SERVING } from '../../../translation/serving-words.ts'
import { isUsable, ownListeners, type GatewayState, type SetState } from './gateway-state.ts'
import { addedListeners, TakenListeners } from './added-listeners.ts'
import { isProgrammed, type ListenerState } from './listeners.ts'

/** To which Gateway each ListenerSet is to be added, the oldest first, by the keys of Gateways. */
export function setsByGateway(resources: Resources): ReadonlyMap<string, readonly ListenerSet[]> {
  return Map.groupBy(resources.all(ListenerSet), set => refKey(gatewayOf(set)))
}

/** Adds ListenerSets to a Gateway that has these listeners, in the order of precedence. */
export function addSets(
  gateway: Gateway,
  own: readonly ListenerState[],
  sets: readonly ListenerSet[],
  namespaces: Namespaces,
  certificates: Certificates,
): readonly SetState[] {
  const taken = new TakenListeners(own)
  return sets.map(set => {
    if (!namespaces.takesSet(gateway, set)) return { set, refused: [notAllowed(gateway, set)], listeners: [] }
    return { set, refused: [], listeners: addedListeners(set, gateway, taken, certificates) }
  })
}

function notAllowed(gateway: Gateway, { metadata }: ListenerSet): Flaw {
  const message = `Gateway ${policyName(gateway)} takes no ListenerSets of namespace ${metadata.namespace}; its allowedListeners decide`
  return { reason: 'NotAllowed', path: ['spec', 'parentRef'], message }
}

/** Where routes attach: a Gateway with its own listeners, or a ListenerSet of one. */
export interface RouteParent {
  readonly state: GatewayState
  readonly owner: ListenerOwner
  readonly listeners: readonly ListenerState[]
}

/** By their keys. */
export function routeParents(gateways: ReadonlyMap<string, GatewayState>): ReadonlyMap<string, RouteParent> {
  const parents = new Map<string, RouteParent>()
  for (const state of gateways.values()) {
    parents.set(keyOf(state.gateway), { state, owner: state.gateway, listeners: ownListeners(state) })
    for (const { set, listeners } of state.sets) parents.set(keyOf(set), { state, owner: set, listeners })
  }
  return parents
}

/** Conditions of the ListenerSets themselves; those of their listeners are told with those of the Gateway. */
export function reportSets(state: GatewayState, report: Report): void {
  for (const set of state.sets) reportSet(set, state, report)
}

function reportSet({ set, refused, listeners }: SetState, state: GatewayState, report: Report): void {
  const both = (flaws: readonly [Flaw, ...Flaw[]], programmed = flaws): void => {
    report.bad(set, 'Accepted', flaws)
    report.bad(set, 'Programmed', programmed)
  }
  if (isFull(refused)) return both(refused)
  if (isFull(state.refused)) {
    const flaw = parentFlaw(state.gateway, 'ParentNotAccepted')
    return both([flaw], [{ ...flaw, reason: 'ParentNotProgrammed' }])
  }
  const lost = listeners.filter(listener => !isProgrammed(listener))
  const flaws = lost.flatMap(notServed).map(flaw => ({ ...flaw, reason: 'ListenersNotValid' }))
  if (lost.length === listeners.length && isFull(flaws)) return both(flaws)
  if (isFull(flaws)) report.warn(set, 'Accepted', flaws)
  else report.good(set, 'Accepted', 'Accepted', SERVING.ListenerSet.valid)
  if (isUsable(state)) report.good(set, 'Programmed', 'Programmed', SERVING.ListenerSet.served)
  else report.bad(set, 'Programmed', [parentFlaw(state.gateway, 'ParentNotProgrammed')])
}

function notServed({ refused, unserved, unresolved }: ListenerState): readonly Flaw[] {
  return [refused, unserved, unresolved].find(isFull) ?? []
}

function parentFlaw(gateway: Gateway, reason: string): Flaw {
  const message = `Gateway ${policyName(gateway)} is not served; its own conditions say why`
  return { reason, path: ['spec', 'parentRef'], message, follows: true }
}

/** ListenerSets of a Gateway that is not there, or has no class, keep the standard's default status: nobody is responsible yet. */
export function reportStraySets(
  resources: Resources,
  classOf: (name: string) => ClassState,
  report: Report,
): void {
  for (const set of resources.all(ListenerSet)) {
    const { group, kind, namespace, name } = gatewayOf(set)
    const isGateway = group === GATEWAY_API && kind === Gateway.kind
    const gateway = isGateway ? resources.get(Gateway, namespace, name) : undefined
    if (gateway !== undefined && classOf(gateway.body.spec.gatewayClassName) !== 'missing') continue
    const path = ['spec', 'parentRef']
    const flaw = gateway
      ? parentFlaw(gateway, 'Pending')
      : isGateway
        ? { reason: 'Pending', path, ...missing(resources, Gateway, namespace, name) }
        : {
            reason: 'Pending',
            path,
            message: `${kind} (group ${JSON.stringify(group)}) is not served as a parent, expected Gateway (group "${GATEWAY_API}")`,
          }
    for (const type of ['Accepted', 'Programmed']) report.unknown(set, type, flaw)
  }
}

/** ListenerSets of this Gateway that are accepted (GatewayStatus.attachedListenerSets). */
export function attachedSets({ refused, sets }: GatewayState): number {
  if (refused.length > 0) return 0
  return sets.filter(({ listeners }) => listeners.some(isProgrammed)).length
}

/** The parts of their statuses that are no conditions. */
export function setStatuses(
  { sets }: GatewayState,
  listenersOf: (listeners: readonly ListenerState[]) => GatewayStatus['listeners'],
): GatewayStatus[] {
  return sets.map(({ set, listeners }) => ({
    about: refOf(set),
    addresses: [],
    listeners: listenersOf(listeners),
  }))
}
