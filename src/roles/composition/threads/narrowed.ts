import type { Manifest } from '../../../composition/manifest/manifest.ts'
import { compositionCluster } from '../../../translation/compositions.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { backendRule } from '../translation/backend-rule.ts'

/** Of what workers have, what threads of one bundle need: the clusters of its backends, and nothing of anybody else. */
export function narrowed(
  served: Pick<Snapshot, 'clusters' | 'endpoints' | 'certificates'>,
  composition: string,
  { backends }: Manifest,
  clusterOf: Readonly<Record<string, string>>,
): Omit<Snapshot, 'version'> {
  const [namespace = '', name = ''] = composition.split('/')
  const own = served.clusters.find(one => one.name === compositionCluster({ namespace, name }))
  const byName = new Map(served.clusters.map(cluster => [cluster.name, cluster]))
  const clusters = new Map<string, Cluster>()
  const within: Record<string, Rule> = {}
  for (const backend of backends) {
    const cluster = byName.get(clusterOf[backend.name] ?? '')
    // Its calls fail: destination_not_found. The condition says why.
    if (cluster === undefined) continue
    const id = `composition/${composition}/${backend.name}`
    const { rule, settings } = backendRule(id, own?.origin ?? cluster.origin, backend, cluster.name)
    clusters.set(cluster.name, { ...cluster, ...settings })
    within[backend.name] = rule
  }
  const list = [...clusters.values()]
  return {
    ports: [],
    clusters: list,
    endpoints: Object.fromEntries(list.map(one => [one.name, served.endpoints[one.name] ?? []])),
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
