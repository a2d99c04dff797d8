import type { GatewayListener } from '../../../model/kinds/gateway-listener.ts'
import type { Rule } from '../../../snapshot/rule.ts'
import { difference } from '../../../snapshot/runs.ts'
import type { VirtualHost, RouteEntry } from '../../../snapshot/snapshot.ts'
import { asItIs } from '../backends/upstream-tls.ts'
import { bySpecificity } from '../routes/hostnames.ts'
import { byPrecedence, type RankedEntry } from '../routes/precedence.ts'
import type { HostShare } from './listeners.ts'

/** What a hostname came to, and what that was made of. */
interface Known {
  readonly shares: readonly HostShare[]
  /** In their order. */
  readonly ranked: readonly RankedEntry[]
  readonly host: VirtualHost
  /** Whether its rules are those of the routes. */
  readonly asItIs: boolean
}

/** By the listener as it is declared: what the last translation made of its hostnames. */
const known = new WeakMap<GatewayListener, ReadonlyMap<string, Known>>()

/**
 * The hosts of a listener. Entries that stay keep their order among each other, so that only new ones are sorted in;
 * a host in which nothing differs is the same object.
 */
export function listenerHosts(
  spec: GatewayListener,
  sorted: readonly (readonly [hostname: string, shares: readonly HostShare[]])[],
  ruleOf: (rule: Rule) => Rule,
): VirtualHost[] {
  const before = known.get(spec)
  const now = new Map<string, Known>()
  for (const [hostname, shares] of sorted) {
    const old = before?.get(hostname)
    const ranked = rankedOf(shares, old)
    if (ruleOf === asItIs && old !== undefined && ranked === old.ranked && old.asItIs) {
      now.set(hostname, { ...old, shares })
      continue
    }
    const entries = ranked.map(({ entry }) => entryOf(entry, ruleOf))
    const host = old !== undefined && sameItems(old.host.entries, entries) ? old.host : { hostname, entries }
    now.set(hostname, { shares, ranked, host, asItIs: ruleOf === asItIs })
  }
  known.set(spec, now)
  return [...now.values()].map(({ host }) => host)
}

function entryOf(entry: RouteEntry, ruleOf: (rule: Rule) => Rule): RouteEntry {
  const rule = ruleOf(entry.rule)
  return rule === entry.rule ? entry : { ...entry, rule }
}

/** The route with the more specific hostname of its own comes first, whatever the listener has left of it (HTTPRouteSpec.hostnames, v1.7). */
function rankedOf(shares: readonly HostShare[], before: Known | undefined): readonly RankedEntry[] {
  if (before !== undefined) {
    if (before.shares.length === shares.length && shares.every((one, i) => sameShare(one, before.shares[i]!)))
      return before.ranked
    const own = shares[0]?.own
    const isOwn = (share: HostShare): boolean => share.own === own
    if (shares.every(isOwn) && before.shares.every(isOwn)) return sortedIn(shares, before)
  }
  const byOwn = [...Map.groupBy(shares, ({ own }) => own)].sort(([a], [b]) => bySpecificity(a, b))
  return byOwn.flatMap(([, same]) => same.flatMap(({ entries }) => entries).sort(byPrecedence))
}

/** So many entries are looked for one by one; beyond that a table of them all costs less. */
const MOST_PLACED = 32

/** No two entries are equal in precedence, so that there is one order, however it comes about. */
function sortedIn(shares: readonly HostShare[], before: Known): readonly RankedEntry[] {
  const { gone, come } = difference(before.shares, shares, MOST_PLACED, sameShare) ?? {
    gone: before.shares,
    come: shares,
  }
  const old = new Set(gone.map(({ entries }) => entries))
  const fresh: RankedEntry[] = []
  for (const { entries } of come) if (!old.delete(entries)) fresh.push(...entries)
  return inserted(without(before.ranked, [...old].flat()), fresh.sort(byPrecedence))
}

function without(list: readonly RankedEntry[], gone: readonly RankedEntry[]): RankedEntry[] {
  if (gone.length > MOST_PLACED) {
    const all = new Set(gone)
    return list.filter(one => !all.has(one))
  }
  const left = [...list]
  for (const one of gone) left.splice(left.indexOf(one), 1)
  return left
}

function inserted(list: RankedEntry[], others: readonly RankedEntry[]): readonly RankedEntry[] {
  if (others.length > MOST_PLACED) return merged(list, others)
  for (const one of others) list.splice(placeOf(list, one), 0, one)
  return list
}

function placeOf(list: readonly RankedEntry[], one: RankedEntry): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (byPrecedence(list[middle]!, one) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function merged(list: readonly RankedEntry[], others: readonly RankedEntry[]): readonly RankedEntry[] {
  const all: RankedEntry[] = []
  let next = 0
  for (const one of list) {
    while (next < others.length && byPrecedence(others[next]!, one) < 0) all.push(others[next++]!)
    all.push(one)
  }
  return [...all, ...others.slice(next)]
}

function sameShare(a: HostShare, b: HostShare): boolean {
  return a === b || (a.own === b.own && a.entries === b.entries)
}

function sameItems(list: readonly unknown[], other: readonly unknown[]): boolean {
  return list.length === other.length && list.every((item, i) => item === other[i])
}
