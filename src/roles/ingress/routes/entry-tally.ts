import type { Rule } from '../../../snapshot/rule.ts'
import type { RouteEntry } from '../../../snapshot/snapshot.ts'
import { Successive, type Made } from '../../../snapshot/memo.ts'
import { difference } from '../../../snapshot/runs.ts'
import { askedBy } from '../external-auth/asking.ts'

/** What is asked of all entries of a host with each change, counted. */
export interface EntryTally {
  /** Names of clusters, by how often something is sent there. */
  readonly clusters: ReadonlyMap<string, number>
  /** Entries whose rules keep sessions. */
  readonly sessions: number
  /** Entries with a regular expression for a path. */
  readonly regexes: number
  /** Entries that ask for what a ClientPolicy may rule out: a method, or a path with a backslash. */
  readonly asking: number
}

interface Counted {
  readonly clusters: Map<string, number>
  sessions: number
  regexes: number
  asking: number
}

/** So many entries may come or go for the tally before to be of use. */
const MOST_CHANGED = 32

const made = new Successive<RouteEntry, Counted>()

/** Of 10,000 entries a change is about a few: only those are looked into. It holds until the next call for the same host. */
export function tallyOf(entries: readonly RouteEntry[]): EntryTally {
  const before = made.before(entries)
  if (before?.list === entries) return before.value
  return made.keep(entries, (before && changed(before, entries)) ?? counted(entries))
}

function counted(entries: readonly RouteEntry[]): Counted {
  const tally = { clusters: new Map<string, number>(), sessions: 0, regexes: 0, asking: 0 }
  for (const entry of entries) count(tally, entry, 1)
  return tally
}

/** The tally of the entries before, which is theirs no longer; null where too much differs. */
function changed(
  { list, value: tally }: Made<RouteEntry, Counted>,
  entries: readonly RouteEntry[],
): Counted | null {
  const differing = difference(list, entries, MOST_CHANGED)
  if (differing === null) return null
  for (const entry of differing.gone) count(tally, entry, -1)
  for (const entry of differing.come) count(tally, entry, 1)
  return tally
}

function count(tally: Counted, { match, rule }: RouteEntry, by: 1 | -1): void {
  const { action } = rule
  for (const name of clustersOfRule(rule)) {
    const times = (tally.clusters.get(name) ?? 0) + by
    if (times === 0) tally.clusters.delete(name)
    else tally.clusters.set(name, times)
  }
  const isForward = action.type === 'forward'
  if (isForward && action.sessions === true) tally.sessions += by
  if (match.path.type === 'regex') tally.regexes += by
  if (match.method !== '' || (isForward && action.grpc === true) || match.path.value.includes('%5C'))
    tally.asking += by
}

/** Names of the clusters that a rule sends to, or whose services it asks. */
export function* clustersOfRule({ filters, action }: Rule): Generator<string> {
  if (filters.length > 0) yield* askedBy(filters)
  if (action.type !== 'forward') return
  for (const { cluster, filters: own } of action.backends) {
    if (own.length > 0) yield* askedBy(own)
    if (cluster !== null) yield cluster
  }
  for (const { cluster } of action.mirrors) yield cluster
}
