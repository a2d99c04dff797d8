import { isDeepStrictEqual } from 'node:util'
import type { Manifest } from '../../../composition/manifest/manifest.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { Cluster, Endpoint } from '../../../snapshot/cluster.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { backendRule } from '../translation/backend-rule.ts'

/** Of what workers have, what threads of one bundle need: the clusters of its backends, and nothing of anybody else. */
export function narrowed(
  served: Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>,
  { key, own: ownCluster }: { readonly key: string; readonly own: string },
  { backends }: Manifest,
  clusterOf: Readonly<Record<string, string>>,
): Omit<Snapshot, 'version'> {
  const own = served.clusters.find(one => one.name === ownCluster)
  const byName = new Map(served.clusters.map(cluster => [cluster.name, cluster]))
  const clusters = new Map<string, Cluster>()
  const endpoints: Record<string, readonly Endpoint[]> = {}
  const within: Record<string, Rule> = {}
  for (const backend of backends) {
    const cluster = byName.get(clusterOf[backend.name] ?? '')
    // Its calls fail: destination_not_found. The condition says why.
    if (cluster === undefined) continue
    const id = `composition/${key}/${backend.name}`
    const origin = own?.origin ?? cluster.origin
    const { rule, settings } = backendRule(id, origin, backend, cluster.name)
    const before = clusters.get(cluster.name)
    const wanted = { ...cluster, ...settings }
    // Of two backends at one place each has its own breaker, budget and hedging.
    const isAnother = before !== undefined && !isDeepStrictEqual(before, wanted)
    const to = isAnother ? `${cluster.name} (${backend.name})` : cluster.name
    clusters.set(to, { ...wanted, name: to })
    endpoints[to] = served.endpoints[cluster.name] ?? []
    within[backend.name] = isAnother ? backendRule(id, origin, backend, to).rule : rule
  }
  const list = [...clusters.values()]
  return {
    ports: [],
    clusters: list,
    endpoints,
    ...certificatesOf(list, served),
    within,
  }
}

function certificatesOf(
  clusters: readonly Cluster[],
  { certificates = {} }: Pick<Snapshot, 'certificates'>,
): Pick<Snapshot, 'certificates'> {
  const names = clusters.flatMap(({ tls }) => [
    ...(tls?.certificate == null ? [] : [tls.certificate]),
    ...(tls === undefined || tls.authorities === 'system' ? [] : tls.authorities),
  ])
  const needed = names.flatMap(name =>
    certificates[name] === undefined ? [] : [[name, certificates[name]] as const],
  )
  return needed.length === 0 ? {} : { certificates: Object.fromEntries(needed) }
}
