import { ruleTypes } from '../../src/cli/rule-types.ts'
import { FilterTable } from '../../src/filters/compile.ts'
import { cors } from '../../src/filters/cors.ts'
import type { Filter, FilterType } from '../../src/filters/filter.ts'
import { requestHeaders, responseHeaders } from '../../src/filters/header-modifier.ts'
import type { Kit } from '../../src/filters/kit.ts'
import type { Phase } from '../../src/filters/phases.ts'
import { urlRewrite } from '../../src/filters/url-rewrite.ts'
import { ActionTable, type ActionType } from '../../src/proxy/action.ts'
import type { Action, FilterConfig, Rule } from '../../src/snapshot/rule.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { origin } from './exchange.ts'
import { startGateway, type GatewayOptions, type TestGateway } from './gateway.ts'

/** A filter of a test alone. */
export interface Plug {
  readonly phase?: Phase
  /** Where it stands; on every rule where absent. */
  readonly at?: 'rule' | 'listener' | 'backend'
  readonly compile: (kit: Kit) => Filter
}

export interface Plugs extends Omit<GatewayOptions, 'types' | 'edit'> {
  /** In the order of lists. */
  readonly filters?: readonly Plug[]
  readonly actions?: readonly ActionType[]
  /** In the place of the action of every rule. */
  readonly action?: (before: Action) => Action
}

/** A gateway of this YAML with filters and actions that only the test knows: they come by the table. */
export function startPlugged(
  yaml: string,
  { filters = [], actions = [], action = same, ...more }: Plugs,
): Promise<TestGateway> {
  const types = filters.map(({ phase = 'headers', compile }, i): FilterType => ({
    type: `plug-${i}`,
    role: 'ingress',
    phase,
    describe: () => `plug ${i}`,
    compile: (_config, kit) => compile(kit),
  }))
  const at = (place: Plug['at']): FilterConfig[] =>
    filters.flatMap((plug, i) => ((plug.at ?? 'rule') === place ? [{ type: `plug-${i}`, origin }] : []))
  const standard = [cors, requestHeaders, responseHeaders, urlRewrite]
  return startGateway(yaml, {
    ...more,
    types: {
      ...ruleTypes,
      filters: new FilterTable([...standard, ...types]),
      actions: new ActionTable(actions),
    },
    edit: snapshot => edited(snapshot, at, action),
  })
}

const same = (action: Action): Action => action

function edited(
  snapshot: Snapshot,
  at: (place: Plug['at']) => FilterConfig[],
  action: (before: Action) => Action,
): Snapshot {
  const rules = new Map<Rule, Rule>()
  const changed = (rule: Rule): Rule => {
    const known = rules.get(rule) ?? {
      ...rule,
      filters: [...rule.filters, ...at('rule')],
      action: action(withBackendFilters(rule.action, at('backend'))),
    }
    rules.set(rule, known)
    return known
  }
  return {
    ...snapshot,
    ports: snapshot.ports.map(port => ({
      ...port,
      listeners: port.listeners.map(listener => ({
        ...listener,
        filters: at('listener'),
        hosts: listener.hosts.map(host => ({
          ...host,
          entries: host.entries.map(entry => ({ ...entry, rule: changed(entry.rule) })),
        })),
      })),
    })),
  }
}

function withBackendFilters(action: Action, filters: readonly FilterConfig[]): Action {
  if (action.type !== 'forward') return action
  return {
    ...action,
    backends: action.backends.map(one => ({ ...one, filters: [...one.filters, ...filters] })),
  }
}
