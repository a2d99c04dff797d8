import { idempotentMethods } from '../../../http/idempotent.ts'
import type { Cluster } from '../../../snapshot/cluster.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import type { SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { fieldOf, hostsOf } from './rule-fields.ts'

/** Rules that want requests repeated whose method forbids it, while no BackendPolicy allows it. */
export function doubtRetries({ ports, clusters }: SnapshotParts, report: Report): void {
  const methods = new Map<Rule, Set<string>>()
  for (const { entries } of hostsOf(ports))
    for (const { match, rule } of entries)
      if (match.method !== '' && !idempotentMethods.has(match.method) && wantsRetries(rule))
        methods.set(rule, (methods.get(rule) ?? new Set()).add(match.method))
  if (methods.size === 0) return
  const byName = new Map(clusters.map(cluster => [cluster.name, cluster]))
  const told = new Set<unknown>()
  for (const [rule, own] of methods) {
    const field = fieldOf(rule)
    const lacking = clustersOf(rule, byName).filter(({ repeatNonIdempotent }) => repeatNonIdempotent !== true)
    const [first] = lacking
    if (field === undefined || first === undefined || told.has(rule.origin)) continue
    told.add(rule.origin)
    const list = [...own].join(' and ')
    report.doubt(field.route, {
      severity: 'warning',
      reason: 'NotRepeated',
      path: [...field.path, 'retry'],
      message: `${list} is repeated only where nothing of it was sent, or where it has an Idempotency-Key; ${[...idempotentMethods].join(', ')} are repeated. To have ${list} repeated too, give ${first.origin.resource} a BackendPolicy with spec.retry.nonIdempotent: true`,
    })
  }
}

function wantsRetries({ action }: Rule): boolean {
  return action.type === 'forward' && action.retry !== null && action.retry.attempts > 0
}

function clustersOf({ action }: Rule, byName: ReadonlyMap<string, Cluster>): Cluster[] {
  if (action.type !== 'forward') return []
  return action.backends.flatMap(({ cluster }) => (cluster === null ? [] : (byName.get(cluster) ?? [])))
}
