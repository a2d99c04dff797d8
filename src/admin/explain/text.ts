import { balancingTexts } from './balancing.ts'
import type { RequestHead } from '../../http/head.ts'
import type { Wants } from '../../translation/service.ts'
import { composedAnswer, composedLines, threadsText } from './composed.ts'
import { authorityText } from '../../http/authority-text.ts'
import { describeRewrite } from '../../filters/path-rewrite.ts'
import { failures, isFailureName } from '../../http/failures.ts'
import type { ExplainedEntry, RouteExplanation } from '../../proxy/router/explain.ts'
import type { Origin } from '../../snapshot/origin.ts'
import type {
  Action,
  FilterConfig,
  Forward,
  Match,
  Respond,
  Retry,
  ValueMatch,
  WeightedBackend,
} from '../../snapshot/rule.ts'
import type { Port, SnapshotParts } from '../../snapshot/snapshot.ts'
import { certificatesText } from './certificates.ts'
import { spansText } from './spans.ts'
import { clientLimits, clientRules, clusterLimits, sessionLimits, streamLimits } from './limits.ts'
import type { RuleTypes } from '../../proxy/compile.ts'
import type { Fact, Json } from '../../filters/filter.ts'
import { decisionText, undecided, type Decision } from './decision.ts'
import { endpointsOf } from './explanation.ts'
import type { Explanation } from './explanation.ts'
import { isSecretParameter, REDACTED, redactQuery } from '../../telemetry/redact.ts'
import { plain } from '../../telemetry/plain.ts'
import { painter, type Paint } from '../../telemetry/colour.ts'
import type { ClusterNow } from '../shapes/cluster.ts'
import { nowLines } from '../views/now-text.ts'
import { noPolicies, type PolicyNames } from './policy-names.ts'

type Routed = Extract<Explanation, { readonly head: unknown }>

/** Where the text of a row begins. */
const COLUMN = 10

/** Others beyond these are only counted: a table of 10,000 routes is no answer. */
const shownOthers = 20

/** What an explanation is told from. */
interface Known {
  readonly parts: SnapshotParts
  readonly types: RuleTypes
  /** None where absent. */
  readonly policies?: PolicyNames
  /** Where absent, no filter is asked. */
  readonly decision?: Decision
  /** How clusters are now, by name; of a gateway that does not run nobody knows. */
  readonly now?: ReadonlyMap<string, ClusterNow>
  /** What is known of compositions; where absent, nothing. */
  readonly wants?: Wants
}

const nobodyKnows: ReadonlyMap<string, ClusterNow> = new Map()

/** An explanation for a person, line by line. */
export function explanationText(
  explanation: Explanation,
  known: Known,
  paint: Paint = painter(false),
): string {
  const defaults = {
    policies: noPolicies,
    decision: undecided(explanation, known.types),
    now: nobodyKnows,
    wants: {},
  }
  const all = { ...defaults, ...known }
  const painted = lines(explanation, all).map(line => paintLine(line, paint))
  return `${painted.join('\n')}\n`
}

const BAD = new Set(['refused', 'rejected'])
const ASIDE = new Set(['limits', 'not'])

/** What the request meets stands out, what it does not meet steps back. */
function paintLine(line: string, paint: Paint): string {
  const label = line.slice(0, COLUMN)
  const what = label.trimEnd()
  if (BAD.has(what)) return paint('error', line)
  if (ASIDE.has(what)) return paint('dim', line)
  return paint('note', label) + line.slice(COLUMN)
}

function lines(explanation: Explanation, known: Required<Known>): readonly string[] {
  if (explanation.outcome === 'no-port') return [row('refused', explanation.reason)]
  const port = row('port', explanation.port.key)
  if (explanation.outcome === 'refused') return [port, row('refused', explanation.reason)]
  const { policies, types, decision } = known
  const policy = policies.ofPort(explanation.port)
  const limits = [
    row('limits', clientLimits(explanation.port) + policy),
    ...(isOfStreams(explanation.port) ? [] : [row('takes', clientRules(explanation.port) + policy)]),
  ]
  if (explanation.outcome === 'rejected')
    return [
      port,
      ...limits,
      row('rejected', `${explanation.status}, rule ${explanation.rule}: ${explanation.reason}`),
    ]
  const { route } = explanation
  return [
    askedLine(explanation),
    port,
    ...limits,
    ...route.listeners.flatMap(({ listener, taken, reason }) => [
      row(taken ? 'listener' : 'not', `${listener.name}: ${reason}`),
      ...(taken && listener.tls?.mode === 'terminate' ? [row('shows', certificatesText(listener.tls))] : []),
      ...(taken && listener.tracing !== undefined ? [row('spans', spansText(listener.tracing))] : []),
    ]),
    ...(route.hit === null
      ? [row('route', `none matches: ${explanation.stream === null ? '404' : 'the connection is closed'}`)]
      : routeLines(route.hit, explanation)),
    ...decision.filters.flatMap(one => [
      filterLine(one.filter, one.excepted, types),
      ...(one.inspection?.facts ?? []).map(fact => row('', factText(fact))),
    ]),
    ...decisionLines(decision),
    ...(route.hit === null ? [] : actionLines(route.hit, known, explanation)),
    ...closingLines(route, policies),
    ...otherLines(route.entries.filter(entry => entry !== route.hit)),
  ]
}

