import { elder } from '../../../translation/elder.ts'
import type { ListenerSet } from '../../../model/kinds/listener-set.ts'
import { GATEWAY_API } from '../../../model/kind.ts'
import { Gateway } from '../../../model/kinds/gateway.ts'
import { GatewayClass } from '../../../model/kinds/gateway-class.ts'
import { proposal } from '../../../model/nearest.ts'
import { keyOf, refOf, type Resources } from '../../../model/resources.ts'
import type { GatewayStatus } from '../../../snapshot/contribution.ts'
import { addressesOf, overlap } from './addresses.ts'
import { isUsable, ownListeners, type GatewayState } from './gateway-state.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import { isFull, unknownOptions, type Flaw, type Report } from '../../../translation/report.ts'
import { BUILT_IN, isOurs, type ClassState } from '../../../translation/gateway-classes.ts'
import { OURS } from './gateway-class.ts'
import {
  addSets,
  attachedSets,
  reportSets,
  reportStraySets,
  setStatuses,
  setsByGateway,
} from './listener-sets.ts'
import type { OwnServices } from './own-services.ts'
import type { Parameters } from './parameters.ts'
import { awaitTargets, unreached } from './reach.ts'
import type { Namespaces } from '../../../translation/namespaces.ts'
import {
  isProgrammed,
  isServed,
  listenersOf,
  transportPort,
  type ListenerState,
  type Provided,
} from './listeners.ts'
import { isSet } from '../../../translation/listener-name.ts'
import { missing } from '../../../translation/missing.ts'
import { SERVING } from '../../../translation/serving-words.ts'

/** The Gateways of our classes, the oldest first, by their keys. */
export function gatewaysOf(
  resources: Resources,
  certificates: Certificates,
  classOf: (name: string) => ClassState,
  fallback: readonly string[],
  services: OwnServices | null,
  parameters: Parameters,
  provided: Provided,
  namespaces: Namespaces,
  report: Report,
): Map<string, GatewayState> {
  const states = new Map<string, GatewayState>()
  const setsOf = setsByGateway(resources)
  for (const gateway of resources.all(Gateway)) {
    const state = classOf(gateway.body.spec.gatewayClassName)
    if (state === 'missing') waiting(gateway, resources, report)
    if (!isOurs(state)) continue
    const unfit = parameters.flawsOf(gateway)
    const refused = [...(state === 'refused' ? refusedClass : []), ...unfit]
    const infrastructure = refused.length > 0 ? null : parameters.infrastructureOf(gateway)
    const service = services?.of(gateway, infrastructure) ?? null
    const addresses = service?.listensAt ?? addressesOf(gateway, fallback)
    const own = listenersOf(gateway, certificates, provided)
    const sets = addSets(gateway, own, setsOf.get(keyOf(gateway)) ?? [], namespaces, certificates)
    states.set(keyOf(gateway), {
      gateway,
      addresses,
      service,
      refused: [...refused, ...addresses.unsupported],
      listeners: [...own, ...sets.flatMap(({ listeners }) => listeners)],
      sets,
    })
  }
  reportStraySets(resources, classOf, report)
  // Those with a Service of their own have ports of their own.
  claimPorts([...states.values()].filter(({ service }) => service === null))
  for (const state of states.values()) awaitTargets(state)
  return states
}

const refusedClass: readonly Flaw[] = [
  {
    reason: 'Invalid',
    path: ['spec', 'gatewayClassName'],
    message: 'the GatewayClass is not accepted; its own condition says why',
    follows: true,
  },
]

/** The standard's default status, which it keeps while no controller feels responsible. */
function waiting(gateway: Gateway, resources: Resources, report: Report): void {
  const { gatewayClassName } = gateway.body.spec
  const { message, ...rest } = missing(resources, GatewayClass, '', gatewayClassName)
  const near = rest.follows || message.includes('did you mean') ? '' : proposal(gatewayClassName, [BUILT_IN])
  const flaw = {
    reason: 'Pending',
    path: ['spec', 'gatewayClassName'],
    message: `${message}${near}; ${OURS}`,
    ...rest,
  }
  for (const type of ['Accepted', 'Programmed']) report.unknown(gateway, type, flaw)
}

