import type { ExplainedEntry } from '../../proxy/router/explain.ts'
import type { Cluster, Endpoint } from '../../snapshot/cluster.ts'
import type { Match, Rule } from '../../snapshot/rule.ts'
import type { SnapshotParts } from '../../snapshot/snapshot.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import { redactQuery } from '../../telemetry/redact.ts'
import { veiled } from '../../api/veil.ts'
import type { ClusterNow } from '../shapes/cluster.ts'
import type { Wants } from '../../translation/service.ts'
import { composedAnswer, type ComposedAnswer } from './composed.ts'
import { decisionJson, undecided, type Decision } from './decision.ts'
import { endpointsOf } from './explanation.ts'
import type { Explanation } from './explanation.ts'
import { matchText } from './text.ts'

/**
 * An explanation for programs: what `explanationText` says, with all routes
 * that did not match. The whole tables of the snapshot are left out, and so is
 * what is secret.
 */
export function explanationJson(
  explanation: Explanation,
  {
    parts,
    types,
    decision = undecided(explanation, types),
    now,
    wants = {},
  }: {
    readonly parts: SnapshotParts
    readonly types: RuleTypes
    readonly decision?: Decision
    readonly now?: ReadonlyMap<string, ClusterNow>
    readonly wants?: Wants
  },
  mostOthers = Infinity,
) {
  const { outcome } = explanation
  if (outcome === 'no-port') return { outcome, reason: explanation.reason }
  const port = explanation.port.key
  if (outcome === 'refused') return { outcome, port, reason: explanation.reason }
  const limits = explanation.port.client
  if (outcome === 'rejected') {
    const { status, rule, reason } = explanation
    return { outcome, port, limits, status, rule, reason }
  }
  const { head, route, stream } = explanation
  return {
    outcome,
    stream,
    port,
    limits,
    request: { method: head.method, host: head.hostname, path: head.path, query: redactQuery(head.query) },
    listeners: route.listeners.map(({ listener: { name, tls, tracing }, taken, reason }) => ({
      name,
      taken,
      reason,
      ...(tls?.mode === 'terminate' ? { certificates: tls.certificates, wanted: tls.wanted ?? [] } : {}),
      ...(tracing && { tracing }),
    })),
    filters: decision.filters.map(({ filter, excepted, inspection }) => {
      const { phase, describe } = types.filters.find(filter.type)
      const facts = inspection?.facts ?? []
      return { phase, excepted, facts, summary: describe(filter), ...veiled(filter) }
    }),
    decision: decisionJson(decision),
    route:
      route.hit === null
        ? null
        : routeJson(route.hit, parts, now, cluster =>
            stream === null ? composedAnswer(wants, cluster, head) : null,
          ),
    others: route.entries
      .filter(entry => entry !== route.hit)
      .slice(0, mostOthers)
      .map(({ hostname, entry, outcome: became, reason }) => ({
        route: entry.rule.id,
        hostname,
        match: shownMatch(entry.match),
        outcome: became,
        reason,
      })),
  }
}

type Now = ReadonlyMap<string, ClusterNow> | undefined

function routeJson(
  { hostname, entry }: ExplainedEntry,
  parts: SnapshotParts,
  now: Now,
  composed: (cluster: string) => ComposedAnswer | null,
) {
  const { rule, match } = entry
  const { id, origin, action } = rule
  return {
    id,
    origin,
    hostname,
    match: shownMatch(match),
    action: veiled(action),
    clusters: clustersOf(rule, parts, now, composed),
  }
}

/** Of 10,000 most have nothing that could be secret. */
function shownMatch(match: Match): Match & { readonly summary: string } {
  const shown = match.headers.length + match.query.length === 0 ? match : veiled(match)
  return { ...shown, summary: matchText(match) }
}

interface ClusterJson {
  readonly settings: Cluster | null
  readonly endpoints: readonly Endpoint[]
  /** Of a gateway that runs: how it is, and its endpoints. */
  readonly now?: ClusterNow
  /** Of a composition: what it would do with the request. */
  readonly composed?: ComposedAnswer
}

function clustersOf(
  rule: Rule,
  parts: SnapshotParts,
  now: Now,
  composed: (cluster: string) => ComposedAnswer | null,
): Readonly<Record<string, ClusterJson>> {
  return Object.fromEntries(
    clusterNames(rule).map(name => {
      const known = now?.get(name)
      const answer = composed(name)
      return [
        name,
        {
          settings: parts.clusters.find(cluster => cluster.name === name) ?? null,
          endpoints: endpointsOf(parts, name),
          ...(known !== undefined && { now: known }),
          ...(answer !== null && { composed: answer }),
        },
      ]
    }),
  )
}

/** Where it sends requests, and copies of them. */
export function clusterNames({ action }: Rule): readonly string[] {
  if (action.type !== 'forward') return []
  return [...action.backends, ...action.mirrors].flatMap(({ cluster }) => cluster ?? [])
}
