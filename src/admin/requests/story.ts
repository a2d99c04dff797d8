import type { FilterTable } from '../../filters/compile.ts'
import type { FilterConfig, Listener, Origin, Rule, Snapshot, StreamRule } from '../../snapshot/snapshot.ts'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { Deeds, FilterAt } from '../../telemetry/recent/story.ts'
import type { RequestStory, StoryAttempt, StoryFilter, StoryStep, StoryTimings } from '../shapes/requests.ts'
import { failureText, layerOf } from './layers.ts'
import { requestLine, rounded } from './line.ts'

/** What a story is told from beside its record. */
export interface StoryKnown {
  /** In force now; null before the first. */
  readonly snapshot: Snapshot | null
  readonly filters: FilterTable
}

/** Tells which layer decided what, what filters and attempts did, and where the time went. */
export function storyOf(record: RecentRecord, others: number, known: StoryKnown): RequestStory {
  const { snapshot } = known
  const listener = snapshot === null ? null : listenerNamed(snapshot, record.listener)
  const rule = listener === null ? null : ruleOf(listener, record.route)
  const filters = filtersOf(record, listener, rule, known.filters)
  return {
    ...requestLine(record),
    others,
    snapshot: { version: record.snapshot, inForce: snapshot?.version === record.snapshot },
    phases: stepsOf(record, listener, rule, filters),
    filters,
    attempts: attemptsOf(record),
    attemptCount: record.attempts,
    notes: record.story.notes.map(([name, value]) => ({
      name,
      value: typeof value === 'number' ? value : String(value),
    })),
    timings: timingsOf(record),
    leftOut: record.story.leftOut,
  }
}

function listenerNamed({ ports }: Snapshot, name: string): Listener | null {
  if (name === '') return null
  for (const { listeners } of ports) {
    const found = listeners.find(listener => listener.name === name)
    if (found !== undefined) return found
  }
  return null
}

function ruleOf({ hosts, streams = [] }: Listener, id: string): Rule | StreamRule | null {
  if (id === '') return null
  for (const { entries } of hosts) for (const { rule } of entries) if (rule.id === id) return rule
  return streams.find(({ rule }) => rule.id === id)?.rule ?? null
}

const placeOf = ({ resource: object, file, line }: Origin): StoryStep['at'] => ({ object, file, line })

// Filters.

function filtersOf(
  { story, failure }: RecentRecord,
  listener: Listener | null,
  rule: Rule | StreamRule | null,
  table: FilterTable,
): StoryFilter[] {
  const met = [...(listener?.filters ?? []), ...(rule !== null && 'filters' in rule ? rule.filters : [])]
  const inOrder = table.inOrder(met.filter(({ type }) => isKnown(table, type)))
  const deeds = [...story.deeds]
  const told: StoryFilter[] = []
  let over = false
  for (const config of inOrder) {
    const own = deeds.filter(({ filter }) => isOf(filter, config))
    for (const deed of own) deeds.splice(deeds.indexOf(deed), 1)
    const seen = own.map(deed => filterOf(deed, table, config))
    told.push(...(seen.length > 0 ? seen : [silent(config, table, over ? 'not-met' : 'passed')]))
    // Who comes behind one that has answered is not asked.
    over ||= own.some(({ did, side }) => side === 'request' && (did === 'answered' || did === 'failed'))
  }
  // What never came so far has met none of them.
  const early = told.every(({ did }) => did === 'passed') && isBefore(failure)
  const rest = deeds.map(deed => filterOf(deed, table, null))
  return [...(early ? told.map(one => ({ ...one, did: 'not-met' as const })) : told), ...rest]
}

/** Refused before any filter was asked. */
function isBefore(failure: string): boolean {
  return ['request', 'port', 'listener'].includes(layerOf(failure)) && failure !== ''
}

function isKnown(table: FilterTable, type: string): boolean {
  try {
    table.find(type)
    return true
  } catch {
    return false
  }
}