/**
 * An address and port belongs to the oldest Gateway that needs it; the others' listeners have to do without. What
 * ListenerSets add comes behind all that Gateways have themselves.
 */
function claimPorts(states: readonly GatewayState[]): void {
  const claims = new Map<string, GatewayState[]>()
  const usable = states.filter(isUsable)
  const own = usable.map(state => ({ state, listeners: ownListeners(state) }))
  const added = usable.flatMap(state => state.sets.map(({ listeners }) => ({ state, listeners })))
  for (const { state, listeners } of [...own, ...added]) {
    for (const listener of listeners) {
      const port = transportPort(listener.spec)
      if (!isServed(listener)) continue
      const owners = claims.get(port) ?? []
      const owner = owners.find(other => other !== state && sharesAddress(other, state))
      if (owner === undefined) claims.set(port, owners.includes(state) ? owners : [...owners, state])
      else listener.refused.push(portTaken(listener, state, owner))
    }
  }
}

function sharesAddress(a: GatewayState, b: GatewayState): boolean {
  return a.addresses.list.some(x => b.addresses.list.some(y => overlap(x, y)))
}

function portTaken({ path, spec }: ListenerState, { gateway }: GatewayState, owner: GatewayState): Flaw {
  const message = `port ${spec.port} on this address belongs to ${elder(owner.gateway, gateway)}; use another port or spec.addresses`
  return { reason: 'PortUnavailable', path: [...path, 'port'], message }
}

/** Conditions of the Gateway and its listeners, once routes are attached. */
export function reportGateway(state: GatewayState, report: Report): void {
  const { gateway, listeners, sets } = state
  const programmed = isUsable(state) && listeners.some(isProgrammed)
  reportAccepted(state, report)
  const why = programmed ? unreached(state) : null
  if (why !== null) report.bad(gateway, 'Programmed', [why])
  else if (programmed) report.good(gateway, 'Programmed', 'Programmed', SERVING.Gateway.served)
  else report.bad(gateway, 'Programmed', notProgrammed(state))
  for (const listener of listeners) reportListener(state, listener, report)
  reportSets(state, report)
  reportFallback(gateway, report)
  for (const owner of [gateway, ...sets.map(({ set }) => set)]) reportOptions(owner, report)
}

/**
 * Accepted is False where nothing is left to serve, and True with the reason
 * ListenersNotValid where some listeners are.
 */
function reportAccepted(state: GatewayState, report: Report): void {
  const { gateway, refused } = state
  const listeners = ownListeners(state)
  if (isFull(refused)) return report.bad(gateway, 'Accepted', refused)
  const invalid = listeners.filter(({ refused: own, unserved }) => own.length + unserved.length > 0)
  const flaws = invalid
    .flatMap(({ refused: own, unserved }) => [...own, ...unserved])
    .map(flaw => ({ ...flaw, reason: 'ListenersNotValid' }))
  if (!isFull(flaws)) return report.good(gateway, 'Accepted', 'Accepted', SERVING.Gateway.valid)
  if (invalid.length === listeners.length) return report.bad(gateway, 'Accepted', flaws)
  report.warn(gateway, 'Accepted', flaws)
}

function notProgrammed({ refused, addresses, listeners }: GatewayState): readonly [Flaw, ...Flaw[]] {
  if (isFull(addresses.unusable)) return addresses.unusable
  const flaws = [
    ...refused,
    ...listeners.flatMap(one => [...one.refused, ...one.unserved, ...one.unresolved]),
  ]
  const [first, ...rest] = flaws.map(flaw => ({ ...flaw, reason: 'Invalid' }))
  return first === undefined
    ? [{ reason: 'Invalid', path: ['spec'], message: 'no listener can be served' }]
    : [first, ...rest]
}

