import type { ResourceRef } from '../../model/resource.ts'
import { refKey, shortName } from '../../model/resources.ts'
import { targetName } from '../../snapshot/cluster-name.ts'
import type { Origin } from '../../snapshot/origin.ts'
import type { FilterConfig, Rule } from '../../snapshot/rule.ts'
import type { Listener, Snapshot } from '../../snapshot/snapshot.ts'
import type * as shapes from '../shapes/object.ts'
import { clustersOf, type RuleIndex } from './rule-index.ts'

type User = shapes.ObjectWhole['usedBy'][number]

/** So many are named. */
const MOST = 100

/** What is served of an object, or by it: listeners, rules and clusters that it made, or that name it. */
export function usersOf(ref: ResourceRef, index: RuleIndex, { clusters }: Snapshot): readonly User[] {
  const name = shortName(ref)
  const isIts = ({ resource, group }: Origin): boolean => resource === name && group === ref.group
  const target = (cluster: string): boolean => targetName(cluster).replace(/:\d+$/, '') === name
  const certificate = (one: string): boolean =>
    one === refKey(ref) || one.startsWith(`${refKey(ref)} `) || one.startsWith(`${name} `)
  const users = function* (): Iterable<User | null> {
    for (const { listener } of index.listeners.values()) yield listenerUser(listener, isIts, certificate)
    for (const { name: cluster, origin, tls } of clusters) {
      const named = [
        tls?.certificate ?? '',
        ...(tls === undefined || tls.authorities === 'system' ? [] : tls.authorities),
      ]
      const how =
        isIts(origin) || target(cluster) ? 'backend' : named.some(certificate) ? 'certificate' : null
      yield how === null ? null : { what: 'cluster', name: cluster, how }
    }
    for (const { id, rule } of index.rules) yield ruleUser(id, rule, isIts, target)
  }
  return Iterator.from(users())
    .filter(user => user !== null)
    .take(MOST)
    .toArray()
}

function listenerUser(
  { name, origin, filters = [], tls }: Listener,
  isIts: (origin: Origin) => boolean,
  certificate: (name: string) => boolean,
): User | null {
  if (isIts(origin)) return { what: 'listener', name, how: 'listener' }
  if (filters.some(filter => isIts(filter.origin))) return { what: 'listener', name, how: 'filter' }
  const named =
    tls?.mode === 'terminate'
      ? [...tls.certificates, ...(tls.wanted ?? []), ...(tls.clients?.authorities ?? [])]
      : []
  return named.some(certificate) ? { what: 'listener', name, how: 'certificate' } : null
}

function ruleUser(
  id: string,
  rule: Rule,
  isIts: (origin: Origin) => boolean,
  target: (cluster: string) => boolean,
): User | null {
  if (isIts(rule.origin)) return { what: 'rule', name: id, how: 'route' }
  if (filtersIn(rule).some(filter => isIts(filter.origin))) return { what: 'rule', name: id, how: 'filter' }
  for (const cluster of clustersOf(rule))
    if (target(cluster)) return { what: 'rule', name: id, how: 'backend' }
  return null
}

function filtersIn({ filters, action }: Rule): readonly FilterConfig[] {
  return action.type === 'forward' ? [...filters, ...action.backends.flatMap(one => one.filters)] : filters
}
