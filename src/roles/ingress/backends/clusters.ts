import { isDeepStrictEqual } from 'node:util'
import type { ServicePort } from '../../../model/kinds/service.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { ClusterTls } from '../../../snapshot/tls.ts'
import type { ClusterPolicy } from './backend-policy.ts'
import type { TlsBounds } from '../defaults.ts'
import { targetEndpoints, type Slices } from './endpoints.ts'
import { originOf } from '../origin.ts'
import { digest } from '../../../translation/pem.ts'
import { protocolOf, type ClusterTarget } from '../../../translation/targets.ts'
import type { UsedCluster } from './upstream-tls.ts'

/** The clusters in use, with their endpoints, by name. */
export function clustersOf(
  used: ReadonlyMap<string, UsedCluster>,
  policyOf: (target: ClusterTarget) => ClusterPolicy,
  slices: Slices,
): Pick<SnapshotParts, 'clusters' | 'endpoints'> {
  const clusters: Cluster[] = []
  const endpoints: Record<string, readonly Endpoint[]> = {}
  for (const [name, { target, tls }] of [...used].sort(([a], [b]) => (a < b ? -1 : 1))) {
    clusters.push(clusterOnce(name, target, tls, policyOf(target)))
    endpoints[name] = targetEndpoints(target, slices)
  }
  return { clusters, endpoints }
}

/** What a target came to by one name, and all that it depends on beside its object, whose it is. */
interface Known {
  readonly port: ServicePort | null
  readonly tls: ClusterTls | null
  readonly policy: ClusterPolicy
  readonly cluster: Cluster
}

const known = new WeakMap<ClusterTarget['object'], Map<string, Known>>()

/** Of thousands of clusters a change is about a few: the others are the same objects. */
function clusterOnce(
  name: string,
  target: ClusterTarget,
  tls: ClusterTls | null,
  policy: ClusterPolicy,
): Cluster {
  const port = target.kind === 'Service' ? target.port : null
  const names = memoized(known, target.object, () => new Map<string, Known>())
  const before = names.get(name)
  if (before?.port === port && before.tls === tls && before.policy === policy) return before.cluster
  const cluster = {
    name,
    origin: originOf(target.object, pathOf(target)),
    protocol: protocolOf(target),
    ...policy.settings,
    ...(tls === null ? {} : { tls: withBounds(tls, policy.tls) }),
  }
  names.set(name, { port, tls, policy, cluster })
  return cluster
}

function withBounds(tls: ClusterTls, bounds: TlsBounds): ClusterTls {
  const whole = { ...tls, ...bounds }
  return isDeepStrictEqual(whole, tls) ? tls : { ...whole, key: digest(JSON.stringify(whole)) }
}

function pathOf(target: ClusterTarget): (string | number)[] {
  if (target.kind === 'Backend') return ['spec', 'endpoints']
  const index = target.object.body.spec?.ports?.indexOf(target.port) ?? -1
  return index < 0 ? ['spec'] : ['spec', 'ports', index]
}
