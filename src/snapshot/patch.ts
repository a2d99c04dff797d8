import { isDeepStrictEqual } from 'node:util'
import { lazy } from './memo.ts'
import { applyRuns, placesBefore, runsOf, type ListRun } from './runs.ts'
import type { Cluster } from './cluster.ts'
import type { Match, Rule } from './rule.ts'
import type { VirtualHost, Listener, Port, RouteEntry, Snapshot } from './snapshot.ts'

/** What makes one snapshot of another: free of functions and classes, as a snapshot is. Absent is as it was. */
export interface SnapshotPatch {
  /** The version of the snapshot that it is for. */
  readonly base: number
  readonly version: number
  readonly ports?: readonly (number | PortPatch)[]
  readonly clusters?: readonly ListRun<Cluster>[]
  readonly endpoints?: RecordPatch<Snapshot['endpoints']>
  readonly certificates?: RecordPatch<NonNullable<Snapshot['certificates']>> | 'none'
  readonly within?: RecordPatch<NonNullable<Snapshot['within']>> | 'none'
}

/** A number is the place of one that stays as it is. */
interface PortPatch {
  /** Of the port before of which it keeps something; -1 for none. */
  readonly from: number
  readonly head: Omit<Port, 'listeners'>
  readonly listeners: readonly (number | ListenerPatch)[]
}

interface ListenerPatch {
  readonly from: number
  readonly head: Omit<Listener, 'hosts'>
  readonly hosts: readonly ListRun<HostPatch>[]
}

interface HostPatch {
  readonly from: number
  readonly hostname: string
  readonly entries: readonly ListRun<RouteEntry | MovedEntry>[]
}

/** A match that is new, of a rule that is not. */
interface MovedEntry {
  readonly match: Match
  readonly at: RulePlace
}

/** Of an entry that has the rule, in the snapshot before: port, listener, host, entry. */
type RulePlace = readonly [port: number, listener: number, host: number, entry: number]

interface RecordPatch<R extends Readonly<Record<string, unknown>>> {
  readonly set: R
  readonly gone: readonly string[]
}

/**
 * The patch that makes `after` of `before`. What is the same object is not looked into; rules, clusters and hosts that
 * are other objects and say the same are found by their keys, and stay what they were. The cost is that of what
 * differs, and a comparison of references for the rest.
 */
export function diff(before: Snapshot, after: Snapshot): SnapshotPatch {
  const ports = new PortsDiff(before, after).ports()
  const clusters = clustersDiff(before.clusters, after.clusters)
  const endpoints = recordDiff(before.endpoints, after.endpoints)
  const certificates = optionalDiff(before.certificates, after.certificates)
  const within = optionalDiff(before.within, after.within)
  return {
    base: before.version,
    version: after.version,
    ...(ports && { ports }),
    ...(clusters && { clusters }),
    ...(endpoints && { endpoints }),
    ...(certificates && { certificates }),
    ...(within && { within }),
  }
}

/**
 * The snapshot that a patch makes of the one that it is for; all that did not change is the same object. Throws where
 * the patch is for another one.
 */
export function applyPatch(before: Snapshot, patch: SnapshotPatch): Snapshot {
  if (patch.base !== before.version)
    throw new RangeError(`a patch for version ${patch.base} meets version ${before.version}`)
  const certificates = applyOptional(before.certificates, patch.certificates)
  const within = applyOptional(before.within, patch.within)
  return {
    version: patch.version,
    ports: patch.ports ? new PortsPatching(before).ports(patch.ports) : before.ports,
    clusters: patch.clusters ? applyRuns(before.clusters, patch.clusters, one => one) : before.clusters,
    endpoints: patch.endpoints ? applyRecord(before.endpoints, patch.endpoints) : before.endpoints,
    ...(certificates && { certificates }),
    ...(within && { within }),
  }
}

function clustersDiff(before: readonly Cluster[], after: readonly Cluster[]): ListRun<Cluster>[] | null {
  if (before === after) return null
  const places = placesBefore(before, after)
  const byName = lazy(() => new Map(before.map(({ name }, i) => [name, i])))
  for (const [i, place] of places.entries()) {
    if (place >= 0) continue
    const known = byName().get(after[i]!.name)
    if (known !== undefined && isDeepStrictEqual(before[known], after[i])) places[i] = known
  }
  return isUnchanged(places, before.length) ? null : runsOf(places, i => after[i]!)
}

type OptionalPatch<R extends Readonly<Record<string, unknown>>> = RecordPatch<R> | 'none' | undefined

function optionalDiff<R extends Readonly<Record<string, unknown>>>(
  before: R | undefined,
  after: R | undefined,
): OptionalPatch<R> | null {
  if (after === undefined) return before === undefined ? null : 'none'
  const patch = recordDiff(before ?? ({} as R), after)
  return patch ?? (before === undefined ? { set: {} as R, gone: [] } : null)
}

