import { inSlices, type Steps } from '../../proxy/steps.ts'
import type { FilterConfig, Match, Rule } from '../../snapshot/rule.ts'
import type { Listener, Port, RouteEntry } from '../../snapshot/snapshot.ts'
import { asRequests } from '../explain/stream.ts'
import { byText } from './page.ts'

/** One rule wherever it stands. */
export interface PlacedRule {
  readonly id: string
  /** As it is where it is not closed, if there is such a place. */
  readonly rule: Rule
  readonly stream: boolean
  /** By name. */
  readonly listeners: readonly string[]
  /** Those of them on which it is closed. */
  readonly closedOn: readonly string[]
  readonly hostnames: readonly string[]
  readonly matches: readonly Match[]
}

export interface PlacedListener {
  readonly listener: Listener
  /** Addresses of one Gateway have the same listeners. */
  readonly ports: readonly Port[]
  readonly rules: number
}

/** What is asked of the ports of a snapshot by name. */
export interface RuleIndex {
  /** By id, in order. */
  readonly rules: readonly PlacedRule[]
  readonly byId: ReadonlyMap<string, PlacedRule>
  readonly listeners: ReadonlyMap<string, PlacedListener>
  /** Ids of the rules that send to a cluster, or ask one, by its name. */
  readonly byCluster: ReadonlyMap<string, readonly string[]>
}

const made = new WeakMap<readonly Port[], Promise<RuleIndex>>()

/**
 * Made when somebody first asks about these ports, in slices between which probes are answered ([ADR 0037] has what
 * 10,000 rules cost).
 */
export function ruleIndex(ports: readonly Port[]): Promise<RuleIndex> {
  let index = made.get(ports)
  if (index === undefined) made.set(ports, (index = inSlices(indexSteps(ports))))
  return index
}

/** What is known of a rule so far: lists, since sets of 10,000 rules cost more than all the rest. */
interface Gathered extends PlacedRule {
  rule: Rule
  readonly listeners: string[]
  readonly closedOn: string[]
  readonly hostnames: string[]
  readonly matches: Match[]
}

/** So many entries are looked at before others may have their turn. */
const STEP = 250

function* indexSteps(ports: readonly Port[]): Steps<RuleIndex> {
  const byId = new Map<string, Gathered>()
  const listeners = new Map<string, { listener: Listener; ports: Port[]; rules: number }>()
  for (const port of ports)
    for (const listener of port.listeners) {
      const known = listeners.get(listener.name)
      if (known !== undefined) {
        known.ports.push(port)
        continue
      }
      const rules = yield* gather(listener, byId)
      listeners.set(listener.name, { listener, ports: [port], rules })
    }
  const rules = [...byId.values()].sort((a, b) => byText(a.id, b.id))
  yield
  return { rules, byId, listeners, byCluster: yield* clusterSteps(rules) }
}

/** Answers with how many rules the listener has. */
function* gather(listener: Listener, all: Map<string, Gathered>): Steps<number> {
  const own = new Set<Rule>()
  let looked = 0
  const stream = listener.streams !== undefined
  for (const { hostname, entries } of asRequests(listener).hosts)
    for (const entry of entries) {
      own.add(entry.rule)
      add(all, entry, hostname, listener.name, stream)
      if (++looked % STEP === 0) yield
    }
  return own.size
}

function add(
  all: Map<string, Gathered>,
  { rule, match }: RouteEntry,
  hostname: string,
  listener: string,
  stream: boolean,
): void {
  const { id } = rule
  let one = all.get(id)
  if (one === undefined) {
    one = { id, rule, stream, listeners: [], closedOn: [], hostnames: [], matches: [] }
    all.set(id, one)
  }
  addOnce(one.listeners, listener)
  addOnce(one.hostnames, hostname)
  addOnce(one.matches, match)
  if (isClosed(rule)) addOnce(one.closedOn, listener)
  else one.rule = rule
}

function addOnce<T>(list: T[], item: T): void {
  if (!list.includes(item)) list.push(item)
}

function* clusterSteps(rules: readonly PlacedRule[]): Steps<RuleIndex['byCluster']> {
  const byCluster = new Map<string, string[]>()
  let looked = 0
  for (const { id, rule } of rules) {
    for (const cluster of clustersOf(rule)) {
      const ids = byCluster.get(cluster)
      if (ids === undefined) byCluster.set(cluster, [id])
      else ids.push(id)
    }
    if (++looked % STEP === 0) yield
  }
  return byCluster
}

/** Whether what is to protect it is not in force. */
function isClosed({ action }: Rule): boolean {
  if (action.type === 'respond') return action.failure === 'protection_missing'
  // Of a stream.
  return action.type === 'forward' && action.backends.length > 0 && action.backends.every(one => one.closed)
}

/** Where its requests go, their copies, and whom its filters ask. */
export function clustersOf({ filters, action }: Rule): readonly string[] {
  const names: string[] = []
  addAsked(names, filters)
  if (action.type !== 'forward') return names
  for (const { cluster, filters: own } of action.backends) {
    if (cluster !== null) addOnce(names, cluster)
    addAsked(names, own)
  }
  for (const { cluster } of action.mirrors) addOnce(names, cluster)
  return names
}

function addAsked(names: string[], filters: readonly FilterConfig[]): void {
  for (const filter of filters)
    if ('cluster' in filter && typeof filter.cluster === 'string') addOnce(names, filter.cluster)
}
