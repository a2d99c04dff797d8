import { elder } from '../../../translation/elder.ts'
import { GATEWAY_API } from '../../../model/kind.ts'
import { Gateway } from '../../../model/kinds/gateway.ts'
import { ListenerSet } from '../../../model/kinds/listener-set.ts'
import type { ParentReference } from '../../../model/kinds/route.ts'
import { nearest } from '../../../model/nearest.ts'
import { formatPosition } from '../../../model/problem.ts'
import type { Condition, FieldPath } from '../../../model/resource.ts'
import { keyOf, refKey, refOf, shortName, type Resources } from '../../../model/resources.ts'
import { isFull, type Flaw, type Report } from '../../../translation/report.ts'
import { isUsable, type GatewayState } from '../gateway/gateway-state.ts'
import type { RouteParent } from '../gateway/listener-sets.ts'
import type { ClassState } from '../../../translation/gateway-classes.ts'
import { bySpecificity, onListener } from './hostnames.ts'
import { isServed, type HostShare, type ListenerState } from '../gateway/listeners.ts'
import { missing, namesake, type Absence } from '../../../translation/missing.ts'
import { policyName } from '../../../translation/policies.ts'
import type { Namespaces } from '../../../translation/namespaces.ts'
import type { Owner } from '../gateway/owners.ts'
import { hostnamesOf, isValid, type RouteState } from './route.ts'

/** What attaching needs of the world. */
export interface Attaching {
  readonly resources: Resources
  readonly gateways: ReadonlyMap<string, GatewayState>
  /** Those, and their ListenerSets. */
  readonly parents: ReadonlyMap<string, RouteParent>
  readonly classOf: (name: string) => ClassState
  readonly namespaces: Namespaces
  readonly report: Report
}

/** How attaching a route went. */
export interface Outcome {
  /** The listeners that took it. */
  readonly taken: Set<ListenerState>
  /** Whether it depends on other routes, or on what is not of our Gateways. */
  mixed: boolean
}

/** Attaches a route to each of its parents, and says of each how that went. */
export function attachRoute(world: Attaching, state: RouteState): Outcome {
  const { route, doubts } = state
  const outcome: Outcome = { taken: new Set(), mixed: false }
  const parents = parentsOf(world, route)
  if (parents.length === 0) {
    const message = 'the route names no parent, so that no Gateway serves it; expected a Gateway'
    world.report.bad(route, 'Accepted', [
      { reason: 'NoMatchingParent', path: ['spec', 'parentRefs'], message },
    ])
  }
  for (const parent of parents) attachToParent(world, state, parent, outcome)
  // Where it is served by others, or by nobody, it is theirs to say.
  if (outcome.taken.size > 0) for (const doubt of doubts) world.report.doubt(route, doubt)
  return outcome
}

interface Parent {
  readonly ref: ParentReference
  readonly path: FieldPath
  readonly carrier: { readonly parent: NonNullable<Condition['parent']> }
}

/** Of `spec.parentRefs`: the same objects as long as the route stays. */
const written = new WeakMap<RouteState['route'], readonly Parent[]>()

/** `spec.parentRefs`, and the default Gateways where the route asks for them (useDefaultGateways). */
export function parentsOf(
  { gateways }: Pick<Attaching, 'gateways'>,
  route: RouteState['route'],
): readonly Parent[] {
  const { parentRefs = [], useDefaultGateways } = route.body.spec
  let own = written.get(route)
  if (own === undefined)
    written.set(route, (own = parentRefs.map((ref, i) => parentOf(route, ref, ['spec', 'parentRefs', i]))))
  if (useDefaultGateways !== 'All') return own
  const parents = [...own]
  for (const { gateway } of gateways.values()) {
    const { namespace, name } = gateway.metadata
    const key = keyOf(gateway)
    const named = parents.some(({ carrier: { parent } }) => refKey(parent) === key)
    if (gateway.body.spec.defaultScope === 'All' && !named)
      parents.push(parentOf(route, { namespace, name }, ['spec', 'useDefaultGateways']))
  }
  return parents
}

function parentOf(route: RouteState['route'], ref: ParentReference, path: FieldPath): Parent {
  const {
    group = GATEWAY_API,
    kind = 'Gateway',
    namespace = route.metadata.namespace,
    name,
    sectionName,
    port,
  } = ref
  const section = sectionName === undefined ? {} : { sectionName }
  const parent = { group, kind, namespace, name, ...section, ...(port === undefined ? {} : { port }) }
  return { ref, path, carrier: { parent } }
}

