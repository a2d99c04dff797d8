import type { InForce } from '../../control/controller.ts'
import type { Kinds } from '../../model/kinds.ts'
import { declaredBy } from '../../snapshot/declared.ts'
import type { Cluster } from '../../snapshot/cluster.ts'
import { policyNames } from '../explain/policy-names.ts'
import { clusterLimits } from '../explain/limits.ts'
import type * as shapes from '../shapes/cluster.ts'
import { conditionView } from '../../api/condition-view.ts'
import { conditionsOf } from './conditions.ts'
import { nowOf, type Health } from './health.ts'
import { byText, countedPage, textFilter, type CountedPage } from './page.ts'
import type { RuleIndex } from './rule-index.ts'

export interface ClusterSource extends Pick<InForce, 'status' | 'snapshot' | 'resources'> {
  readonly kinds: Kinds
  readonly index: RuleIndex
}

/** Ids of so many rules are named. */
const MOST_RULES = 100

const sorted = new WeakMap<readonly Cluster[], readonly Cluster[]>()

function byName(clusters: readonly Cluster[]): readonly Cluster[] {
  let list = sorted.get(clusters)
  if (list === undefined) sorted.set(clusters, (list = clusters.toSorted((a, b) => byText(a.name, b.name))))
  return list
}

/** `unwell` are those in which not all is well, where only they are asked for. */
export function clusterPage(
  { snapshot: { clusters, endpoints } }: Pick<ClusterSource, 'snapshot'>,
  query: shapes.ClusterQuery,
  unwell: ReadonlySet<string> | null,
): CountedPage<Cluster> {
  const { q, name } = query
  const names = name === undefined ? null : new Set(typeof name === 'string' ? [name] : name)
  const text = q === undefined ? null : textFilter(q)
  const hasText = (cluster: Cluster): boolean =>
    text === null ||
    text(cluster.name) ||
    (endpoints[cluster.name] ?? []).some(({ address }) => text(address))
  const isWanted = (cluster: Cluster): boolean =>
    (names === null || names.has(cluster.name)) &&
    (unwell === null || unwell.has(cluster.name)) &&
    hasText(cluster)
  const all = [text, names, unwell].every(one => one === null)
  return countedPage(byName(clusters), cluster => cluster.name, query, all ? null : isWanted)
}

export function clusterViews(
  { status, resources, kinds, snapshot, index }: ClusterSource,
  clusters: readonly Cluster[],
  health: Health,
): readonly shapes.Cluster[] {
  const policies = policyNames(status.conditions, resources, kinds)
  return clusters.map(cluster => {
    const { name, origin, protocol, balancer, tls, ...settings } = cluster
    const rules = index.byCluster.get(name) ?? []
    return {
      name,
      origin,
      protocol,
      tls: tls === undefined ? null : tlsView(tls),
      balancer,
      limits: clusterLimits(cluster) + policies.ofCluster(name),
      settings: finite(settings),
      ...nowOf(name, snapshot.endpoints[name] ?? [], health),
      rules: rules.slice(0, MOST_RULES),
      ruleCount: rules.length,
      conditions: conditionsOf(status.conditions, declaredBy(origin).about).map(conditionView),
    }
  })
}

function tlsView({
  serverName,
  authorities,
  certificate,
  minVersion,
  maxVersion,
}: NonNullable<Cluster['tls']>): NonNullable<shapes.Cluster['tls']> {
  return {
    serverName,
    authorities: authorities === 'system' ? [] : authorities,
    certificate,
    minVersion,
    maxVersion,
  }
}

/** JSON has no number for no limit. */
function finite(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, value === Infinity ? null : value]),
  )
}