function isOf(filter: FilterAt, { type, origin }: FilterConfig): boolean {
  return filter.type === type && filter.object === origin.resource && filter.line === origin.line
}

function filterOf(
  { filter, did, side, ms }: Deeds,
  table: FilterTable,
  config: FilterConfig | null,
): StoryFilter {
  const { type, object, file, line } = filter
  const known = isKnown(table, type) ? table.find(type) : null
  return {
    type,
    phase: known?.phase ?? null,
    role: known?.role ?? null,
    at: { object, file, line },
    did,
    side,
    ms: ms === undefined ? null : rounded(ms),
    summary: config === null || known === null ? null : known.describe(config),
  }
}

function silent(config: FilterConfig, table: FilterTable, did: 'passed' | 'not-met'): StoryFilter {
  const { type, origin } = config
  const { phase, role } = table.find(type)
  const at = placeOf(origin)!
  return { type, phase, role, at, did, side: 'request', ms: null, summary: table.find(type).describe(config) }
}

// Layers.

function stepsOf(
  record: RecentRecord,
  listener: Listener | null,
  rule: Rule | StreamRule | null,
  filters: readonly StoryFilter[],
): StoryStep[] {
  const { failure, rejection, cluster, endpoint, method } = record
  const by = filters.find(({ did }) => did === 'answered' || did === 'failed')
  const decider =
    by !== undefined
      ? 'filter'
      : failure !== ''
        ? layerOf(failure)
        : rejection !== ''
          ? 'connection'
          : cluster !== ''
            ? 'backend'
            : 'action'
  const why = failure === '' ? '' : failureText(failure, record.reason)
  const steps: StoryStep[] = []
  const add = (layer: StoryStep['layer'], says: string, origin: Origin | null): void => {
    const decided = layer === decider
    steps.push({
      layer,
      role: origin?.role ?? null,
      says: decided && why !== '' && !says.includes(why) ? `${says}; ${why}` : says,
      at: origin === null ? null : placeOf(origin),
      decided,
    })
  }
  add('connection', connectionText(record), null)
  if (method !== '' || decider === 'request') add('request', requestText(record), null)
  if (decider === 'port') add('port', `port ${record.serverPort}, with the limits of its clients`, null)
  if (record.listener !== '') add('listener', `listener ${record.listener}`, listener?.origin ?? null)
  else if (decider === 'listener') add('listener', 'no listener of this connection takes the host', null)
  if (record.route !== '') add('route', `rule ${record.route}`, rule?.origin ?? null)
  else if (decider === 'route') add('route', 'no rule takes the request', null)
  for (const one of filters.filter(({ did }) => did !== 'passed' && did !== 'not-met'))
    steps.push({
      layer: 'filter',
      role: one.role,
      says: filterText(one) + (one === by && why !== '' ? `; ${why}` : ''),
      at: one.at,
      decided: one === by,
    })
  if (rule !== null && 'action' in rule && (cluster === '' || decider === 'action') && by === undefined)
    add('action', actionText(rule), rule.origin)
  if (cluster !== '')
    add('backend', `cluster ${cluster}${endpoint === '' ? '' : `, endpoint ${endpoint}`}`, null)
  steps.push({
    layer: 'answer',
    role: null,
    says: answerText(record) + (decider === 'answer' && why !== '' ? `; ${why}` : ''),
    at: null,
    decided: decider === 'answer',
  })
  return steps
}

function connectionText({
  client,
  peer,
  serverPort,
  secure,
  rejection,
  method,
  reason,
  failure,
}: RecentRecord): string {
  const through = peer === '' ? '' : ` through ${peer}`
  const refused =
    rejection !== '' && method === '' && failure === ''
      ? `; ended before a request: ${rejection}${reason === '' ? '' : ` (${reason})`}`
      : ''
  return `from ${client}${through} to port ${serverPort}${secure ? ' by TLS' : ''}${refused}`
}

function requestText({ method, host, path, query, rejection }: RecentRecord): string {
  const broken = rejection === '' ? '' : ` breaks the rule ${rejection}`
  return method === ''
    ? `a request that${broken || ' cannot be read'}`
    : `${method} ${host}${path}${query}${broken}`
}