function applyOptional<R extends Readonly<Record<string, unknown>>>(
  before: R | undefined,
  patch: OptionalPatch<R>,
): R | undefined {
  if (patch === undefined) return before
  return patch === 'none' ? undefined : applyRecord(before ?? ({} as R), patch)
}

function recordDiff<R extends Readonly<Record<string, unknown>>>(before: R, after: R): RecordPatch<R> | null {
  if (before === after) return null
  const set = Object.entries(after).filter(
    ([key, value]) =>
      value !== before[key] && !(Object.hasOwn(before, key) && isDeepStrictEqual(value, before[key])),
  )
  const gone = Object.keys(before).filter(key => !Object.hasOwn(after, key))
  return set.length + gone.length === 0 ? null : { set: Object.fromEntries(set) as R, gone }
}

function applyRecord<R extends Readonly<Record<string, unknown>>>(before: R, patch: RecordPatch<R>): R {
  const after: Record<string, unknown> = { ...before }
  for (const key of patch.gone) delete after[key]
  return Object.assign(after, patch.set) as R
}

function isUnchanged(places: Int32Array, length: number): boolean {
  return places.length === length && places.every((place, i) => place === i)
}

/** The ports of two snapshots: first it is found which entries are new, then whether their rules are. */
class PortsDiff {
  private readonly before: Snapshot
  private readonly after: Snapshot
  /** Addresses of one Gateway have the same listeners: what is said of one is said once. */
  private readonly listeners = new Map<Listener, { old: Listener | undefined; patch: ListenerPatch | null }>()
  private readonly items = new Map<RouteEntry, RouteEntry | MovedEntry>()
  private readonly rules = lazy(() => new RulesBefore(this.before))

  constructor(before: Snapshot, after: Snapshot) {
    this.before = before
    this.after = after
  }

  ports(): (number | PortPatch)[] | null {
    const { before, after } = this
    if (before.ports === after.ports) return null
    const ports = after.ports.map(port => this.port(port))
    return ports.length === before.ports.length && ports.every((one, i) => one === i) ? null : ports
  }

  private port(port: Port): number | PortPatch {
    const from = this.before.ports.findIndex(({ key }) => key === port.key)
    const old = this.before.ports[from]
    if (old === port) return from
    const { listeners, ...head } = port
    const patches = listeners.map(listener => this.listener(listener, old))
    const isSame =
      old?.listeners.length === listeners.length &&
      patches.every((one, i) => one === i) &&
      isDeepStrictEqual(head, headOf(old, 'listeners'))
    return isSame ? from : { from, head, listeners: patches }
  }

  private listener(listener: Listener, port: Port | undefined): number | ListenerPatch {
    const from = port?.listeners.findIndex(({ name }) => name === listener.name) ?? -1
    const old = port?.listeners[from]
    if (old === listener) return from
    const known = this.listeners.get(listener)
    if (known !== undefined && known.old === old) return known.patch ?? from
    const patch = this.listenerPatch(listener, old, from)
    this.listeners.set(listener, { old, patch })
    return patch ?? from
  }

  /** Null where it says the same. */
  private listenerPatch(listener: Listener, old: Listener | undefined, from: number): ListenerPatch | null {
    const { hosts, ...head } = listener
    const before = old?.hosts ?? []
    const places = placesBefore(before, hosts)
    const byName = lazy(() => new Map(before.map(({ hostname }, i) => [hostname, i])))
    const patches = new Map<number, HostPatch>()
    for (const [i, place] of places.entries()) {
      if (place >= 0) continue
      const host = hosts[i]!
      const known = byName().get(host.hostname) ?? -1
      const patch = this.hostPatch(host, before[known], known)
      if (patch === null) places[i] = known
      else patches.set(i, patch)
    }
    const isSame =
      old !== undefined && isUnchanged(places, before.length) && isDeepStrictEqual(head, headOf(old, 'hosts'))
    return isSame ? null : { from, head, hosts: runsOf(places, i => patches.get(i)!) }
  }

  private hostPatch(
    { hostname, entries }: VirtualHost,
    old: VirtualHost | undefined,
    from: number,
  ): HostPatch | null {
    const places = this.entryPlaces(old?.entries ?? [], entries)
    if (old !== undefined && isUnchanged(places, old.entries.length)) return null
    return { from, hostname, entries: runsOf(places, i => this.item(entries[i]!)) }
  }