function attachToParent(world: Attaching, state: RouteState, parent: Parent, outcome: Outcome): void {
  const { report, parents } = world
  const { route, unresolved } = state
  const { carrier } = parent
  const served = parents.get(refKey(carrier.parent))
  if (served === undefined) {
    outcome.mixed = true
    return reportStranger(world, route, parent)
  }
  const found = listenersFor(world, route, parent, served)
  if ('reason' in found) report.bad(route, 'Accepted', [found], carrier)
  else {
    const judged = found.map(listener => ({ listener, conflict: conflictOn(listener, route) }))
    const conflicts = judged.flatMap(({ conflict }) => conflict ?? [])
    const free = judged.flatMap(({ listener, conflict }) => (conflict === null ? [listener] : []))
    if (conflicts.length > 0) outcome.mixed = true
    // Of a route that is not valid either way, that comes first.
    if (free.length === 0 && isFull(conflicts) && isValid(state))
      report.bad(route, 'Accepted', conflicts, carrier)
    else {
      for (const listener of free) attachToListener(state, listener, outcome.taken)
      reportRules(world, state, carrier, attachedText(served, free, conflicts))
    }
  }
  if (isFull(unresolved)) report.bad(route, 'ResolvedRefs', unresolved, carrier)
  else report.good(route, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved', carrier)
}

/** What is accepted of a route that some listener takes; `attached` says which. */
function reportRules(
  { report }: Attaching,
  state: RouteState,
  carrier: Parent['carrier'],
  attached: string,
): void {
  const { route, invalid } = state
  const dropped = [...invalid.values()].flat()
  if (!isValid(state) && isFull(dropped)) return report.bad(route, 'Accepted', dropped, carrier)
  report.good(route, 'Accepted', 'Accepted', attached, carrier)
  if (!isFull(dropped)) return
  const rules = [...invalid.keys()].join(', ')
  report.warn(route, 'PartiallyInvalid', dropped, carrier, `Dropped Rule ${rules}: `)
}

/** A parent that is not ours: another controller's is its own affair, one that nobody has is a mistake. */
function reportStranger(
  { resources, report, classOf }: Attaching,
  route: RouteState['route'],
  { carrier, path }: Parent,
): void {
  const { group, kind, namespace, name } = carrier.parent
  const lost = (absence: Absence): void =>
    report.bad(route, 'Accepted', [{ reason: 'NoMatchingParent', path, ...absence }], carrier)
  if (group === GATEWAY_API && kind === ListenerSet.kind) {
    // Of one whose Gateway is not served here it is told by that.
    if (resources.get(ListenerSet, namespace, name) === undefined)
      lost(missing(resources, ListenerSet, namespace, name))
    return
  }
  if (group !== GATEWAY_API || kind !== Gateway.kind)
    return lost({
      message: `${kind} (group ${JSON.stringify(group)}) is not served as a parent, expected Gateway or ListenerSet (group "${GATEWAY_API}")`,
    })
  const gateway = resources.get(Gateway, namespace, name)
  if (gateway === undefined) {
    const absence = missing(resources, Gateway, namespace, name)
    const elsewhere = resources.all(Gateway).find(({ metadata }) => metadata.name === name)
    const advice = `write namespace: ${elsewhere?.metadata.namespace ?? ''}`
    return lost({ ...absence, message: absence.message + namesake(elsewhere, advice) })
  }
  const { gatewayClassName } = gateway.body.spec
  if (classOf(gatewayClassName) === 'missing')
    lost({
      message: `Gateway ${namespace}/${name} is of the class ${gatewayClassName}, which does not exist`,
      follows: true,
    })
}

/** ` (did you mean "http", a.yaml:7:7?)` */
function sectionMeant(
  owner: RouteParent['owner'],
  listeners: readonly ListenerState[],
  { sectionName, port }: ParentReference,
): string {
  if (sectionName === undefined)
    return `, expected port ${listeners.map(({ spec }) => spec.port).join(' or ')}`
  const found = nearest(
    sectionName,
    listeners.map(({ spec }) => spec.name),
  )
  // Of the name that was meant, and another port, both are to be looked at.
  const meant = port === undefined ? listeners.find(({ spec }) => spec.name === found) : undefined
  const at = meant === undefined ? null : owner.at(meant.path)
  if (meant !== undefined)
    return ` (did you mean ${JSON.stringify(found)}${at === null ? '' : `, ${formatPosition(at)}`}?)`
  const names = listeners.map(({ spec }) => `${spec.name} (port ${spec.port})`)
  return `, expected ${names.slice(0, 8).join(' or ')}${names.length > 8 ? ' …' : ''}`
}

/** The listeners that take the route, or why none does: each question is asked of those that passed the one before. */
export function listenersFor(
  { namespaces }: Attaching,
  route: RouteState['route'],
  { ref, path }: Parent,
  { owner, listeners }: RouteParent,
): readonly ListenerState[] | Flaw {
  const { namespace } = owner.metadata
  const what = `${owner.kind} ${policyName(owner)}`
  const { sectionName, port } = ref
  const named = listeners.filter(
    ({ spec }) => (sectionName ?? spec.name) === spec.name && (port ?? spec.port) === spec.port,
  )
  if (listeners.length === 0) {
    const message = `${what} is not attached to its Gateway, as its own conditions say`
    return { reason: 'NoMatchingParent', path, message, follows: true }
  }
  if (named.length === 0) {
    const wanted = [
      sectionName === undefined ? '' : ` named ${sectionName}`,
      port === undefined ? '' : ` on port ${port}`,
    ].join('')
    return {
      reason: 'NoMatchingParent',
      path,
      message: `${what} has no listener${wanted}${sectionMeant(owner, listeners, ref)}`,
    }
  }
  const allowed = named.filter(
    ({ routeKinds, spec }) =>
      routeKinds.some(kind => kind === route.kind) &&
      namespaces.allowed(spec.allowedRoutes, namespace, route.metadata.namespace),
  )
  if (allowed.length === 0) {
    const message = `no listener of ${what} takes ${route.kind}s of namespace ${route.metadata.namespace}; its protocol and allowedRoutes decide`
    return { reason: 'NotAllowedByListeners', path, message }
  }
  const matching = allowed.filter(({ hostname }) => onListener(hostname, hostnamesOf(route)).size > 0)
  if (matching.length > 0) return matching
  const hostnames = allowed.map(({ hostname }) => hostname).join(', ')
  return {
    reason: 'NoMatchingListenerHostname',
    path: ['spec', 'hostnames'],
    message: `none is taken by ${what}, whose listeners have ${hostnames}`,
  }
}

/** Why a listener cannot take a route whose hostnames it takes: those are of the other kind of route already. */
function conflictOn(listener: ListenerState, route: RouteState['route']): Flaw | null {
  if (!isOwner(route)) return null
  for (const hostname of onListener(listener.hostname, hostnamesOf(route)).keys()) {
    const rival = listener.owners.rivalOf(route, hostname)
    if (rival === null) continue
    const message = `on listener ${listener.spec.name} ${elder(rival.route, route)} has ${rival.hostname || 'any hostname'}, and HTTPRoutes and GRPCRoutes share no hostname; use another one, or another listener`
    // The standard names no reason; other implementations use that of listeners.
    return { reason: 'HostnameConflict', path: ['spec', 'hostnames'], message }
  }
  return null
}

export function isOwner(route: RouteState['route']): route is Owner {
  return route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute'
}

function attachToListener(state: RouteState, listener: ListenerState, taken: Set<ListenerState>): void {
  if (taken.has(listener)) return
  taken.add(listener)
  const { route, stream } = state
  if (stream === null) return takeShares(listener, state, sharesOf(state, listener))
  if (isValid(state)) listener.attachedRoutes++
  for (const [hostname, own] of onListener(listener.hostname, hostnamesOf(route))) {
    const taker = listener.streams.get(hostname)
    // Routes come the oldest first, so that of equals the older one stays.
    if (taker === undefined || bySpecificity(own, taker.own) < 0)
      listener.streams.set(hostname, { own, rule: stream })
  }
}

/** What a route has of a hostname of a listener. */
export type Share = readonly [hostname: string, share: HostShare]

/** What a route that is no TLSRoute brings to a listener. */
export function sharesOf({ route, entries }: RouteState, { hostname }: ListenerState): Share[] {
  return [...onListener(hostname, hostnamesOf(route))].map(([name, own]) => [name, { own, entries }])
}

/** A route that is not accepted can still have rules that answer 500: a filter that must not be skipped closes its paths. */
export function takeShares(listener: ListenerState, state: RouteState, shares: readonly Share[]): void {
  const { route } = state
  const accepted = isValid(state)
  if (accepted) listener.attachedRoutes++
  for (const [hostname, share] of shares) {
    if (accepted && isOwner(route)) listener.owners.add(hostname, route)
    const others = listener.hosts.get(hostname)
    if (others === undefined) listener.hosts.set(hostname, [share])
    else others.push(share)
  }
}

/**
 * The standard counts a route as attached whatever becomes of the listener
 * (ListenerStatus.attachedRoutes); that nothing is served there is for the
 * Gateway's conditions to say, and for this message.
 */
function attachedText(
  { state, owner }: RouteParent,
  listeners: readonly ListenerState[],
  conflicts: readonly Flaw[],
): string {
  const served = isUsable(state) ? listeners.filter(isServed) : []
  const names = (list: readonly ListenerState[]): string => list.map(({ spec }) => spec.name).join(', ')
  const attached =
    served.length > 0
      ? `attached to listener ${names(served)}`
      : `attached to listener ${names(listeners)}, which is not served; the conditions of ${shortName(refOf(isUsable(state) ? owner : state.gateway))} say why`
  return [attached, ...conflicts.map(({ message }) => message)].join('; ')
}
