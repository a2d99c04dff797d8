import type { FallbackConfig } from '../../../filters/fallback/fallback.ts'
import { authorityText } from '../../../http/authority-text.ts'
import { fallbackTriggers } from '../../../model/kinds/fallback.ts'
import type { TrafficPolicy } from '../../../model/kinds/traffic-policy.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { AttachPoint, Attachment } from '../../../snapshot/contribution.ts'
import type { FilterConfig, Rule } from '../../../snapshot/rule.ts'
import type { Listener, RouteEntry, SnapshotParts } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'

/** What a policy stands at, as far as requests come there. */
interface Reached {
  readonly entries: RouteEntry[]
  /** A cache is there for some of it. */
  isCached: boolean
}

type Parts = Pick<SnapshotParts, 'ports' | 'clusters' | 'endpoints'>

/** What TrafficPolicies say of `cache` and `fallback` and can never come to pass where they stand. */
export function doubtTrafficReach(
  parts: Parts,
  attach: readonly Attachment[],
  policyOf: ReadonlyMap<FilterConfig, TrafficPolicy>,
  report: Report,
): void {
  const looked = attach.filter(({ filter }) => filter.type === 'cache' || filter.type === 'fallback')
  if (looked.length === 0) return
  const reached = reachOf(parts, looked)
  const told = new Set<string>()
  for (const [filter, what] of reached) {
    const policy = policyOf.get(filter)
    if (policy === undefined) continue
    for (const { path, reason = 'NeverApplies', message } of doubtsOf(filter, what, parts)) {
      const key = `${policy.metadata.namespace}/${policy.metadata.name} ${path.join('.')}`
      if (told.has(key)) continue
      told.add(key)
      report.doubt(policy, { severity: 'warning', reason, path: ['spec', ...path], message })
    }
  }
}

function reachOf({ ports }: Parts, attach: readonly Attachment[]): ReadonlyMap<FilterConfig, Reached> {
  const at = Map.groupBy(attach, one => keyOf(one.at))
  const reached = new Map<FilterConfig, Reached>()
  for (const listener of new Set<Listener>(ports.flatMap(({ listeners }) => listeners)))
    for (const entry of listener.hosts.flatMap(({ entries }) => entries)) {
      const filters = placesOf(listener, entry.rule).flatMap(
        place => at.get(place)?.map(one => one.filter) ?? [],
      )
      const isCached = filters.some(({ type }) => type === 'cache')
      for (const filter of filters) {
        const known = reached.get(filter) ?? { entries: [], isCached: false }
        known.entries.push(entry)
        known.isCached ||= isCached
        reached.set(filter, known)
      }
    }
  return reached
}

function placesOf({ name, set }: Listener, { id }: Rule): readonly string[] {
  return [
    'all',
    keyOf({ gateway: parentOf(name) }),
    ...(set === undefined ? [] : [keyOf({ listenerSet: set })]),
    keyOf({ listener: name }),
    keyOf({ route: parentOf(id) }),
    keyOf({ rule: id }),
  ]
}

function keyOf(at: AttachPoint): string {
  return at === 'all' ? at : JSON.stringify(at)
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'))
}

interface Doubtful {
  readonly path: FieldPath
  readonly reason?: string
  readonly message: string
}

function doubtsOf(filter: FilterConfig, reached: Reached, parts: Parts): readonly Doubtful[] {
  if (filter.type === 'cache') return cacheDoubts(reached)
  return fallbackDoubts(filter as FallbackConfig, reached, parts)
}

const isCall = ({ rule: { action } }: RouteEntry): boolean =>
  action.type === 'forward' && action.grpc === true

function cacheDoubts({ entries }: Reached): readonly Doubtful[] {
  if (entries.some(entry => !isCall(entry) && ['', 'GET', 'HEAD'].includes(entry.match.method))) return []
  return [
    {
      path: ['cache'],
      message:
        'answers to GET and HEAD are kept, which nothing here takes: calls of gRPC are POST, and all else has other methods',
    },
  ]
}

function fallbackDoubts(
  filter: FallbackConfig,
  { entries, isCached }: Reached,
  parts: Parts,
): readonly Doubtful[] {
  const rules = [...new Set(entries.map(({ rule }) => rule))]
  const sending = rules.filter(({ action }) => action.type === 'forward')
  if (sending.length === 0)
    // What cannot be sent on as it is written is told of its route.
    return rules.some(({ action }) => action.type === 'respond')
      ? []
      : [{ path: ['fallback'], message: 'nothing here is sent to a backend that could fail' }]
  if (filter.forwardsTo === undefined && entries.every(isCall))
    return [
      {
        path: ['fallback'],
        message: 'calls of gRPC get no fixed answer, and nothing of them is kept; expected a backendRef',
      },
    ]
  return [
    ...(filter.lastGoodMs !== null && !isCached ? [uncached] : []),
    ...(waitsForBreaker(filter) ? unbroken(sending, parts) : []),
    ...(filter.forwardsTo === undefined ? [] : sameEndpoints(filter.forwardsTo, sending, parts)),
  ]
}

const uncached: Doubtful = {
  path: ['fallback', 'lastGood'],
  message:
    'nothing is kept here of which there could be a last good answer; expected spec.cache of a TrafficPolicy for it',
}

/** Who names no triggers wants all of them, and has none in mind. */
function waitsForBreaker({ triggers }: FallbackConfig): boolean {
  return triggers.includes('breaker-open') && triggers.length < fallbackTriggers.length
}

function unbroken(rules: readonly Rule[], { clusters }: Parts): readonly Doubtful[] {
  const names = new Set(rules.flatMap(clustersOf))
  if (clusters.some(({ name, breaker }) => names.has(name) && breaker?.trip != null)) return []
  return [
    {
      path: ['fallback', 'triggers'],
      message:
        'none of the backends has a breaker that could open (breaker-open); expected spec.circuitBreaker.trip of a BackendPolicy',
    },
  ]
}

/** To be asked there once more is a retry, and no other backend. */
function sameEndpoints(other: string, rules: readonly Rule[], { endpoints }: Parts): readonly Doubtful[] {
  const placesIn = (clusters: readonly string[]): ReadonlySet<string> =>
    new Set(
      clusters
        .flatMap(name => endpoints[name] ?? [])
        .map(({ address, port }) => authorityText(address, port)),
    )
  const there = placesIn([other])
  if (there.size === 0) return []
  const isSame = (rule: Rule): boolean => there.symmetricDifference(placesIn(clustersOf(rule))).size === 0
  if (!rules.every(isSame)) return []
  return [
    {
      path: ['fallback', 'backendRef'],
      reason: 'SameEndpoints',
      message: `${other} has the endpoints of the backend that it is to stand in for; expected others, or a retry`,
    },
  ]
}

function clustersOf({ action }: Rule): readonly string[] {
  return action.type === 'forward' ? action.backends.flatMap(({ cluster }) => cluster ?? []) : []
}
