import type { Ingress } from '../../../model/kinds/ingress.ts'
import { formatPath } from '../../../model/problem.ts'
import type { FieldPath } from '../../../model/resource.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'
import type { Port } from '../../../snapshot/snapshot.ts'
import { policyName } from '../../../translation/policies.ts'
import { isFull, type Doubt, type Report } from '../../../translation/report.ts'
import type { IngressPorts } from '../../../translation/role.ts'
import { isValid, type RouteState } from '../routes/route.ts'
import { sharesOf } from './ingress-route.ts'
import { fallbackOf } from './listeners.ts'
import type { Obstacle } from './ports.ts'
import type { IngressTls } from './tls.ts'

/** What became of Ingresses, beside where they are served. */
export function reportIngresses(
  states: readonly RouteState<Ingress>[],
  tls: IngressTls,
  report: Report,
): void {
  for (const state of states) reportIngress(state, tls, report)
  for (const [ingress, doubt] of tls.doubts) report.doubt(ingress, doubt)
  const first = fallbackOf(states)
  for (const { route } of states)
    if (first !== null && route !== first.route && (route.body.spec?.rules ?? []).length === 0)
      report.doubt(route, {
        severity: 'error',
        reason: 'Shadowed',
        path: ['spec', 'defaultBackend'],
        message: `no request reaches it: Ingress ${policyName(first.route)} comes first, and its defaultBackend takes what no rule takes`,
      })
}

function reportIngress(
  state: RouteState<Ingress>,
  { unresolved: secrets }: IngressTls,
  report: Report,
): void {
  const { route, invalid, doubts } = state
  const dropped = [...invalid.values()].flat()
  const unresolved = [...state.unresolved, ...(secrets.get(route) ?? [])]
  if (!isValid(state) && isFull(dropped)) report.bad(route, 'Accepted', dropped)
  else {
    report.good(route, 'Accepted', 'Accepted', 'the Ingress is served')
    if (isFull(dropped)) report.warn(route, 'PartiallyInvalid', dropped)
  }
  if (isFull(unresolved)) report.bad(route, 'ResolvedRefs', unresolved)
  else report.good(route, 'ResolvedRefs', 'ResolvedRefs', 'every reference is resolved')
  for (const doubt of doubts) report.doubt(route, doubt)
}

/** What Gateways on the same ports leave of them. */
export function reportObstacles(
  states: readonly RouteState<Ingress>[],
  { hosts }: IngressTls,
  obstacles: readonly Obstacle[],
  ports: IngressPorts,
  report: Report,
): void {
  // A Gateway with several addresses is in the way at each of them.
  const told = new Set<string>()
  for (const obstacle of obstacles)
    for (const [ingress, doubt] of doubtsOf(obstacle, states, hosts, ports)) {
      const text = `${policyName(ingress)} ${formatPath(doubt.path)} ${doubt.message}`
      if (!told.has(text)) report.doubt(ingress, doubt)
      told.add(text)
    }
}

type Told = readonly (readonly [ingress: Ingress, doubt: Doubt])[]

function doubtsOf(
  obstacle: Obstacle,
  states: readonly RouteState<Ingress>[],
  tls: IngressTls['hosts'],
  { https }: IngressPorts,
): Told {
  if ('port' in obstacle) {
    const doubt = {
      severity: 'error',
      reason: 'PortTaken',
      path: ['spec'],
      message: takenText(obstacle),
    } as const
    const there = states.filter(
      ({ route: { body } }) => obstacle.port !== https || (body.spec?.tls ?? []).length > 0,
    )
    return there.map(({ route }) => [route, doubt])
  }
  if ('host' in obstacle) {
    const { host, by } = obstacle
    const message = `more rules of routes of listener ${by.name} of a Gateway are for ${host === '' ? 'any hostname' : host}, too, than can be put before those of Ingresses; give these routes hostnames of their own`
    return states.flatMap(({ route }) => {
      const path = hostPath(route, host)
      return path === null
        ? []
        : [[route, { severity: 'error', reason: 'HostnameTaken', path, message }] as const]
    })
  }
  const { hostname } = obstacle.listener
  const named = tls.get(hostname)
  if (named === undefined) return []
  const { ingress, path } = named
  if ('by' in obstacle) {
    const { by } = obstacle
    const message = `listener ${by.name} of a Gateway has ${by.hostname === '' ? 'any hostname' : by.hostname} on this port, and takes no requests for Ingresses`
    return [[ingress, { severity: 'error', reason: 'HostnameTaken', path, message }]]
  }
  const message = `clients who ask for ${hostname === '' ? 'any name' : hostname} are shown the certificate of listener ${obstacle.shownBy.name} of a Gateway, which has any hostname on this port`
  return [[ingress, { severity: 'warning', reason: 'CertificateTaken', path, message }]]
}

function takenText(obstacle: Extract<Obstacle, { readonly port: number }>): string {
  const { port } = obstacle
  const expected = 'give the Gateway another port, or Ingresses by --ingress-ports'
  if (!('address' in obstacle))
    return `listener ${obstacle.by.name} of a Gateway has port ${port} with another protocol, and so no Ingress is served there; ${expected}`
  const { address, by } = obstacle
  return `listener ${by.listeners[0]?.name ?? ''} of a Gateway has ${by.key}, and so Ingresses are not on port ${port} of ${address === '' ? 'every address' : address}, but where Gateways are; ${expected}`
}

function hostPath({ body }: Ingress, host: string): FieldPath | null {
  const i = (body.spec?.rules ?? []).findIndex(rule => (rule.host ?? '') === host)
  return i < 0 ? null : ['spec', 'rules', i, ...(host === '' ? [] : ['host'])]
}

/** Hosts that a listener of a Gateway has for itself on the port for plain HTTP, since its hostname is the more specific. */
export function doubtIsolated(
  states: readonly RouteState<Ingress>[],
  ports: readonly Port[],
  http: number,
  report: Report,
): void {
  const listeners = ports.filter(({ port }) => port === http).flatMap(port => port.listeners)
  const named = new Map(listeners.flatMap(one => (one.hostname === '' ? [] : [[one.hostname, one] as const])))
  if (named.size === 0) return
  for (const state of states)
    for (const host of sharesOf(state).byHost.keys()) {
      const by = coveringHostnames(host).flatMap(name => named.get(name) ?? [])[0]
      if (by === undefined) continue
      report.doubt(state.route, {
        severity: 'error',
        reason: 'HostnameTaken',
        path: hostPath(state.route, host) ?? ['spec'],
        message: `no request without TLS reaches it: listener ${by.name} of a Gateway has ${by.hostname} on port ${http}, and a request meets the listener with the most specific hostname alone`,
      })
    }
}
