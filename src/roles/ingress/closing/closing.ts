import { keyOf } from '../../../model/resources.ts'
import type { Resource } from '../../../model/resource.ts'
import { closedAction } from '../../../snapshot/placed.ts'
import type { Rule, StreamRule } from '../../../snapshot/snapshot.ts'
import type { GatewayState } from '../gateway/gateway.ts'
import type { Ranked } from '../routes/precedence.ts'
import type { RouteState } from '../routes/route.ts'
import type { Target } from '../../../translation/targets.ts'

/**
 * What is not to be served because something that may protect it is not in force: Gateways, listeners, routes, rules,
 * and backends or their ports. Rules in them answer `protection_missing`, connections of a TLSRoute are closed. Any
 * role closes what a protecting object of its own targets while that has no version in force.
 */
export class Closing {
  private readonly scopes = new Set<string>()
  private readonly rules = new Map<Rule, Rule>()

  /** An object as a whole, or the part of it that a `sectionName` names. */
  close(object: Resource, section?: string): void {
    this.scopes.add(scopeOf(object, section))
  }

  /** The route with its closed rules; `targets` are what its clusters stand for. */
  route(state: RouteState, targets: ReadonlyMap<string, Target>): RouteState {
    if (this.scopes.size === 0) return state
    const { route, entries, stream } = state
    const rules = route.body.spec.rules ?? []
    const isClosed = (i: number): boolean => this.has(route, rules[i]?.name)
    return {
      ...state,
      entries: entries.map(ranked => {
        if (isClosed(ranked.place.rule)) return this.closedEntry(ranked)
        return withRule(ranked, this.rule(ranked.entry.rule, targets))
      }),
      stream: stream === null ? null : isClosed(0) ? closedStream(stream) : this.stream(stream, targets),
    }
  }

  /** Closes the listeners of a Gateway, once its routes are attached. */
  listeners({ gateway, listeners }: GatewayState): void {
    if (this.scopes.size === 0) return
    for (const { spec, hosts, streams } of listeners) {
      if (!this.has(gateway, spec.name)) continue
      for (const [hostname, shares] of hosts)
        hosts.set(
          hostname,
          shares.map(share => ({ ...share, entries: share.entries.map(ranked => this.closedEntry(ranked)) })),
        )
      for (const [hostname, share] of streams)
        streams.set(hostname, { ...share, rule: closedStream(share.rule) })
    }
  }

  private has(object: Resource, ...sections: readonly (string | undefined)[]): boolean {
    const { scopes } = this
    return (
      scopes.has(scopeOf(object)) ||
      sections.some(name => name !== undefined && scopes.has(scopeOf(object, name)))
    )
  }

  private closedEntry(ranked: Ranked): Ranked {
    return withRule(ranked, this.closed(ranked.entry.rule))
  }

  /** One object wherever it is used, as the rule was. */
  private closed(rule: Rule): Rule {
    return this.once(rule, () => ({ ...rule, filters: [], action: closedAction }))
  }

  private once(rule: Rule, make: () => Rule): Rule {
    let made = this.rules.get(rule)
    if (made === undefined) this.rules.set(rule, (made = make()))
    return made
  }

  /** The rule without those of its backends that are closed. */
  private rule(rule: Rule, targets: ReadonlyMap<string, Target>): Rule {
    const { action } = rule
    if (action.type !== 'forward') return rule
    const backends = this.backends(action.backends, targets)
    const mirrors = action.mirrors.filter(({ cluster }) => !this.isClosed(cluster, targets))
    if (backends === action.backends && mirrors.length === action.mirrors.length) return rule
    if (backends.some(({ closed }) => closed) && backends.every(({ cluster }) => cluster === null))
      return this.closed(rule)
    return this.once(rule, () => ({ ...rule, action: { ...action, backends, mirrors } }))
  }

  private stream(rule: StreamRule, targets: ReadonlyMap<string, Target>): StreamRule {
    const backends = this.backends(rule.backends, targets)
    return backends === rule.backends ? rule : { ...rule, backends }
  }

  private backends<B extends StreamRule['backends'][number]>(
    backends: readonly B[],
    targets: ReadonlyMap<string, Target>,
  ): readonly B[] {
    if (!backends.some(({ cluster }) => this.isClosed(cluster, targets))) return backends
    return backends.map(backend =>
      this.isClosed(backend.cluster, targets)
        ? { ...backend, cluster: null, closed: true as const }
        : backend,
    )
  }

  private isClosed(cluster: string | null, targets: ReadonlyMap<string, Target>): boolean {
    const target = cluster === null ? undefined : targets.get(cluster)
    if (target === undefined) return false
    const ports = target.kind === 'Service' ? [target.port.name, String(target.port.port)] : []
    return this.has(target.object, ...ports)
  }
}

function scopeOf(object: Resource, section?: string): string {
  return section === undefined ? keyOf(object) : `${keyOf(object)} ${section}`
}

function withRule(ranked: Ranked, rule: Rule): Ranked {
  const { entry } = ranked
  return rule === entry.rule ? ranked : { ...ranked, entry: { ...entry, rule } }
}

function closedStream(stream: StreamRule): StreamRule {
  return { ...stream, backends: [{ weight: 1, cluster: null, closed: true }] }
}
