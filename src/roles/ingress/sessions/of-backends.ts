import { isDeepStrictEqual } from 'node:util'
import type { SessionPersistence } from '../../../model/kinds/route.ts'
import { targetName } from '../../../snapshot/cluster-name.ts'
import { memoized } from '../../../snapshot/memo.ts'
import type { Listener, Origin, Port, Rule, VirtualHost } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { fieldOf } from '../doubts/rule-fields.ts'
import { sessionConfig } from './settings.ts'

/** What a BackendPolicy says of sessions, and where. */
export interface BackendSessions {
  readonly persistence: SessionPersistence
  readonly origin: Origin
}

/** Where the cookie is sent: to whatever path leads to the backend. */
const everywhere = [{ type: 'prefix', value: '/' }] as const

/**
 * Has rules that say nothing of sessions keep them where policies of their backends say so; the same ports where none
 * does. With one backend the session is the backend's, so that all rules that send there share it; with several that say
 * the same, the rule's. Where they differ no session is kept, and that is told.
 */
export class SessionsOfBackends {
  private readonly byCluster: ReadonlyMap<string, BackendSessions>
  private readonly report: Report
  /** One object wherever it is used. */
  private readonly rules = new Map<Rule, Rule>()
  private readonly listeners = new Map<Listener, Listener>()

  constructor(byCluster: ReadonlyMap<string, BackendSessions>, report: Report) {
    this.byCluster = byCluster
    this.report = report
  }

  on(ports: readonly Port[]): readonly Port[] {
    if (this.byCluster.size === 0) return ports
    return ports.map(port => ({
      ...port,
      listeners: port.listeners.map(one =>
        memoized(this.listeners, one, () => ({ ...one, hosts: one.hosts.map(host => this.onHost(host)) })),
      ),
    }))
  }

  private onHost(host: VirtualHost): VirtualHost {
    const entries = host.entries.map(entry => {
      const rule = memoized(this.rules, entry.rule, () => this.onRule(entry.rule))
      return rule === entry.rule ? entry : { ...entry, rule }
    })
    return entries.every((entry, i) => entry === host.entries[i]) ? host : { ...host, entries }
  }

  private onRule(rule: Rule): Rule {
    const { action, filters, id } = rule
    if (action.type !== 'forward' || action.sessions === true) return rule
    const clusters = [...new Set(action.backends.flatMap(({ cluster }) => cluster ?? []))]
    const found = clusters.map(name => this.byCluster.get(name))
    const [first] = found
    const isOne = found.every(one => isDeepStrictEqual(one?.persistence, first?.persistence))
    if (!isOne) this.doubt(rule)
    if (!isOne || first === undefined) return rule
    const scope = clusters.length === 1 ? targetName(clusters[0]!) : id
    const session = sessionConfig(first.persistence, scope, everywhere, first.origin)
    return { ...rule, filters: [...filters, session], action: { ...action, sessions: true } }
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
