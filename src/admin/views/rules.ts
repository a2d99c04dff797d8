import type { InForce } from '../../control/controller.ts'
import { failures, isFailureName } from '../../http/failures.ts'
import type { Kinds } from '../../model/kinds.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import { declaredBy } from '../../snapshot/declared.ts'
import type { Action, Forward, Match } from '../../snapshot/rule.ts'
import { policyNames, type PolicyNames } from '../explain/policy-names.ts'
import { answerText, matchText, retryText } from '../explain/text.ts'
import type * as shapes from '../shapes/rule.ts'
import { veiled } from '../../api/veil.ts'
import { conditionView } from '../../api/condition-view.ts'
import { conditionsOf } from './conditions.ts'
import { filterViews } from './filters.ts'
import { countedPage, textFilter } from './page.ts'
import { clustersOf, type PlacedRule, type RuleIndex } from './rule-index.ts'

/** What rules are told from. */
export interface RuleSource extends Pick<InForce, 'status' | 'resources'> {
  readonly types: RuleTypes
  readonly kinds: Kinds
  readonly index: RuleIndex
}

export function rulePage(source: RuleSource, query: shapes.RuleQuery): shapes.Rules {
  const { index } = source
  const page = countedPage(named(index, query.id), ({ id }) => id, query, filterOf(query))
  const view = new RuleViews(source)
  return { ...page, items: page.items.map(rule => view.of(rule)) }
}

export function ruleView(source: RuleSource, id: string): shapes.Rule | null {
  const rule = source.index.byId.get(id)
  return rule === undefined ? null : new RuleViews(source).of(rule)
}

function named({ rules, byId }: RuleIndex, id: shapes.RuleQuery['id']): readonly PlacedRule[] {
  if (id === undefined) return rules
  const ids = new Set(typeof id === 'string' ? [id] : id)
  return [...ids].toSorted().flatMap(one => byId.get(one) ?? [])
}

/** Null: all of them. */
function filterOf({
  q,
  gateway,
  listener,
  route,
  cluster,
  closed,
}: shapes.RuleQuery): ((rule: PlacedRule) => boolean) | null {
  if ([q, gateway, listener, route, cluster, closed].every(one => one === undefined)) return null
  const text = q === undefined ? null : textFilter(q)
  return ({ id, rule, listeners, closedOn, hostnames, matches }) =>
    (gateway === undefined || listeners.some(name => name.startsWith(`${gateway}/`))) &&
    (listener === undefined || listeners.includes(listener)) &&
    (route === undefined || rule.origin.resource === route) &&
    (closed === undefined || closedOn.length > 0 === closed) &&
    (cluster === undefined || clustersOf(rule).includes(cluster)) &&
    (text === null ||
      text(id) ||
      text(rule.origin.resource) ||
      hostnames.some(text) ||
      matches.some(({ path }) => text(path.value)) ||
      clustersOf(rule).some(text))
}

class RuleViews {
  private readonly source: RuleSource
  private readonly policies: PolicyNames

  constructor(source: RuleSource) {
    this.source = source
    this.policies = policyNames(source.status.conditions, source.resources, source.kinds)
  }

  of({ id, rule, stream, listeners, closedOn, hostnames, matches }: PlacedRule): shapes.Rule {
    const { types, status } = this.source
    return {
      id,
      origin: rule.origin,
      stream,
      listeners,
      hostnames,
      matches: stream ? [] : matches.map(matchView),
      filters: filterViews(rule.filters, types),
      action: actionView(rule.action, types),
      closed: closedOn.length === listeners.length,
      closedOn,
      closedBy: [...new Set(closedOn.flatMap(listener => this.policies.closing(rule, listener)))],
      conditions: conditionsOf(status.conditions, declaredBy(rule.origin).about).map(conditionView),
    }
  }
}

function matchView(match: Match): shapes.Match {
  const { path, method, headers, query } = veiled(match)
  return { path, method, headers, query, summary: matchText(match) }
}

function actionView(action: Action, types: RuleTypes): shapes.Action {
  switch (action.type) {
    case 'forward':
      return forwardView(action, types)
    case 'redirect':
      return { type: 'redirect', summary: answerText(action, types), status: action.status }
    case 'respond': {
      const { failure } = action
      const status = isFailureName(failure) ? failures[failure].status : 500
      return { type: 'respond', summary: answerText(action, types), status, failure }
    }
    case 'handle':
      return { type: 'handle', summary: answerText(action, types), handler: action.handler }
  }
}

/** Also where the route says that there is none. */
const limitOrNull = (ms: number): number | null => (ms > 0 && ms < Infinity ? ms : null)

function forwardView(action: Forward, types: RuleTypes): shapes.Forward {
  const { backends, mirrors, requestTimeoutMs, backendTimeoutMs, retry, grpc = false } = action
  const total = backends.reduce((sum, { weight }) => sum + weight, 0)
  return {
    type: 'forward',
    summary: forwardText(action, total),
    backends: backends.map(({ cluster, weight, closed = false, filters }) => ({
      cluster,
      weight,
      share: weight / total,
      closed,
      filters: filterViews(filters, types),
    })),
    mirrors,
    requestTimeoutMs: limitOrNull(requestTimeoutMs),
    backendTimeoutMs: limitOrNull(backendTimeoutMs),
    retry,
    grpc,
  }
}

function forwardText({ backends, mirrors, retry }: Forward, total: number): string {
  const shares = backends.map(({ cluster, weight }) => {
    const share = backends.length === 1 ? '' : ` ${Math.round((weight / total) * 100)} %`
    return `${cluster ?? 'nowhere'}${share}`
  })
  const copies = mirrors.map(({ cluster }) => `copies to ${cluster}`)
  const again = retry === null ? [] : [`repeated ${retryText(retry)}`]
  return [shares.length === 0 ? 'nowhere' : shares.join(', '), ...copies, ...again].join('; ')
}
