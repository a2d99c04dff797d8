import type { Ingress } from '../../../model/kinds/ingress.ts'
import { coveringHostnames } from '../../../snapshot/hostnames.ts'
import type { Port } from '../../../snapshot/snapshot.ts'
import { policyName } from '../../../translation/policies.ts'
import { isFull, type Report } from '../../../translation/report.ts'
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
  report: Report,
): void {
  for (const obstacle of obstacles) {
    const by = `listener ${obstacle.by.name} of a Gateway`
    if ('port' in obstacle) {
      const [first] = states
      if (first !== undefined)
        report.doubt(first.route, {
          severity: 'error',
          reason: 'PortTaken',
          path: ['spec'],
          message: `${by} has port ${obstacle.port} with another protocol, and so no Ingress is served there; give the Gateway another port, or Ingresses by --ingress-ports`,
        })
      continue
    }
    const { hostname } = obstacle.listener
    const named = hosts.get(hostname)
    if (named !== undefined)
      report.doubt(named.ingress, {
        severity: 'error',
        reason: 'HostnameTaken',
        path: named.path,
        message: `${by} has ${hostname === '' ? 'any hostname' : hostname} on this port, and takes no requests for Ingresses`,
      })
  }
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
      const i = (state.route.body.spec?.rules ?? []).findIndex(rule => rule.host === host)
      report.doubt(state.route, {
        severity: 'error',
        reason: 'HostnameTaken',
        path: i < 0 ? ['spec'] : ['spec', 'rules', i, 'host'],
        message: `no request without TLS reaches it: listener ${by.name} of a Gateway has ${by.hostname} on port ${http}, and a request meets the listener with the most specific hostname alone`,
      })
    }
}