function askedLine({ head, stream }: Routed): string {
  const host = head.hostname || '(none)'
  if (stream === null)
    return row('request', `${head.method} ${head.path}${redactQuery(head.query)}, host ${host}`)
  if (stream === 'tcp') return row('stream', 'TCP, its bytes passed on')
  if (stream === 'udp') return row('stream', 'UDP, those of a client to one endpoint')
  const bytes = stream === 'passthrough' ? 'passed on as it is' : 'ended here, its bytes passed on'
  return row('stream', `TLS for ${host}, ${bytes}`)
}

function routeLines({ entry, hostname }: ExplainedEntry, { stream }: Routed): readonly string[] {
  const { rule, match } = entry
  const route = row('route', `${rule.id}, ${from(rule.origin)}`)
  if (stream === 'tcp' || stream === 'udp') return [route]
  return [route, row('match', `${hostname === '' ? '' : `host ${hostname}, `}${matchText(match)}`)]
}

/** What has closed the rule that takes the request: the answer alone does not say. */
function closingLines({ hit, listeners }: RouteExplanation, policies: PolicyNames): readonly string[] {
  const { rule } = hit?.entry ?? {}
  if (rule?.action.type !== 'respond' || rule.action.failure !== 'protection_missing') return []
  const listener = listeners.find(({ taken }) => taken)?.listener.name ?? ''
  return policies.closing(rule, listener).map(text => row('closed', text))
}

function actionLines(
  { entry }: ExplainedEntry,
  known: Required<Known>,
  { stream, head }: Routed,
): readonly string[] {
  const { action } = entry.rule
  if (action.type !== 'forward') return [row('answer', answerText(action, known.types))]
  const total = action.backends.reduce((sum, { weight }) => sum + weight, 0)
  const limitsOf = stream === null ? clusterLimits : stream === 'udp' ? sessionLimits : streamLimits
  return [
    ...action.backends.flatMap(backend =>
      backendLines(backend, total, known, stream === null ? head : null, limitsOf),
    ),
    ...action.mirrors.map(({ cluster, numerator, denominator }) =>
      row('mirror', `${cluster}, ${numerator} of ${denominator} requests`),
    ),
    ...forwardLines(action),
  ]
}

function backendLines(
  backend: WeightedBackend,
  total: number,
  { parts, types, policies, now, wants }: Required<Known>,
  head: RequestHead | null,
  limitsOf: typeof clusterLimits,
): readonly string[] {
  const answered = (status: number): string =>
    head === null ? 'the connection is closed' : `answered ${status}`
  const share = `weight ${backend.weight} of ${total}`
  if (backend.cluster === null)
    return [
      row(
        'cluster',
        `none, ${share}: ${backend.closed ? closedText : 'the reference is invalid'}, ${answered(500)}`,
      ),
    ]
  const endpoints = endpointsOf(parts, backend.cluster).map(endpoint => {
    const weight = endpoint.weight === 1 ? '' : ` (weight ${endpoint.weight})`
    const readiness = endpoint.readiness === undefined ? '' : ` (${endpoint.readiness})`
    const priority = endpoint.priority === undefined ? '' : ` (priority ${endpoint.priority})`
    return authorityText(endpoint.address, endpoint.port) + weight + priority + readiness
  })
  const composed = head && composedAnswer(wants, backend.cluster, head)
  const none =
    composed === null
      ? `no endpoint, ${answered(503)}`
      : composed.isKnown
        ? `${threadsText(composed.threads)}, once it runs`
        : 'no thread'
  const where = endpoints.length === 0 ? none : endpoints.join(', ')
  const cluster = parts.clusters.find(({ name }) => name === backend.cluster)
  const known = now.get(backend.cluster)
  return [
    row('cluster', `${backend.cluster}, ${share}: ${where}`),
    ...(composed === null ? [] : composedLines(composed).map(([what, text]) => row(what, text))),
    ...(known === undefined ? [] : nowLines(known).map(line => row('now', line))),
    ...(cluster === undefined
      ? []
      : [
          ...balancingTexts(cluster).map(text => row('balance', text)),
          row('limits', limitsOf(cluster) + policies.ofCluster(cluster.name)),
        ]),
    ...types.filters.inOrder(backend.filters).map(filter => filterLine(filter, false, types)),
  ]
}

