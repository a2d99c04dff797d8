import { flat } from '../http/flat.ts'
import { isRegistered } from '../http/methods.ts'
import type { AccessRecord } from './access-record.ts'
import type { LoggedFields } from './logged-fields.ts'
import { timestamp } from './clock.ts'
import { field, Fragments } from './fragments.ts'
import { escapeJson } from './json.ts'
import { redactQuery } from './redact.ts'

/** `redact` shows the query without the values of secret parameters, `leave-out` not at all. */
export type QueryMode = 'redact' | 'leave-out' | 'show'

// What a client chose is cut, so that a line stays below the 4096 bytes that a
// pipe takes in one piece (PIPE_BUF), and a request cannot cost a page of log.
const PATH_LIMIT = 1_024
const QUERY_LIMIT = 1_024
const AGENT_LIMIT = 384
const NAME_LIMIT = 256
/** Names of ours are made of names of objects, up to 253 characters each. */
const OBJECT_LIMIT = 512
const METHOD_LIMIT = 64

/** As in RequestHead. */
const VERSIONS: Readonly<Record<number, string>> = { 10: '1.0', 11: '1.1', 20: '2', 30: '3' }

/** OpenTelemetry: a method that nobody has registered is `_OTHER` to who counts by it, and stands beside. */
function methodField(method: string): string {
  if (method === '' || isRegistered(method)) return field('http.request.method', method, METHOD_LIMIT)
  const original = field('http.request.method_original', method, METHOD_LIMIT)
  return field('http.request.method', '_OTHER', METHOD_LIMIT) + original
}

/** Status (0 is left out) and version in one number. */
const starts = new Fragments(256, (method, _b, _c, n) => {
  const status = Math.floor(n / 100)
  return (
    methodField(method) +
    (status === 0 ? '' : `,"http.response.status_code":${status}`) +
    field('network.protocol.version', VERSIONS[n % 100] ?? '', METHOD_LIMIT)
  )
})

const sites = new Fragments(
  1_024,
  (listener, host, _c, port) =>
    field('server.address', host, NAME_LIMIT) +
    `,"server.port":${port}` +
    field('portcullis.listener', listener, OBJECT_LIMIT),
)

const targets = new Fragments(
  4_096,
  (route, endpoint, cluster, attempts) =>
    field('http.route', route, OBJECT_LIMIT) +
    field('portcullis.cluster', cluster, OBJECT_LIMIT) +
    field('portcullis.endpoint', endpoint, NAME_LIMIT) +
    (attempts === 0 ? '' : `,"portcullis.attempts":${attempts}`),
)

/** Up to the value of the path, which every line has. */
const agents = new Fragments(512, agent => `${field('user_agent.original', agent, AGENT_LIMIT)},"url.path":"`)

/** Browsers differ in version digits near the end: `Chrome/130.0.0.0 Safari/537.36`, `Firefox/132.0`. */
function versionDigits(agent: string): number {
  const end = agent.length
  return end < 24
    ? 0
    : agent.charCodeAt(end - 3) + agent.charCodeAt(end - 21) * 31 + agent.charCodeAt(end - 22) * 961
}

/**
 * One line of JSON, ASCII, ending in LF. Names are those of the OpenTelemetry
 * semantic conventions for HTTP, ours begin with `portcullis.`; durations are
 * seconds with microseconds, `time` is when the exchange ended.
 *
 * One long concatenation: the engine keeps it as a rope and flattens it once,
 * when it is written.
 */
export function accessLine(record: AccessRecord, nowMs: number, mode: QueryMode): string {
  return (
    timeText(nowMs) +
    starts.of(record.method, '', '', record.status * 100 + record.version) +
    sites.of(record.listener, record.serverAddress, '', record.serverPort) +
    targets.of(record.route, record.endpoint, record.cluster, record.attempts) +
    agents.of(record.userAgent, '', '', versionDigits(record.userAgent)) +
    escapeJson(record.path, PATH_LIMIT) +
    (record.query === '' || mode === 'leave-out' ? '' : '","url.query":"' + queryText(record.query, mode)) +
    '","client.address":"' +
    escapeJson(record.clientAddress, NAME_LIMIT) +
    '","portcullis.exchange.id":"' +
    escapeJson(record.exchangeId, NAME_LIMIT) +
    (record.requestBodyBytes === 0
      ? '","http.request.body.size":0,"http.response.body.size":'
      : '","http.request.body.size":' + record.requestBodyBytes + ',"http.response.body.size":') +
    record.responseBodyBytes +
    ',"duration":' +
    secondsText(record.durationMs) +
    (record.upstreamMs < 0 ? '' : ',"portcullis.upstream.duration":' + secondsText(record.upstreamMs)) +
    (record.traceId === '' &&
    record.failure === '' &&
    record.rejection === '' &&
    record.grpcStatus < 0 &&
    record.peerAddress === '' &&
    record.notes === null
      ? '}\n'
      : endText(record))
  )
}

let lastMs = -1
let lastTime = ''

function timeText(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastTime = `{"time":"${timestamp(nowMs)}"`
    lastMs = nowMs
  }
  return lastTime
}

/** Without its "?", escaped and cut. */
export function queryText(query: string, mode: QueryMode): string {
  const shown = mode === 'redact' ? redactQuery(query) : query
  return escapeJson(shown.startsWith('?') ? shown.slice(1) : shown, QUERY_LIMIT)
}

/** The parts that few lines have. Trace ids come out of trace.ts, and are hex. */
function endText(record: AccessRecord): string {
  const failed =
    field('network.peer.address', record.peerAddress, NAME_LIMIT) +
    field('portcullis.failure', record.failure, NAME_LIMIT) +
    field('portcullis.failure.reason', record.failureReason, NAME_LIMIT) +
    field('portcullis.rejection', record.rejection, NAME_LIMIT) +
    (record.grpcStatus < 0 ? '' : `,"rpc.grpc.status_code":${record.grpcStatus}`)
  return `${failed}${noteFields(record)}${field('trace_id', record.traceId, 32)}${field('span_id', record.spanId, 16)}}\n`
}

/** Numbers as such, everything else as text. Names are written in the program. */
function noteFields({ notes }: AccessRecord): string {
  let text = ''
  for (const logged of notes ?? [])
    text += logged.line === '' ? (logged.line = flat(lineOf(logged))) : logged.line
  return text
}

function lineOf({ fields }: LoggedFields): string {
  let text = ''
  for (const [name, value] of fields)
    text += typeof value === 'number' ? `,"${name}":${value}` : field(name, String(value), NAME_LIMIT)
  return text
}

const THREE_DIGITS: readonly string[] = Array.from({ length: 1_000 }, (_, i) => String(i).padStart(3, '0'))
const MILLISECONDS: readonly string[] = THREE_DIGITS.map(digits => `0.${digits}`)

/** Seconds with six decimals from integers: a double's shortest decimal form costs 100 ns to find. */
export function secondsText(ms: number): string {
  const us = ms > 0 ? Math.round(ms * 1_000) : 0
  const wholeMs = Math.floor(us / 1_000)
  const last = THREE_DIGITS[us - wholeMs * 1_000]!
  if (wholeMs < 1_000) return MILLISECONDS[wholeMs]! + last
  const seconds = Math.floor(wholeMs / 1_000)
  return `${seconds}.${THREE_DIGITS[wholeMs - seconds * 1_000]!}${last}`
}
