import type { ClientSettings } from '../../../snapshot/client-settings.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { Listener, Port, VirtualHost } from '../../../snapshot/snapshot.ts'
import type { IngressPorts } from '../../../translation/role.ts'
import { ANY, includes, overlap } from '../gateway/addresses.ts'
import { portKey } from '../gateway/ports.ts'
import { bySpecificity, covers } from '../routes/hostnames.ts'

/** What Ingresses have on one port. */
export interface IngressPort {
  readonly port: number
  readonly protocol: Port['protocol']
  readonly listeners: readonly Listener[]
}

/** Why Ingresses are not served somewhere, or not as they say. */
export type Obstacle =
  /** A Gateway has the port, and speaks something else there. */
  | { readonly port: number; readonly by: Listener }
  /** A Gateway has the port at a part of this address, and so it cannot be listened on as a whole. */
  | { readonly port: number; readonly address: string; readonly by: Port }
  /** A Gateway has the hostname of this listener of ours for itself: as its own, or by a wildcard. */
  | { readonly listener: Listener; readonly by: Listener }
  /** What this listener of ours has is behind a Gateway's for any hostname, which shows its own certificate. */
  | { readonly listener: Listener; readonly shownBy: Listener }
  /** Too many rules of routes are for this host as well. */
  | { readonly host: string; readonly by: Listener }

export interface Laid {
  readonly ports: readonly Port[]
  readonly obstacles: readonly Obstacle[]
}

/**
 * The ports of Gateways, and Ingresses with them: on a port that Gateways have at their addresses, and at those of the
 * operator that they leave. No listener of Ingresses is below one of a Gateway; and in one that both have, what routes
 * take comes before what Ingresses take.
 */
export function withIngresses(
  ports: readonly Port[],
  ingresses: readonly IngressPort[],
  addresses: readonly string[],
  client: ClientSettings,
): Laid {
  const obstacles: Obstacle[] = []
  let laid = [...ports]
  for (const one of ingresses) {
    if (one.listeners.length === 0) continue
    const { port, protocol, listeners } = one
    // What a Gateway has behind a Service of its own is reached there alone.
    const isSame = (there: Port): boolean =>
      there.port === port && there.target === undefined && there.protocol !== 'udp'
    const taken = laid.filter(isSame)
    laid = laid.map(there => (isSame(there) ? together(there, one, obstacles) : there))
    for (const address of addresses.length === 0 ? [ANY] : addresses) {
      if (taken.some(there => includes(there.address, address))) continue
      const by = taken.find(there => overlap(there.address, address))
      if (by !== undefined) obstacles.push({ port, address, by })
      else laid.push({ key: portKey(address, port, protocol), address, port, protocol, client, listeners })
    }
  }
  return { ports: laid.sort((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1)), obstacles }
}

export function ingressPorts(
  { http, https }: IngressPorts,
  plain: readonly Listener[],
  secured: readonly Listener[],
): readonly IngressPort[] {
  return [
    { port: http, protocol: 'http', listeners: plain },
    { port: https, protocol: 'tls', listeners: secured },
  ]
}

function together(there: Port, { port, protocol, listeners }: IngressPort, obstacles: Obstacle[]): Port {
  const [first] = there.listeners
  if (there.protocol !== protocol && first !== undefined) {
    obstacles.push({ port, by: first })
    return there
  }
  const gateways = new Map(there.listeners.map(one => [one.hostname, one]))
  const brought = new Map<Listener, Brought>()
  const alone: Listener[] = []
  for (const listener of listeners) {
    const by = coveringHostnames(listener.hostname).flatMap(name => gateways.get(name) ?? [])[0]
    if (by === undefined) alone.push(listener)
    else if (!takesIngresses(by, listener)) obstacles.push({ listener, by })
    else {
      if (by.hostname !== listener.hostname && listener.tls?.mode !== 'refuse')
        obstacles.push({ listener, shownBy: by })
      bring(
        listener,
        by,
        memoized(brought, by, () => new Map()),
      )
    }
  }
  return {
    ...there,
    listeners: [
      ...there.listeners.map(one => {
        const hosts = brought.get(one)
        return hosts === undefined ? one : { ...one, hosts: behind(one, hosts, obstacles) }
      }),
      ...alone,
    ],
  }
}

/** A listener with a hostname of its own has all below it for itself; one for any has Ingresses behind its routes. */
function takesIngresses({ hostname, streams, tls }: Listener, ingress: Listener): boolean {
  return streams === undefined && tls?.mode !== 'refuse' && (hostname === ingress.hostname || hostname === '')
}

/** Hosts of Ingresses, by the hostname that they are for. */
type Brought = Map<string, Set<VirtualHost>>

function bring({ hostname, hosts }: Listener, by: Listener, brought: Brought): void {
  for (const host of hosts) {
    // What is for more names than the listener has is for these alone: others have no TLS.
    const isWhole = by.hostname === hostname || covers(hostname, host.hostname)
    const name = isWhole ? host.hostname : hostname
    const those = brought.get(name)
    if (those === undefined) brought.set(name, new Set([host]))
    else those.add(host)
  }
}

/** Entries of routes by wider hostnames that are repeated in front of those of one host: an Ingress may have thousands of hosts. */
const MOST_AHEAD = 256

/** Of each hostname what routes take comes first, whether they have it as their own, by a wildcard, or by having none. */
function behind(listener: Listener, brought: Brought, obstacles: Obstacle[]): VirtualHost[] {
  const routes = new Map(listener.hosts.map(host => [host.hostname, host]))
  const hosts = new Map(routes)
  for (const [hostname, ingresses] of brought) {
    const ahead = coveringHostnames(hostname).flatMap(name => routes.get(name) ?? [])
    const wider = ahead.filter(host => host.hostname !== hostname)
    if (wider.reduce((sum, { entries }) => sum + entries.length, 0) > MOST_AHEAD)
      obstacles.push({ host: hostname, by: listener })
    else hosts.set(hostname, joined(hostname, [...ahead, ...ingresses]))
  }
  return [...hosts.values()].sort((a, b) => bySpecificity(a.hostname, b.hostname))
}

interface Joined {
  readonly parts: readonly VirtualHost[]
  readonly host: VirtualHost
}

/** By the first and the last part: a host in which nothing differs is the same object (hosts.ts). */
const known = new WeakMap<VirtualHost, WeakMap<VirtualHost, Map<string, Joined>>>()

function joined(hostname: string, parts: readonly VirtualHost[]): VirtualHost {
  const [first, last] = [parts[0]!, parts.at(-1)!]
  if (first === last && first.hostname === hostname) return first
  const byLast = memoized(known, first, () => new WeakMap<VirtualHost, Map<string, Joined>>())
  const byName = memoized(byLast, last, () => new Map<string, Joined>())
  const before = byName.get(hostname)
  if (before?.parts.length === parts.length && before.parts.every((part, i) => part === parts[i]))
    return before.host
  const host = { hostname, entries: parts.flatMap(({ entries }) => entries) }
  byName.set(hostname, { parts, host })
  return host
}
