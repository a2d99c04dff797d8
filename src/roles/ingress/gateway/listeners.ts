import { GATEWAY_API } from '../../../model/kind.ts'
import type { Gateway } from '../../../model/kinds/gateway.ts'
import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { StreamRule } from '../../../snapshot/rule.ts'
import type { ListenerTls } from '../../../snapshot/tls.ts'
import type { Certificates } from '../../../translation/certificates.ts'
import { listenerName, type ListenerOwner } from '../../../translation/listener-name.ts'
import type { Flaw } from '../../../translation/report.ts'
import { intersect } from '../routes/hostnames.ts'
import { listenerTls, type Provision, type TlsState } from './listener-tls.ts'
import { unservedFilters } from './listener-filters.ts'
import { Owners } from './owners.ts'
import type { RankedEntry } from '../routes/precedence.ts'

/** The kinds of routes that there are. */
export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute'

/** One listener of a Gateway while a translation runs. */
export interface ListenerState {
  readonly spec: GatewayListener
  /** The Gateway, or the ListenerSet that has added it. */
  readonly owner: ListenerOwner
  /** As in the snapshot. */
  readonly name: string
  /** `spec.listeners[i]` of the owner. */
  readonly path: FieldPath
  /** "" where the listener takes any. */
  readonly hostname: string
  /** The kinds of routes that it takes: its protocol and allowedRoutes.kinds decide. */
  readonly routeKinds: readonly RouteKind[]
  /** Why it is not accepted. Addresses and ports are judged later, across Gateways. */
  readonly refused: Flaw[]
  readonly conflicts: readonly Flaw[]
  /** What it asks for that is not served, so that it is closed (listener-filters.ts). */
  readonly unserved: readonly Flaw[]
  readonly unresolved: Flaw[]
  /** Why it serves nobody yet: certificates that are being obtained. */
  readonly pending: Flaw[]
  /** As Listener.challenges; "" where it has none. */
  challenges: string
  /** Null where it has none. `refuse` where none of its certificates, or of its authorities, can be had. */
  tls: ListenerTls | null
  /** Listeners of the port with TLS whose hostnames it shares in part: OverlappingTLSConfig. */
  readonly overlapping: readonly Flaw[]
  /** Accepted routes that it takes. */
  attachedRoutes: number
  /** What they bring to each hostname, the oldest first. */
  readonly hosts: Map<string, HostShare[]>
  /** Of these hostnames. */
  readonly owners: Owners
  /** The rules of its routes of connections by hostname: the route whose own is the most specific has it, of equals the oldest. */
  readonly streams: Map<string, StreamShare>
}

/** The entries of one route for a hostname, and the route's own hostname, by which precedence is judged first. */
export interface HostShare {
  readonly own: string
  readonly entries: readonly RankedEntry[]
}

export interface StreamShare {
  readonly own: string
  readonly rule: StreamRule
}

/** Whether somebody else than its references sees to a listener's certificates. */
export type Provided = (gateway: Gateway, listener: GatewayListener) => Provision

/** Whether requests will be taken here, as far as the listener itself is concerned. */
export function isServed(listener: ListenerState): boolean {
  return listener.refused.length === 0 && listener.routeKinds.length > 0 && listener.tls?.mode !== 'refuse'
}

/** Whether all that it asks for is served. */
export function isProgrammed(listener: ListenerState): boolean {
  return isServed(listener) && listener.unserved.length === 0
}

/** Judges the listeners of one Gateway by themselves and against each other. */
export function listenersOf(
  gateway: Gateway,
  certificates: Certificates,
  provided: Provided,
): ListenerState[] {
  const { listeners } = gateway.body.spec
  return listeners.map((spec, i) => {
    const path = ['spec', 'listeners', i]
    const conflicts = conflictsOf(spec, listeners, path)
    const tls = listenerTls(gateway, gateway, spec, path, certificates, provided(gateway, spec))
    return stateOf({
      spec,
      owner: gateway,
      path,
      conflicts,
      tls,
      overlapping: overlapsOf(spec, listeners, path),
    })
  })
}

export function stateOf({
  spec,
  owner,
  path,
  conflicts,
  tls: { tls, unresolved, refused },
  overlapping,
}: Pick<ListenerState, 'spec' | 'owner' | 'path' | 'conflicts' | 'overlapping'> & {
  readonly tls: TlsState
}): ListenerState {
  return {
    spec,
    owner,
    name: listenerName(owner, spec.name),
    path,
    hostname: spec.hostname ?? '',
    routeKinds: supportedKinds(spec).filter(kind => isAllowed(spec, kind)),
    refused: [...unsupported(spec, path), ...conflicts, ...refused],
    conflicts,
    unserved: unservedFilters(spec, path),
    unresolved: [...invalidKinds(spec, path), ...unresolved],
    pending: [],
    challenges: '',
    tls,
    overlapping,
    attachedRoutes: 0,
    hosts: new Map(),
    owners: new Owners(),
    streams: new Map(),
  }
}