  private entryPlaces(before: readonly RouteEntry[], after: readonly RouteEntry[]): Int32Array {
    const places = placesBefore(before, after)
    if (before.length === 0 || !places.includes(-1)) return places
    const used = new Uint8Array(before.length)
    for (const place of places) if (place >= 0) used[place] = 1
    const free = new Map<Rule, number[]>()
    for (let i = 0; i < before.length; i++) {
      if (used[i] === 1) continue
      const { rule } = before[i]!
      const list = free.get(rule)
      if (list === undefined) free.set(rule, [i])
      else list.push(i)
    }
    for (const [i, place] of places.entries()) {
      if (place >= 0) continue
      const { match, rule } = after[i]!
      const list = free.get(this.rules().same(rule)?.rule ?? rule) ?? []
      const found = list.findIndex(one => isDeepStrictEqual(before[one]!.match, match))
      if (found >= 0) places[i] = list.splice(found, 1)[0]!
    }
    return places
  }

  /** One object wherever the entry stands, which the structured clone keeps. */
  private item(entry: RouteEntry): RouteEntry | MovedEntry {
    let item = this.items.get(entry)
    if (item === undefined) {
      const known = this.rules().same(entry.rule)
      item = known === null ? entry : { match: entry.match, at: known.place }
      this.items.set(entry, item)
    }
    return item
  }
}

interface PlacedRule {
  readonly rule: Rule
  readonly place: RulePlace
}

/** So many rules are looked for one by one: a change is small, and a table of 10,000 costs 8 ms. */
const MOST_SCANS = 20

/** The rules that a snapshot has, to be found by what they say. */
class RulesBefore {
  private readonly ports: readonly Port[]
  private byId: Map<string, PlacedRule[]> | null = null
  private readonly found = new Map<Rule, PlacedRule | null>()

  constructor({ ports }: Snapshot) {
    this.ports = ports
  }

  /** The one that says the same, or null. */
  same(rule: Rule): PlacedRule | null {
    const known = this.found.get(rule)
    if (known !== undefined) return known
    if (this.found.size === MOST_SCANS) this.byId = this.placed(null)
    const list = (this.byId ?? this.placed(rule.id)).get(rule.id) ?? []
    const found =
      list.find(one => one.rule === rule) ?? list.find(one => isDeepStrictEqual(one.rule, rule)) ?? null
    this.found.set(rule, found)
    return found
  }

  /** Rules of an id, or of all, by their id. */
  private placed(id: string | null): Map<string, PlacedRule[]> {
    const placed = new Map<string, PlacedRule[]>()
    for (const [p, { listeners }] of this.ports.entries())
      for (const [l, { hosts }] of listeners.entries())
        for (const [h, { entries }] of hosts.entries())
          for (let e = 0; e < entries.length; e++) {
            const { rule } = entries[e]!
            if (id === null || rule.id === id) addPlaced(placed, rule, [p, l, h, e])
          }
    return placed
  }
}

function addPlaced(placed: Map<string, PlacedRule[]>, rule: Rule, at: RulePlace): void {
  const list = placed.get(rule.id)
  if (list === undefined) placed.set(rule.id, [{ rule, place: at }])
  else if (!list.some(one => one.rule === rule)) list.push({ rule, place: at })
}

/** Makes the ports after of those before. */
class PortsPatching {
  private readonly before: readonly Port[]
  private readonly listeners = new Map<ListenerPatch, Listener>()
  private readonly entries = new Map<RouteEntry | MovedEntry, RouteEntry>()

  constructor({ ports }: Snapshot) {
    this.before = ports
  }

  ports(patches: readonly (number | PortPatch)[]): Port[] {
    return patches.map(one => {
      if (typeof one === 'number') return this.before[one]!
      const old = this.before[one.from]
      const listeners = one.listeners.map(patch =>
        typeof patch === 'number' ? old!.listeners[patch]! : this.listener(patch, old),
      )
      return { ...one.head, listeners }
    })
  }

  private listener(patch: ListenerPatch, port: Port | undefined): Listener {
    const known = this.listeners.get(patch)
    if (known !== undefined) return known
    const before = port?.listeners[patch.from]?.hosts ?? []
    const hosts = applyRuns(before, patch.hosts, (one: HostPatch) => this.host(one, before[one.from]))
    const listener = { ...patch.head, hosts }
    this.listeners.set(patch, listener)
    return listener
  }

  private host({ hostname, entries }: HostPatch, old: VirtualHost | undefined): VirtualHost {
    return { hostname, entries: applyRuns(old?.entries ?? [], entries, one => this.entry(one)) }
  }

  private entry(written: RouteEntry | MovedEntry): RouteEntry {
    if ('rule' in written) return written
    let entry = this.entries.get(written)
    if (entry === undefined) {
      const [p, l, h, e] = written.at
      const { rule } = this.before[p]!.listeners[l]!.hosts[h]!.entries[e]!
      this.entries.set(written, (entry = { match: written.match, rule }))
    }
    return entry
  }
}

function headOf<T extends object, K extends keyof T>(whole: T, list: K): Omit<T, K> {
  const { [list]: _, ...head } = whole
  return head
}