/** The standard wants everyone to see that client certificates are asked for and not insisted on. */
function reportFallback(gateway: Gateway, report: Report): void {
  const { frontend } = gateway.body.spec.tls ?? {}
  const modes = [frontend?.default, ...(frontend?.perPort ?? []).map(({ tls }) => tls)]
  if (modes.every(config => config?.validation?.mode !== 'AllowInsecureFallback')) return
  const message = 'clients without a valid certificate are served as well (AllowInsecureFallback)'
  report.good(gateway, 'InsecureFrontendValidationMode', 'ConfigurationChanged', message)
}

function reportListener(state: GatewayState, listener: ListenerState, report: Report): void {
  const { owner, conflicts, unserved, unresolved, overlapping, pending, path } = listener
  const carrier = { listener: listener.spec.name }
  const refused = [...listener.refused, ...unserved]
  if (isFull(refused)) report.bad(owner, 'Accepted', refused, carrier)
  else report.good(owner, 'Accepted', 'Accepted', 'the listener is valid', carrier)
  if (isFull(conflicts)) report.warn(owner, 'Conflicted', conflicts, carrier)
  else
    report.add(owner, {
      ...carrier,
      type: 'Conflicted',
      status: 'False',
      reason: 'NoConflicts',
      message: 'no other listener is in the way',
    })
  if (isFull(unresolved)) report.bad(owner, 'ResolvedRefs', unresolved, carrier)
  else report.good(owner, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', carrier)
  if (isFull(overlapping)) report.warn(owner, 'OverlappingTLSConfig', overlapping, carrier)
  if (isFull(pending) && isServed(listener) && isUsable(state))
    return report.bad(owner, 'Programmed', pending, carrier)
  if (isProgrammed(listener) && isUsable(state))
    return report.good(owner, 'Programmed', 'Programmed', 'the proxy serves this listener', carrier)
  const [conflict] = isSet(owner) ? conflicts : []
  if (conflict !== undefined) return report.bad(owner, 'Programmed', [conflict], carrier)
  const why = isUsable(state) ? 'it is not valid; its other conditions say why' : 'its Gateway is not served'
  report.bad(owner, 'Programmed', [{ reason: 'Invalid', path, message: why }], carrier)
}

/** Options of listeners that nobody here knows: another implementation's do no harm, one of ours is misspelt. */
function reportOptions(owner: Gateway | ListenerSet, report: Report): void {
  const fields = owner.body.spec.listeners.flatMap(({ tls }, i) =>
    unknownOptions(tls?.options, ['spec', 'listeners', i, 'tls', 'options']),
  )
  report.unknownOptions(owner, fields)
}

/** The parts of the statuses of a Gateway and its ListenerSets that are no conditions. */
export function statusesOf(state: GatewayState): GatewayStatus[] {
  const programmed = isUsable(state) && state.listeners.some(isProgrammed)
  const attached = attachedSets(state)
  const own = {
    about: refOf(state.gateway),
    addresses: programmed ? reachedAt(state) : [],
    ...(state.service?.isOfCluster === true && { routability: 'Cluster' as const }),
    listeners: listenerStatuses(ownListeners(state)),
    ...(attached > 0 && { attachedListenerSets: attached }),
  }
  return [own, ...setStatuses(state, listenerStatuses)]
}

function reachedAt({ service, addresses }: GatewayState): readonly string[] {
  return service?.reached ?? addresses.list.filter(address => address !== '')
}

function listenerStatuses(listeners: readonly ListenerState[]): GatewayStatus['listeners'] {
  return listeners.map(({ spec, attachedRoutes, routeKinds }) => ({
    name: spec.name,
    attachedRoutes,
    supportedKinds: routeKinds.map(kind => ({ group: GATEWAY_API, kind })),
  }))
}