const kindsByProtocol: Readonly<Record<string, readonly RouteKind[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
}

function supportedKinds({ protocol }: GatewayListener): readonly RouteKind[] {
  return Object.hasOwn(kindsByProtocol, protocol) ? kindsByProtocol[protocol]! : []
}

/** Whether allowedRoutes.kinds names it; an empty list is what the API server makes of an absent one. */
function isAllowed({ allowedRoutes }: GatewayListener, wanted: RouteKind): boolean {
  const kinds = allowedRoutes?.kinds ?? []
  return (
    kinds.length === 0 ||
    kinds.some(({ group = GATEWAY_API, kind }) => group === GATEWAY_API && kind === wanted)
  )
}

function unsupported({ protocol }: GatewayListener, path: FieldPath): Flaw[] {
  if (Object.hasOwn(kindsByProtocol, protocol)) return []
  const message = `${protocol} is no protocol that is known here, expected HTTP, HTTPS, TLS, TCP or UDP`
  return [{ reason: 'UnsupportedProtocol', path: [...path, 'protocol'], message }]
}

/** What comes to a port is one of these, and listeners of one port must agree on it. */
const spoken: Readonly<Record<string, 'plain' | 'tls' | 'tcp' | 'udp'>> = {
  HTTP: 'plain',
  HTTPS: 'tls',
  TLS: 'tls',
  TCP: 'tcp',
  UDP: 'udp',
}

/**
 * Listeners of one port that a request could not be told between: none of them is
 * taken, for the standard forbids to choose a winner. One of TCP takes all that
 * comes, and shares its port with none but one of UDP (GEP-2644, GEP-2645).
 */
export function conflictsOf(spec: GatewayListener, all: readonly GatewayListener[], path: FieldPath): Flaw[] {
  const own = spoken[spec.protocol]
  if (own === undefined) return []
  const others = all.filter(
    other =>
      other !== spec && transportPort(other) === transportPort(spec) && Object.hasOwn(spoken, other.protocol),
  )
  const unlike = others.filter(({ protocol }) => spoken[protocol] !== own || own === 'tcp' || own === 'udp')
  if (unlike.length > 0) {
    const message = `port ${spec.port} is also used with ${unlike[0]!.protocol} by listener ${names(unlike)}, expected another port`
    return [{ reason: 'ProtocolConflict', path: [...path, 'protocol'], message }]
  }
  // HTTPS and TLS listeners are told apart by SNI alone, so a hostname of both would have two.
  const twins = others.filter(other => (other.hostname ?? '') === (spec.hostname ?? ''))
  if (twins.length === 0) return []
  const message = `${spec.hostname ?? 'any hostname'} on port ${spec.port} is also that of listener ${names(twins)}, expected distinct hostnames`
  return [{ reason: 'HostnameConflict', path: [...path, 'hostname'], message }]
}

/**
 * ListenerConditionOverlappingTLSConfig: clients may reuse a connection for every name that its certificate has, and
 * so meet the TLS settings of another listener. Such requests are answered 421.
 */
export function overlapsOf(spec: GatewayListener, all: readonly GatewayListener[], path: FieldPath): Flaw[] {
  if (spec.protocol !== 'HTTPS') return []
  const others = all.filter(
    other =>
      other !== spec &&
      other.port === spec.port &&
      other.protocol === 'HTTPS' &&
      intersect(other.hostname ?? '', spec.hostname ?? '') !== null,
  )
  if (others.length === 0) return []
  const message = `${spec.hostname ?? 'any hostname'} overlaps with the hostname of listener ${names(others)}; a request on a connection of the other one is answered 421`
  return [{ reason: 'OverlappingHostnames', path: [...path, 'hostname'], message }]
}

function names(listeners: readonly GatewayListener[]): string {
  return listeners.map(({ name }) => name).join(', ')
}

function invalidKinds(spec: GatewayListener, path: FieldPath): Flaw[] {
  const supported: readonly string[] = supportedKinds(spec)
  return (spec.allowedRoutes?.kinds ?? []).flatMap(({ group = GATEWAY_API, kind }, i) => {
    if (group === GATEWAY_API && supported.includes(kind)) return []
    const expected = supported.length === 0 ? '' : `, expected ${supported.join(' or ')}`
    const message = `${kind} (group ${JSON.stringify(group)}) is not served on ${spec.protocol} listeners${expected}`
    return [{ reason: 'InvalidRouteKinds', path: [...path, 'allowedRoutes', 'kinds', i], message }]
  })
}

/** Ports of TCP and of UDP are not the same: `tcp 53`. */
export function transportPort({ protocol, port }: GatewayListener): string {
  return `${protocol === 'UDP' ? 'udp' : 'tcp'} ${port}`
}
