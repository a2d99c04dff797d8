import type { Match, Rule } from '../../snapshot/rule.ts'
import type { VirtualHost, RouteEntry } from '../../snapshot/snapshot.ts'
import { placesBefore } from '../../snapshot/runs.ts'
import type { Steps } from '../steps.ts'
import { compileClosedMatch, compileConditions, compilePath, type RouteCandidate } from './conditions.ts'
import { pathTableSteps, type PathTable } from './paths.ts'

/** Made once per entry when the snapshot is compiled, so that finding it costs no allocation. */
export interface RouteHit<R> {
  /** Listener.name */
  readonly listener: string
  /** VirtualHost.hostname, under which the entry was found. */
  readonly hostname: string
  readonly entry: RouteEntry
  readonly rule: R
}

/** Where compiled rules come from: one is taken for each entry, and given back when the entry has gone. */
export interface RuleSource<R> {
  take(rule: Rule): R
  /** For an entry whose match cannot be compiled: what its requests meet. */
  closed(rule: Rule, error: unknown): R
  give(rule: R): void
}

/** So many entries are looked at between two chances for others. */
const STEP = 64
/** Where more than this share of the entries is new, a table is made anew. */
const MOST_CHANGED = 1 / 4

/**
 * The entries of one host, compiled. A host of which little has changed since has the same table but for that: among
 * 10,000 entries a changed one costs 2 ms, and all of them 20.
 */
export class HostTable<R> {
  readonly paths: PathTable<RouteHit<R>>
  private readonly listener: string
  private readonly host: VirtualHost
  /** As its entries. */
  private readonly candidates: readonly RouteCandidate<RouteHit<R>>[]

  private constructor(
    listener: string,
    host: VirtualHost,
    candidates: readonly RouteCandidate<RouteHit<R>>[],
    paths: PathTable<RouteHit<R>>,
  ) {
    this.listener = listener
    this.host = host
    this.candidates = candidates
    this.paths = paths
  }

  /** `before` is added to `used` where its rules are held by the new one, or have been given back. */
  static *steps<R>(
    listener: string,
    host: VirtualHost,
    rules: RuleSource<R>,
    before: HostTable<R> | undefined,
    used: Set<HostTable<R>>,
  ): Steps<HostTable<R>> {
    if (before?.listener === listener) {
      const table = before.host === host ? before : yield* before.changed(host, rules)
      if (table !== null) {
        used.add(before)
        return table
      }
    }
    const candidates: RouteCandidate<RouteHit<R>>[] = []
    for (const entry of host.entries) {
      if (candidates.length % STEP === 0) yield
      candidates.push(candidateOf(listener, host.hostname, entry, candidates.length, rules))
    }
    return new HostTable(listener, host, candidates, yield* pathTableSteps(candidates))
  }

  release(rules: RuleSource<R>): void {
    for (const { hit } of this.candidates) rules.give(hit.rule)
  }

  /** The table of a host that is much like this one, or null. */
  private *changed(host: VirtualHost, rules: RuleSource<R>): Steps<HostTable<R> | null> {
    const { entries } = host
    const places = placesBefore(this.host.entries, entries)
    const kept = keptOf(places)
    const fresh = kept.reduce((count, place) => (place < 0 ? count + 1 : count), 0)
    if (fresh > entries.length * MOST_CHANGED) return null
    const orders = ordersOf(kept, this.candidates)
    if (orders === null) return null
    yield
    const candidates: RouteCandidate<RouteHit<R>>[] = []
    const added: RouteCandidate<RouteHit<R>>[] = []
    // Counted, for sets of 10,000 would cost more than all else.
    const stays = new Uint8Array(this.candidates.length)
    for (let i = 0; i < entries.length; i++) {
      const known = this.candidates[places[i]!]
      if (known !== undefined) stays[places[i]!] = kept[i]! < 0 ? MOVED : KEPT
      if (known !== undefined && kept[i]! >= 0) {
        candidates.push(known)
        continue
      }
      const order = orders[i]!
      const one =
        known === undefined
          ? candidateOf(this.listener, host.hostname, entries[i]!, order, rules)
          : { ...known, order }
      added.push(one)
      candidates.push(one)
      yield
    }
    const gone = this.candidates.filter((_, i) => stays[i] === 0)
    const moved = this.candidates.filter((_, i) => stays[i] === MOVED)
    yield
    const paths = this.paths.with(new Set([...gone, ...moved]), added, candidates)
    for (const { hit } of gone) rules.give(hit.rule)
    return new HostTable(this.listener, host, candidates, paths)
  }
}

const KEPT = 1
/** It stands elsewhere now, and is the same but for its order. */
const MOVED = 2

/** Places of before without those that are out of their order. */
function keptOf(places: Int32Array): Int32Array {
  let last = -1
  return places.map(place => {
    if (place <= last) return -1
    last = place
    return place
  })
}

/**
 * An order for each entry between those of its neighbours, so that the orders of all others stay; null where there is
 * no number left between two. Only those of new entries are looked at.
 */
function ordersOf(kept: Int32Array, before: readonly RouteCandidate<unknown>[]): Float64Array | null {
  const orders = new Float64Array(kept.length)
  for (let i = 0; i < kept.length;) {
    if (kept[i]! >= 0) {
      i++
      continue
    }
    let end = i
    while (end < kept.length && kept[end]! < 0) end++
    const above = i === 0 ? null : before[kept[i - 1]!]!.order
    const below = end === kept.length ? null : before[kept[end]!]!.order
    const count = end - i
    const first = above ?? (below ?? 0) - count - 1
    const step = below === null || above === null ? 1 : (below - above) / (count + 1)
    for (let n = 0, last = first; n < count; n++) {
      const order = first + step * (n + 1)
      if (order <= last || (below !== null && order >= below)) return null
      orders[i + n] = last = order
    }
    i = end
  }
  return orders
}

function candidateOf<R>(
  listener: string,
  hostname: string,
  entry: RouteEntry,
  order: number,
  rules: RuleSource<R>,
): RouteCandidate<RouteHit<R>> {
  const tests = testsOf(entry.match)
  const hit = { listener, hostname, entry }
  if (!('error' in tests)) return { order, hit: { ...hit, rule: rules.take(entry.rule) }, ...tests }
  return {
    order,
    hit: { ...hit, rule: rules.closed(entry.rule, tests.error) },
    ...compileClosedMatch(entry.match),
  }
}

function testsOf(
  match: Match,
): Pick<RouteCandidate<never>, 'path' | 'conditions'> | { readonly error: unknown } {
  try {
    return { path: compilePath(match.path), conditions: compileConditions(match) }
  } catch (error) {
    return { error }
  }
}
