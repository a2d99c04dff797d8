import type { GatewayListener } from '../../../../model/kinds/gateway-listener.ts'
import { ListenerSet } from '../../../../model/kinds/listener-set.ts'
import { refKey } from '../../../../model/resources.ts'
import { coveringHostnames } from '../../../../snapshot/hostnames.ts'
import { GATEWAY_API } from '../../../../model/kind.ts'
import { gatewayOf, isSet, listenerName, type ListenerOwner } from '../../../../translation/listener-name.ts'
import type { Namespaces } from '../../../../translation/namespaces.ts'
import type { ApiState, ApiWorld } from '../apis.ts'
import type { Cover } from '../covers.ts'

/** A listener that has routes of an API, and the hosts at which it is served there: "" any, `*.example` too. */
export interface ServedAt {
  /** Listener.name */
  readonly listener: string
  readonly spec: GatewayListener
  readonly hostnames: readonly string[]
}

/** Where clients reach an API, as its routes and the listeners say. */
export function servedAt(
  { covers }: ApiState,
  world: Pick<ApiWorld, 'resources' | 'gateways'>,
  namespaces: Namespaces,
): readonly ServedAt[] {
  return ownersOf(world, namespaces).flatMap(owner =>
    owner.body.spec.listeners.flatMap(spec => {
      if (spec.protocol !== 'HTTP' && spec.protocol !== 'HTTPS') return []
      const routes = covers.map(({ route }) => route).filter(route => isTaken(route, owner, spec, namespaces))
      const hostnames = new Set(
        routes.flatMap(({ body }) => common(spec.hostname ?? '', body.spec.hostnames ?? [])),
      )
      return hostnames.size === 0
        ? []
        : [{ listener: listenerName(owner, spec.name), spec, hostnames: [...hostnames] }]
    }),
  )
}

/** Gateways, and the ListenerSets that they take. */
function ownersOf(
  { resources, gateways }: Pick<ApiWorld, 'resources' | 'gateways'>,
  namespaces: Namespaces,
): readonly ListenerOwner[] {
  const sets = resources.all(ListenerSet).filter(set => {
    const gateway = gateways.get(refKey(gatewayOf(set)))?.gateway
    return gateway !== undefined && namespaces.takesSet(gateway, set)
  })
  return [...[...gateways.values()].map(({ gateway }) => gateway), ...sets]
}

function isTaken(
  { metadata: { namespace }, body }: Cover['route'],
  owner: ListenerOwner,
  { name, port, allowedRoutes }: GatewayListener,
  namespaces: Namespaces,
): boolean {
  const { metadata: home, kind } = owner
  const { parentRefs = [], useDefaultGateways } = body.spec
  if (!namespaces.allowed(allowedRoutes, home.namespace, namespace)) return false
  if (useDefaultGateways === 'All' && !isSet(owner) && owner.body.spec.defaultScope === 'All') return true
  return parentRefs.some(
    ref =>
      (ref.group ?? GATEWAY_API) === GATEWAY_API &&
      (ref.kind ?? 'Gateway') === kind &&
      (ref.namespace ?? namespace) === home.namespace &&
      ref.name === home.name &&
      (ref.sectionName ?? name) === name &&
      (ref.port ?? port) === port,
  )
}

function common(listener: string, route: readonly string[]): string[] {
  if (route.length === 0) return [listener]
  return route.flatMap(own => {
    if (takes(listener, own)) return [own]
    return takes(own, listener) ? [listener] : []
  })
}

/** Whether a hostname, or a wildcard, takes all of another one. */
export function takes(outer: string, inner: string): boolean {
  return coveringHostnames(inner).includes(outer)
}

/** An origin that reaches it: of a host with a name, if there is one. A wildcard is a variable of whoever reads it. */
export function originAt(places: readonly ServedAt[]): string {
  const all = places.flatMap(({ spec, hostnames }) => hostnames.map(host => ({ spec, host })))
  const best = all.toSorted((a, b) => rank(a.host) - rank(b.host))[0]
  if (best === undefined) return ''
  const { spec, host } = best
  const [scheme, port] = spec.protocol === 'HTTPS' ? ['https', 443] : ['http', 80]
  const name = host === '' ? 'localhost' : host.replace(/^\*\./, 'api.')
  return `${scheme}://${name}${spec.port === port ? '' : `:${spec.port}`}`
}

function rank(host: string): number {
  return host === '' ? 2 : host.startsWith('*.') ? 1 : 0
}
