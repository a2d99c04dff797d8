import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import type { ClusterTarget } from '../../../translation/targets.ts'
import { distributionOf } from '../kinds/zones-and-subsets.ts'

/** Backends whose policy prefers the own zone, and none of whose endpoints says where it is: nothing is preferred. */
export function doubtZones(
  { clusters, endpoints }: Pick<SnapshotParts, 'clusters' | 'endpoints'>,
  targetOf: (cluster: string) => ClusterTarget | undefined,
  report: Report,
): void {
  const told = new Set<unknown>()
  for (const { name, zoneAware } of clusters) {
    const list = endpoints[name] ?? []
    if (zoneAware === undefined || list.length === 0 || list.some(({ zone }) => zone !== undefined)) continue
    const target = targetOf(name)
    if (target === undefined || told.has(target.object) || isOfItself(target)) continue
    told.add(target.object)
    const place = target.kind === 'Service' ? 'its EndpointSlices' : 'its endpoints'
    report.doubt(target.object, {
      severity: 'warning',
      reason: 'NoZones',
      path: ['spec'],
      message: `spec.loadBalancing.zoneAware of its BackendPolicy prefers endpoints of the own zone, and none of ${place} says in which zone it is, expected zone: NAME`,
    })
  }
}

/** A Service is written for clusters with zones and for those without. */
function isOfItself(target: ClusterTarget): boolean {
  return target.kind === 'Service' && distributionOf(target.object).zoneAware !== undefined
}