const closedText = 'a policy or a filter that may protect the backend is not in force (protection_missing)'

function forwardLines({ requestTimeoutMs, backendTimeoutMs, retry, grpc }: Forward): readonly string[] {
  const timeouts = [
    timeoutText('request', requestTimeoutMs),
    timeoutText('each attempt', backendTimeoutMs),
  ].filter(text => text !== '')
  return [
    ...(grpc === undefined ? [] : [row('grpc', "the client's deadline is kept, gRPC-Web becomes gRPC")]),
    ...(timeouts.length === 0 ? [] : [row('timeout', timeouts.join(', '))]),
    ...(retry === null ? [] : [row('retry', retryText(retry))]),
  ]
}

function timeoutText(what: string, ms: number): string {
  if (ms === 0) return ''
  return ms === Infinity ? `${what}: no limit` : `${what} ${ms} ms`
}

export function retryText({ attempts, codes, backoffMs }: Retry): string {
  if (attempts === 0) return 'none, not even where no connection could be made'
  const when = codes.length === 0 ? '' : `, on ${codes.join(', ')}`
  return `${attempts} more${when}, after ${backoffMs} ms`
}

export function answerText(action: Exclude<Action, Forward>, types: RuleTypes): string {
  if (action.type === 'respond') return respondText(action)
  if (action.type === 'handle') return types.actions.find(action.handler).describe(action)
  const changes = [
    action.scheme === null ? '' : `scheme ${action.scheme}`,
    action.hostname === null ? '' : `host ${action.hostname}`,
    action.port === null ? '' : `port ${action.port}`,
    action.path === null ? '' : describeRewrite(action.path),
  ].filter(text => text !== '')
  return `redirect ${action.status}${changes.length === 0 ? '' : `: ${changes.join(', ')}`}`
}

function respondText({ failure }: Respond): string {
  if (!isFailureName(failure)) return `by the gateway: ${failure}`
  const { status, title } = failures[failure]
  return `by the gateway: ${status} ${failure}, ${title.toLowerCase()}`
}

function decisionLines(decision: Decision): readonly string[] {
  const text = decisionText(decision)
  return text === null ? [] : [row('decision', plain(text))]
}

function factText({ name, value }: Fact): string {
  return `  ${plain(`${name}: ${valueText(value) || 'none'}`)}`
}

function valueText(value: Json): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) return value.map(valueText).join('; ')
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .map(([name, one]) => `${name} ${valueText(one as Json)}`)
    .join(', ')
}

/** By phase and role, and who put it there. */
function filterLine(filter: FilterConfig, excepted: boolean, types: RuleTypes): string {
  const type = types.filters.find(filter.type)
  const what = `${excepted ? 'not for this request (spec.except): ' : ''}${type.describe(filter)}`
  return row('filter', `${type.phase}, ${filter.origin.role}: ${what}, ${from(filter.origin)}`)
}

export function matchText({ path, method, headers, query }: Match): string {
  const value = path.type === 'prefix' && path.value === '' ? '/' : path.value
  return [
    `path ${path.type} ${value}`,
    method === '' ? '' : `method ${method}`,
    ...headers.map(header => `header ${matchedValueText(header)}`),
    ...query.map(parameter => `query ${matchedValueText(parameter)}`),
  ]
    .filter(text => text !== '')
    .join(', ')
}

function matchedValueText({ name, type, value }: ValueMatch): string {
  const shown = isSecretParameter(name) ? REDACTED : value
  return type === 'exact' ? `${name}=${shown}` : `${name} matching ${shown}`
}

/** What matches but comes later says more than what does not match at all, so it is listed first. */
function otherLines(others: readonly ExplainedEntry[]): readonly string[] {
  const sorted = [
    ...others.filter(({ outcome }) => outcome === 'shadowed'),
    ...others.filter(({ outcome }) => outcome !== 'shadowed'),
  ]
  const rest = sorted.length - shownOthers
  return [
    ...sorted.slice(0, shownOthers).map(({ entry, reason }) => row('not', `${entry.rule.id}: ${reason}`)),
    ...(rest > 0 ? [row('not', `${rest} more; -o json has all of them`)] : []),
  ]
}

function from({ resource, path, file, line, column }: Origin): string {
  return `${resource} ${path} (${file}:${line}:${column})`
}

function row(what: string, text: string): string {
  return `${what.padEnd(COLUMN)}${text}`
}

function isOfStreams({ protocol }: Port): boolean {
  return protocol === 'tcp' || protocol === 'udp'
}
