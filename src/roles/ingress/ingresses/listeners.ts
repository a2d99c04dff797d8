import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import type { Ingress } from '../../../model/kinds/ingress.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'
import { lazy } from '../../../snapshot/memo.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { Listener, VirtualHost } from '../../../snapshot/snapshot.ts'
import { listenerHosts } from '../gateway/hosts.ts'
import type { HostShare } from '../gateway/listeners.ts'
import { originOf } from '../origin.ts'
import { bySpecificity } from '../routes/hostnames.ts'
import type { RouteState } from '../routes/route.ts'
import { hasRegex } from './closed-patterns.ts'
import { closedSharesOf, sharesOf } from './ingress-route.ts'
import type { HostTls } from './tls.ts'

/** By what the hosts of all Ingresses are found again (hosts.ts): there is one list of them. */
const HTTP: GatewayListener = { name: 'http', protocol: 'HTTP', port: 80 }

/** The hosts of all Ingresses, the most specific first. Of default backends that of the oldest has hosts that nobody has. */
export function ingressHosts(
  states: readonly RouteState<Ingress>[],
  isClosed: (ingress: Ingress) => boolean,
  ruleOf: (rule: Rule) => Rule,
): VirtualHost[] {
  const shares = new Map<string, HostShare[]>()
  const add = (host: string, share: HostShare): void => {
    const list = shares.get(host)
    if (list === undefined) shares.set(host, [share])
    else list.push(share)
  }
  const regexHosts = lazy(() => hostsOfRegex(states))
  for (const [age, state] of states.entries()) {
    const { byHost } = isClosed(state.route) ? closedSharesOf(state, age, regexHosts()) : sharesOf(state)
    for (const [host, entries] of byHost) add(host, { own: host, entries })
  }
  const fallback = fallbackOf(states)
  if (fallback !== null) add('', { own: '', entries: sharesOf(fallback).fallback! })
  return listenerHosts(
    HTTP,
    [...shares].sort(([a], [b]) => bySpecificity(a, b)),
    ruleOf,
  )
}

function hostsOfRegex(states: readonly RouteState<Ingress>[]): ReadonlySet<string> {
  const found = states.filter(({ route }) => hasRegex(route))
  return new Set(found.flatMap(({ route }) => route.body.spec?.rules?.map(({ host = '' }) => host) ?? []))
}

/** Whose default backend has requests that no rule takes. */
export function fallbackOf(states: readonly RouteState<Ingress>[]): RouteState<Ingress> | null {
  return states.find(state => sharesOf(state).fallback !== null) ?? null
}

/** Without TLS all Ingresses are behind one listener. */
export function plainListener(first: Ingress, hosts: readonly VirtualHost[]): Listener {
  return { name: 'ingress/http', origin: originOf(first, ['spec']), hostname: '', hosts }
}

/** With TLS each name that a certificate is shown for is a listener, which has all hosts that share a name with it. */
export function tlsListeners(names: ReadonlyMap<string, HostTls>, hosts: readonly VirtualHost[]): Listener[] {
  const byName = new Map(hosts.map(host => [host.hostname, host]))
  const below = hostsBelow(names, hosts)
  return [...names]
    .toSorted(([a], [b]) => bySpecificity(a, b))
    .map(([hostname, { ingress, path, tls }]) => {
      const covering = coveringHostnames(hostname).flatMap(name => byName.get(name) ?? [])
      const within = hostname === '' ? hosts : [...(below.get(hostname) ?? []), ...covering]
      return {
        name: `ingress/https${hostname === '' ? '' : `-${hostname}`}`,
        origin: originOf(ingress, path),
        hostname,
        hosts: tls.mode === 'refuse' ? [] : within,
        tls,
      }
    })
}

/** Which hosts are below each wildcard. */
function hostsBelow(
  names: ReadonlyMap<string, HostTls>,
  hosts: readonly VirtualHost[],
): ReadonlyMap<string, readonly VirtualHost[]> {
  const below = new Map<string, VirtualHost[]>()
  for (const name of names.keys()) if (name.startsWith('*.')) below.set(name, [])
  if (below.size === 0) return below
  for (const host of hosts)
    for (const wider of coveringHostnames(host.hostname))
      if (wider !== host.hostname) below.get(wider)?.push(host)
  return below
}
