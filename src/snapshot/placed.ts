import type { Problem } from '../model/resource.ts'
import { targetName } from './cluster-name.ts'
import type { Contribution, AttachPoint } from './contribution.ts'
import { declaredBy } from './declared.ts'
import { memoized } from './memo.ts'
import type { Action, FilterConfig, Rule, StreamRule, WeightedBackend } from './rule.ts'
import type { VirtualHost, Listener, Port } from './snapshot.ts'

/** What a place that is not to be served answers. */
export const closedAction: Action = { type: 'respond', failure: 'protection_missing' }

/** What stands at one place. */
interface Here {
  readonly filters: readonly FilterConfig[]
  /** Those of them without which nothing is to be served. */
  readonly protecting: readonly FilterConfig[]
  readonly closed: boolean
}

const nothing: Here = { filters: [], protecting: [], closed: false }

/** Filters and closings by the places at which they stand, and ports with them. */
export class Placed {
  private readonly places = new Map<string, Here>()
  /** One object wherever it is used, as the rule was. */
  private readonly rules = new Map<Rule, Rule>()
  /** Addresses of one Gateway have the same listeners. */
  private readonly listeners = new Map<Listener, Listener>()
  private readonly found = new Map<string, Problem>()

  constructor(contributions: readonly Contribution[]) {
    for (const { attach = [], close = [] } of contributions) {
      for (const { at, filter, protects } of attach)
        this.add(at, { filters: [filter], protecting: protects ? [filter] : [], closed: false })
      for (const { at } of close) this.add(at, { ...nothing, closed: true })
    }
  }

  /** Where filters cannot act. */
  problems(): readonly Problem[] {
    return [...this.found.values()]
  }

  /** The ports with all of it; the same objects where there is none. */
  on(ports: readonly Port[]): readonly Port[] {
    if (this.places.size === 0) return ports
    return ports.map(port => ({
      ...port,
      listeners: port.listeners.map(one => memoized(this.listeners, one, () => this.onListener(one))),
    }))
  }

  private add(at: AttachPoint, more: Here): void {
    const key = keyOf(at)
    this.places.set(key, together(this.places.get(key) ?? nothing, more))
  }

  private at(...places: readonly AttachPoint[]): Here {
    return places.map(place => this.places.get(keyOf(place)) ?? nothing).reduce(together)
  }

  private onListener(listener: Listener): Listener {
    const { name, set, hosts, streams, filters = [] } = listener
    const ofSet = set === undefined ? [] : [{ listenerSet: set }]
    const here = this.at('all', { gateway: parentOf(name) }, ...ofSet, { listener: name })
    const all = [...filters, ...here.filters.map(one => this.open(one))]
    return {
      ...listener,
      ...(all.length === 0 || streams !== undefined ? {} : { filters: all }),
      hosts: hosts.map(host => this.onHost(host, here.closed)),
      ...(streams === undefined
        ? {}
        : { streams: streams.map(one => ({ ...one, rule: this.onStream(one.rule, here, name) })) }),
    }
  }

  private onHost(host: VirtualHost, closed: boolean): VirtualHost {
    const entries = host.entries.map(entry => {
      const rule = closed ? memoized(this.rules, entry.rule, closedRule) : this.onRule(entry.rule)
      return rule === entry.rule ? entry : { ...entry, rule }
    })
    return entries.every((entry, i) => entry === host.entries[i]) ? host : { ...host, entries }
  }

  private onRule(rule: Rule): Rule {
    const { filters, closed } = this.at({ route: parentOf(rule.id) }, { rule: rule.id })
    if (closed) return memoized(this.rules, rule, closedRule)
    const action = this.onAction(rule.action)
    if (action === closedAction) return memoized(this.rules, rule, closedRule)
    if (filters.length === 0 && action === rule.action) return rule
    return memoized(this.rules, rule, () => ({
      ...rule,
      filters: [...rule.filters, ...filters.map(one => this.open(one))],
      action,
    }))
  }

  private onAction(action: Action): Action {
    if (action.type !== 'forward') return action
    const backends = action.backends.map(backend => this.onBackend(backend))
    const mirrors = action.mirrors.filter(({ cluster }) => !this.ofCluster(cluster).closed)
    const same = backends.every((backend, i) => backend === action.backends[i])
    if (same && mirrors.length === action.mirrors.length) return action
    const isLeft = backends.some(({ cluster }) => cluster !== null)
    return !isLeft && backends.some(({ closed }) => closed) ? closedAction : { ...action, backends, mirrors }
  }

  private onBackend(backend: WeightedBackend): WeightedBackend {
    if (backend.cluster === null) return backend
    const { filters, closed } = this.ofCluster(backend.cluster)
    if (closed) return { ...backend, cluster: null, closed: true }
    return filters.length === 0 ? backend : { ...backend, filters: [...backend.filters, ...filters] }
  }

  /** It is not closed, and has no filters of its own: requests may be sent there by who passes by both. */
  isPlain(cluster: string): boolean {
    const { filters, closed } = this.ofCluster(cluster)
    return !closed && filters.length === 0
  }

  /** Without a backend that is not: the filter then does what it does without. */
  private open(filter: FilterConfig): FilterConfig {
    const { forwardsTo, ...rest } = filter
    return forwardsTo === undefined || this.isPlain(forwardsTo) ? filter : rest
  }

  private ofCluster(cluster: string): Here {
    const target = targetName(cluster)
    const [object = ''] = target.split(':')
    return object === target
      ? this.at({ backend: target })
      : this.at({ backend: object }, { backend: target })
  }

  /** Bytes meet no filter: those that protect close it, of the others it is told that they do nothing. */
  private onStream(rule: StreamRule, here: Here, listener: string): StreamRule {
    const own = this.at({ route: parentOf(rule.id) }, { rule: rule.id })
    const { filters, protecting, closed } = together(here, own)
    for (const filter of filters) this.unable(filter, protecting.includes(filter), listener)
    if (closed || protecting.length > 0) return closedStream(rule)
    const backends = rule.backends.map(backend =>
      backend.cluster !== null && this.ofCluster(backend.cluster).closed
        ? { ...backend, cluster: null, closed: true as const }
        : backend,
    )
    return backends.every((backend, i) => backend === rule.backends[i]) ? rule : { ...rule, backends }
  }

  private unable({ origin }: FilterConfig, protects: boolean, listener: string): void {
    const { about, position } = declaredBy(origin)
    const consequence = protects ? 'they are closed' : 'it does nothing there'
    this.found.set(`${origin.resource} ${listener}`, {
      severity: protects ? 'error' : 'warning',
      position,
      resource: about,
      path: [],
      message: `listener ${listener} passes bytes on, in which there are no requests to act on: ${consequence}`,
      reason: 'NotApplied',
    })
  }
}

function together(a: Here, b: Here): Here {
  if (a === nothing) return b
  if (b === nothing) return a
  return {
    filters: [...a.filters, ...b.filters],
    protecting: [...a.protecting, ...b.protecting],
    closed: a.closed || b.closed,
  }
}

/** No name of an object has a space in it. */
function keyOf(at: AttachPoint): string {
  return at === 'all' ? at : Object.entries(at)[0]!.join(' ')
}

/** `default/web` of `default/web/http`; `httproute/default/items` of `httproute/default/items/0`. */
function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf('/'))
}

function closedRule(rule: Rule): Rule {
  return { ...rule, filters: [], action: closedAction }
}

function closedStream(stream: StreamRule): StreamRule {
  return { ...stream, backends: [{ weight: 1, cluster: null, closed: true }] }
}