function filterText({ type, phase, did, side, ms }: StoryFilter): string {
  const what = {
    answered: 'answered',
    failed: 'failed',
    transformed: 'had the body pass through it',
    waited: `was waited for ${ms ?? 0} ms`,
    passed: 'let it pass',
    'not-met': 'was not met',
  }[did]
  return `${type} (${phase ?? 'unknown'}) ${what}${side === 'response' ? ', on the way back' : ''}`
}

function actionText({ action }: Rule): string {
  if (action.type === 'redirect') return `redirects, ${action.status}`
  if (action.type === 'respond') return `answers ${action.failure}`
  return action.type === 'handle' ? `is handled by ${action.handler}` : 'forwards'
}

function answerText({ status, grpcStatus, method, requestBytes, responseBytes }: RecentRecord): string {
  const grpc = grpcStatus < 0 ? '' : `, grpc-status ${grpcStatus}`
  const bytes = `${requestBytes} bytes in, ${responseBytes} out`
  if (status > 0) return `${status}${grpc}; ${bytes}`
  return method === '' ? bytes : `none: the client was gone; ${bytes}`
}

// Attempts, and times.

function attemptsOf(record: RecentRecord): StoryAttempt[] {
  const earlier = record.story.attempts.map(attempt => ({
    endpoint: attempt.endpoint === '' ? null : attempt.endpoint,
    sentAfterMs: attempt.sentAfterMs < 0 ? null : rounded(attempt.sentAfterMs),
    endedAfterMs: rounded(attempt.endedAfterMs),
    waitedMs: rounded(attempt.waitedMs),
    connectMs: rounded(attempt.connectMs),
    status: attempt.status === 0 ? null : attempt.status,
    failure: attempt.failure === '' ? null : attempt.failure,
    reason: attempt.reason === '' ? null : attempt.reason,
  }))
  return record.attempts > record.story.attempts.length ? [...earlier, lastAttempt(record)] : earlier
}

function lastAttempt(record: RecentRecord): StoryAttempt {
  const { failure, upstreamMs, sentAfterMs, status } = record
  const answered = upstreamMs >= 0
  const failed = failure !== '' && layerOf(failure) === 'backend'
  return {
    endpoint: record.endpoint === '' ? null : record.endpoint,
    sentAfterMs: sentAfterMs < 0 ? null : rounded(sentAfterMs),
    endedAfterMs: rounded(record.durationMs),
    waitedMs: rounded(record.waitedMs),
    connectMs: rounded(record.connectMs),
    status: answered && !failed && status > 0 ? status : null,
    failure: failed ? failure : null,
    reason: failed && record.reason !== '' ? record.reason : null,
  }
}

function timingsOf(record: RecentRecord): StoryTimings {
  const { durationMs, sentAfterMs, upstreamMs, filtersMs, waitedMs, connectMs, clientMs } = record
  const attemptsMs = record.story.attempts.at(-1)?.endedAfterMs ?? 0
  const answeredAfterMs = upstreamMs < 0 ? durationMs : sentAfterMs + upstreamMs
  const firstByteMs = sentAfterMs < 0 ? 0 : Math.max(0, answeredAfterMs - sentAfterMs - connectMs)
  const bodyMs = upstreamMs < 0 ? 0 : Math.max(0, durationMs - answeredAfterMs - clientMs)
  const told = filtersMs + attemptsMs + waitedMs + connectMs + firstByteMs + bodyMs + clientMs
  return {
    headMs: rounded(record.headMs),
    filtersMs: rounded(filtersMs),
    attemptsMs: rounded(attemptsMs),
    waitedMs: rounded(waitedMs),
    connectMs: rounded(connectMs),
    firstByteMs: rounded(firstByteMs),
    bodyMs: rounded(bodyMs),
    clientMs: rounded(clientMs),
    otherMs: rounded(Math.max(0, durationMs - told)),
    totalMs: rounded(durationMs),
  }
}
