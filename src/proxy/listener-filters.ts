import { noSteps, stepsOf, type FilterSteps, type ReadyFilter } from '../filters/compile.ts'
import type { Filter } from '../filters/filter.ts'
import { rankingOf, type Ranking } from '../filters/priority.ts'
import type { RequestHead } from '../http/head.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import type { Listener } from '../snapshot/snapshot.ts'
import type { RouteHit } from './router/host-table.ts'
import { HostIndex } from './router/hosts.ts'
import { answering, type CompiledAction } from './run.ts'
import { misdirectedRule, type CompiledRule } from './rule.ts'

const notFound = answering(x => x.fail('route_not_found', ''))

/** Filters of a listener and of a rule, as what acts. */
type Together = (far: readonly ReadyFilter[], near: readonly ReadyFilter[]) => readonly ReadyFilter[]

/** What is kept is given in place of a backend's answer, and so by no rule that asks none. */
export function isOfAnswers({ type }: FilterConfig): boolean {
  return type === 'cache'
}

/** The filters of one listener, laid beside those of each of its rules when that is first asked for. */
export class ListenerChain {
  /** Of requests that no route takes. */
  readonly steps: FilterSteps
  readonly unrouted: CompiledAction
  /** How important its requests are, where no rule says so. */
  readonly ranking: Ranking
  /** Whether a request is the gateway's own matter; null where none ever is. */
  readonly urgent: Filter['urgent'] | null
  /** Of rules that ask no backend, among them those that are closed. */
  private readonly uncached: readonly ReadyFilter[]
  private readonly uncachedSteps: FilterSteps
  private readonly filters: readonly ReadyFilter[]
  private readonly together: Together
  /** Nothing of a listener is served whose filters cannot be had: they may protect it. */
  private readonly closed: CompiledAction | null
  private readonly merged = new WeakMap<CompiledRule, FilterSteps>()

  /** `fault`: why they cannot be had. */
  constructor(filters: readonly ReadyFilter[], together: Together, fault: string | null = null) {
    this.closed = fault === null ? null : answering(x => x.fail('proxy_configuration_error', fault))
    this.filters = filters
    this.steps = stepsOf(filters)
    this.ranking = rankingOf(filters.map(({ config }) => config))
    this.urgent = urgentOf(filters)
    this.uncached = filters.filter(({ config }) => !isOfAnswers(config))
    this.uncachedSteps = stepsOf(this.uncached)
    this.together = together
    this.unrouted = this.closed ?? notFound
  }

  stepsOf(rule: CompiledRule): FilterSteps {
    if (this.closed !== null) return noSteps
    if (rule.filters.length === 0) return rule.asks ? this.steps : this.uncachedSteps
    const known = this.merged.get(rule)
    if (known !== undefined) return known
    const steps = stepsOf(this.together(rule.asks ? this.filters : this.uncached, rule.filters))
    this.merged.set(rule, steps)
    return steps
  }

  actionOf(rule: CompiledRule): CompiledAction {
    return this.closed ?? rule.action
  }
}

function urgentOf(filters: readonly ReadyFilter[]): Filter['urgent'] | null {
  const urgent = filters.flatMap(({ filter }) => filter.urgent?.bind(filter) ?? [])
  return urgent.length === 0 ? null : x => urgent.some(one => one(x))
}

interface Named {
  /** Listener.name */
  readonly name: string
  /** Null where it has no filters. */
  readonly chain: ListenerChain | null
}

/** Filters of the listeners of one port. */
export class ListenerFilters {
  private readonly byName: ReadonlyMap<string, ListenerChain | null>
  private readonly byHost: HostIndex<Named>

  constructor(listeners: readonly Listener[], chainOf: (listener: Listener) => ListenerChain | null) {
    const named = listeners.map(listener => ({ listener, name: listener.name, chain: chainOf(listener) }))
    this.byName = new Map(named.map(({ name, chain }) => [name, chain]))
    // Of two with one hostname the first is the one that routes (router.ts).
    this.byHost = new HostIndex(new Map(named.toReversed().map(one => [one.listener.hostname, one])))
  }

  /** Of the listener that has taken the request; null where it has none, or the request is for another one. */
  find({ listener, rule }: RouteHit<CompiledRule>): ListenerChain | null {
    return rule.rule === misdirectedRule ? null : (this.byName.get(listener) ?? null)
  }

  /** The listener that takes the host of this request. */
  taking(head: RequestHead): Named | null {
    return this.byHost.find(head.hostname)
  }
}
