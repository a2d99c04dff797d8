import type { Cluster, Endpoint, SnapshotParts } from '../../snapshot/snapshot.ts'
import type { ClusterPolicy } from './backendpolicy.ts'
import { H2C, targetEndpoints, type Slices, type Target } from './endpoints.ts'
import { originOf } from './origin.ts'
import type { UsedCluster } from './upstreamtls.ts'

/** The clusters in use, with their endpoints, by name. */
export function clustersOf(
  used: ReadonlyMap<string, UsedCluster>,
  policyOf: (target: Target) => ClusterPolicy,
  slices: Slices,
): Pick<SnapshotParts, 'clusters' | 'endpoints'> {
  const clusters: Cluster[] = []
  const endpoints: Record<string, readonly Endpoint[]> = {}
  for (const [name, { target, tls }] of [...used].sort(([a], [b]) => (a < b ? -1 : 1))) {
    clusters.push({
      name,
      origin: originOf(target.object, pathOf(target)),
      protocol: protocolOf(target),
      ...policyOf(target),
      ...(tls === null ? {} : { tls }),
    })
    endpoints[name] = targetEndpoints(target, slices)
  }
  return { clusters, endpoints }
}

/** Backend spec.protocol, or the appProtocol of a Service's port (KEP-3726): HTTP/1.1 unless HTTP/2 is said. */
function protocolOf(target: Target): Cluster['protocol'] {
  if (target.kind === 'Service') return target.port.appProtocol === H2C ? 'h2' : 'http'
  const { protocol } = target.object.body.spec
  return protocol === 'h2' || protocol === 'h2c' ? 'h2' : 'http'
}

function pathOf(target: Target): (string | number)[] {
  if (target.kind === 'Backend') return ['spec', 'endpoints']
  const index = target.object.body.spec?.ports?.indexOf(target.port) ?? -1
  return index < 0 ? ['spec'] : ['spec', 'ports', index]
}
