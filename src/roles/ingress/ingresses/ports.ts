import type { ClientSettings } from '../../../snapshot/client-settings.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { Listener, Port, VirtualHost } from '../../../snapshot/snapshot.ts'
import type { IngressPorts } from '../../../translation/role.ts'
import { ANY } from '../gateway/addresses.ts'
import { portKey } from '../gateway/ports.ts'
import { bySpecificity } from '../routes/hostnames.ts'

/** What Ingresses have on one port. */
export interface IngressPort {
  readonly port: number
  readonly protocol: Port['protocol']
  readonly listeners: readonly Listener[]
}

/** Why Ingresses are not served somewhere. */
export type Obstacle =
  /** A Gateway has the port, and speaks something else there. */
  | { readonly port: number; readonly by: Listener }
  /** A Gateway has the hostname of this listener of ours, and passes bytes on there, or is not to be served. */
  | { readonly listener: Listener; readonly by: Listener }

export interface Laid {
  readonly ports: readonly Port[]
  readonly obstacles: readonly Obstacle[]
}

/**
 * The ports of Gateways, and Ingresses with them: on a port that Gateways have, at their addresses, else at those of
 * the operator. Listeners of one hostname are one, in which what routes take comes before what Ingresses take.
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
    const isSame = (there: Port): boolean => there.port === port && there.protocol !== 'udp'
    if (laid.some(isSame)) laid = laid.map(there => (isSame(there) ? together(there, one, obstacles) : there))
    else
      for (const address of addresses.length === 0 ? [ANY] : addresses)
        laid.push({ key: portKey(address, port, protocol), address, port, protocol, client, listeners })
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
  const all = new Map(there.listeners.map(one => [one.hostname, one]))
  for (const listener of listeners) {
    const own = all.get(listener.hostname)
    if (own === undefined) all.set(listener.hostname, listener)
    else if (own.streams !== undefined || own.tls?.mode === 'refuse') obstacles.push({ listener, by: own })
    else all.set(listener.hostname, { ...own, hosts: hostsOf(own.hosts, listener.hosts) })
  }
  return { ...there, listeners: [...all.values()] }
}

function hostsOf(routes: readonly VirtualHost[], ingresses: readonly VirtualHost[]): VirtualHost[] {
  const hosts = new Map(routes.map(host => [host.hostname, host]))
  for (const host of ingresses) {
    const own = hosts.get(host.hostname)
    hosts.set(host.hostname, own === undefined ? host : hostOf(own, host))
  }
  return [...hosts.values()].sort((a, b) => bySpecificity(a.hostname, b.hostname))
}

interface Pair {
  readonly ingress: VirtualHost
  readonly both: VirtualHost
}

/** A host in which nothing differs is the same object (hosts.ts). */
const known = new WeakMap<VirtualHost, Pair>()

function hostOf(route: VirtualHost, ingress: VirtualHost): VirtualHost {
  if (known.get(route)?.ingress !== ingress) known.delete(route)
  const { hostname } = route
  return memoized(known, route, () => ({
    ingress,
    both: { hostname, entries: [...route.entries, ...ingress.entries] },
  })).both
}
