import { GATEWAY_API } from '../../../model/kind.ts'
import { routeDefaults } from '../../../model/defaults.ts'
import type { StreamRule } from '../../../snapshot/rule.ts'
import { ruleIdOf } from '../../../translation/rule-id.ts'
import { backendless } from './backendless.ts'
import type { BackendRefs } from '../backends/backend-refs.ts'
import type { Flaw } from '../../../translation/report.ts'
import { originOf } from '../origin.ts'
import type { RouteState, StreamRoute } from './route.ts'

/** What a route of connections comes to: one rule, for all hostnames that it has. */
export function streamRouteOf(route: StreamRoute, backends: BackendRefs): RouteState {
  const { namespace } = route.metadata
  const from = { group: GATEWAY_API, kind: route.kind, namespace }
  const use = route.kind === 'UDPRoute' ? 'datagrams' : 'stream'
  const unresolved: Flaw[] = []
  const [rule] = route.body.spec.rules
  const path = ['spec', 'rules', 0]
  const used = (rule?.backendRefs ?? []).flatMap((ref, i) => {
    const { weight = routeDefaults.backendWeight } = ref
    const cluster = backends.resolve(ref, from, [...path, 'backendRefs', i], use)
    if (typeof cluster !== 'string') unresolved.push(cluster)
    return weight > 0 ? [{ weight, cluster: typeof cluster === 'string' ? cluster : null }] : []
  })
  const stream: StreamRule = {
    id: ruleIdOf(route, rule?.name, 0),
    origin: originOf(route, path),
    backends: used,
  }
  const doubt = backendless(
    rule?.backendRefs ?? [],
    path,
    use === 'stream' ? 'every connection is refused' : 'every datagram is dropped',
  )
  return {
    route,
    entries: [],
    stream,
    unresolved,
    invalid: new Map(),
    ruleCount: 1,
    doubts: doubt === null ? [] : [doubt],
  }
}
