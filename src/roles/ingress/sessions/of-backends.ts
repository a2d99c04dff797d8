import { isDeepStrictEqual } from 'node:util'
import type { SessionPersistence } from '../../../model/kinds/route.ts'
import { targetName } from '../../../snapshot/cluster-name.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { Forward, Rule } from '../../../snapshot/rule.ts'
import type { Listener, Port, RouteEntry, VirtualHost } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { fieldOf } from '../doubts/rule-fields.ts'
import { sessionConfig } from './settings.ts'

/** What a BackendPolicy says of sessions, and where. */
export interface BackendSessions {
  readonly persistence: SessionPersistence
  readonly origin: Origin
}

/** Where the cookie is sent: to whatever path leads to the backend. */

/** A rule that keeps sessions, and what was made of it that is not in the rule itself. */
interface Made extends BackendSessions {
  readonly rule: Rule
}

// What the last translation made of what it found: where nothing differs it is the same object, and not looked into.
const rules = new WeakMap<Rule, Made>()
const entries = new WeakMap<RouteEntry, RouteEntry>()
const hosts = new WeakMap<VirtualHost, VirtualHost>()

/**
 * Has rules that say nothing of sessions keep them where policies of their backends say so; the same objects where none
 * does. With one backend the session is the backend's, so that all rules that send there share it; with several that say
 * the same, the rule's. Where they differ no session is kept, and that is told.
 */
export class SessionsOfBackends {
  private readonly byCluster: ReadonlyMap<string, BackendSessions>
  private readonly report: Report
  /** What is used several times is looked at, and told of, once. */
  private readonly rules = new Map<Rule, Rule>()
  private readonly listeners = new Map<Listener, Listener>()

  constructor(byCluster: ReadonlyMap<string, BackendSessions>, report: Report) {
    this.byCluster = byCluster
    this.report = report
  }

  on(ports: readonly Port[]): readonly Port[] {
    if (this.byCluster.size === 0) return ports
    return ports.map(port => {
      const listeners = port.listeners.map(one => memoized(this.listeners, one, () => this.onListener(one)))
      return sameItems(listeners, port.listeners) ? port : { ...port, listeners }
    })
  }

  private onListener(listener: Listener): Listener {
    const all = listener.hosts.map(host => this.onHost(host))
    return sameItems(all, listener.hosts) ? listener : { ...listener, hosts: all }
  }

  private onHost(host: VirtualHost): VirtualHost {
    const all = host.entries.map(entry => this.onEntry(entry))
    if (sameItems(all, host.entries)) return host
    const before = hosts.get(host)
    if (before !== undefined && sameItems(all, before.entries)) return before
    const made = { ...host, entries: all }
    hosts.set(host, made)
    return made
  }

  private onEntry(entry: RouteEntry): RouteEntry {
    const rule = memoized(this.rules, entry.rule, () => this.onRule(entry.rule))
    if (rule === entry.rule) return entry
    const before = entries.get(entry)
    if (before?.rule === rule) return before
    const made = { ...entry, rule }
    entries.set(entry, made)
    return made
  }

  private onRule(rule: Rule): Rule {
    const { action, id } = rule
    if (action.type !== 'forward' || action.sessions === true) return rule
    const clusters = [...new Set(action.backends.flatMap(({ cluster }) => cluster ?? []))]
    const found = clusters.map(name => this.byCluster.get(name))
    const [first] = found
    const isOne = found.every(one => isDeepStrictEqual(one?.persistence, first?.persistence))
    if (!isOne) this.doubt(rule)
    if (!isOne || first === undefined) return rule
    const before = rules.get(rule)
    if (before?.persistence === first.persistence && isDeepStrictEqual(before.origin, first.origin))
      return before.rule
    const made = keeping(rule, action, first, clusters.length === 1 ? targetName(clusters[0]!) : id)
    rules.set(rule, { ...first, rule: made })
    return made
  }

  private doubt(rule: Rule): void {
    const field = fieldOf(rule)
    if (field === undefined) return
    this.report.doubt(field.route, {
      severity: 'warning',
      reason: 'SessionsDiffer',
      path: field.path,
      message:
        'its backends have BackendPolicies that say different things of sessions, so that none are kept; expected the same sessionPersistence for all of them, or one of the rule itself',
    })
  }
}

function keeping(rule: Rule, action: Forward, { persistence, origin }: BackendSessions, scope: string): Rule {
  const session = sessionConfig(persistence, scope, origin)
  return { ...rule, filters: [...rule.filters, session], action: { ...action, sessions: true } }
}

function sameItems(list: readonly unknown[], other: readonly unknown[]): boolean {
  return list.length === other.length && list.every((item, i) => item === other[i])
}
