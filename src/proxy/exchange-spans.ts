import { failures, type FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import { HINT_TRACE, type RequestHead } from '../http/head.ts'
import { redactQuery } from '../telemetry/redact.ts'
import { newSpanId } from '../telemetry/spans/ids.ts'
import { CLIENT, SERVER, type Attribute, type Span } from '../telemetry/spans/span.ts'
import { OwnAttributes, type SpanHome, type SpanSettings } from '../telemetry/spans/span-settings.ts'
import type { SpanWriter } from '../telemetry/spans/span-writer.ts'
import { continued, traceparentOf, type SpanContext } from '../telemetry/spans/tracing.ts'
import type { TraceContext } from '../telemetry/trace.ts'

/** An attempt as its span tells of it. */
export interface AttemptSpan {
  readonly spanId: string
  /** From 1. */
  readonly number: number
  readonly startMs: number
}

/** What came of it. */
export interface Attempted {
  readonly cluster: string
  readonly isHttp2: boolean
  readonly isSecure: boolean
  /** Address and port. */
  readonly endpoint: string
  /** 0 where there is no answer. */
  readonly status: number
  /** `outrun`: another attempt was faster. */
  readonly failure: FailureName | 'outrun' | ''
}

/** What an exchange that is over has come to. */
export interface Ended {
  readonly id: string
  readonly path: string
  readonly query: string
  readonly hostname: string
  readonly clientAddress: string
  readonly localPort: number
  readonly startedMs: number
  readonly status: number
  readonly failure: FailureName | null
  /** Of gRPC; below 0 where it was no such call, or nobody knows how it ended. */
  readonly callStatus: number
  readonly rule: { readonly rule: { readonly id: string } } | null
  readonly run: { readonly attempts: number } | null
  /** Undefined where there is none. */
  readonly response: { readonly fields: Fields } | undefined
}

/** Exchanges of a worker as spans, by the semantic conventions of OpenTelemetry for HTTP and gRPC. */
export class ExchangeSpans {
  readonly writer: SpanWriter
  readonly settings: SpanSettings
  readonly own: OwnAttributes

  constructor(writer: SpanWriter, settings: SpanSettings) {
    this.writer = writer
    this.settings = settings
    this.own = new OwnAttributes(settings.attributes)
  }

  /** What is behind it in the gateway is below its span from here on, and not below the client's. */
  begin(request: RequestHead): ExchangeSpan {
    const { fields } = request
    const context = continued(fields.get('traceparent'), fields.combined('tracestate'), this.settings)
    const span = new ExchangeSpan(this, context, request)
    span.tell(request, context.spanId)
    return span
  }
}

/** One exchange. Each attempt has a span of its own below it, and its backend is told of that. */
export class ExchangeSpan implements TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  /** For who makes spans of it elsewhere; undefined: as of whom nobody says anything. */
  readonly home: SpanHome | undefined
  private readonly known: Span['attributes']
  private readonly spans: ExchangeSpans
  private readonly context: SpanContext
  private readonly request: RequestHead

  constructor(spans: ExchangeSpans, context: SpanContext, request: RequestHead) {
    const { settings, own } = spans
    this.spans = spans
    this.context = context
    this.request = request
    this.traceId = context.traceId
    this.spanId = context.spanId
    this.sampled = context.sampled
    this.known = context.sampled ? own.ofRequest(request.fields) : NOTHING
    this.home = settings.to === '' ? undefined : { to: settings.to, attributes: this.known }
  }

  /** Who has this head is below this span. */
  tell(head: Pick<RequestHead, 'fields' | 'hints'>, spanId: string): void {
    head.fields.set('traceparent', traceparentOf(this.context, spanId), 'traceparent')
    head.hints |= HINT_TRACE
  }

  /** An attempt is sent with this head. */
  attempt(head: Pick<RequestHead, 'fields' | 'hints'>, number: number, startMs: number): AttemptSpan {
    const spanId = newSpanId()
    this.tell(head, spanId)
    return { spanId, number, startMs }
  }

  attempted(
    { spanId, number, startMs }: AttemptSpan,
    what: Attempted,
    callStatus: number,
    endMs: number,
  ): void {
    if (!this.sampled) return
    const { cluster, endpoint, isHttp2, isSecure, status, failure } = what
    const { method, path, query, authority } = this.request
    const { wall } = this.spans.writer
    const { traceId, spanId: parentId, traceState } = this.context
    const rpc = callStatus < 0 ? null : rpcOf(path, callStatus)
    const isFailed = failure !== '' && !ENDED_BY_OTHERS.has(failure)
    const place = endpoint.startsWith('thread:') ? null : placeOf(endpoint)
    this.write({
      traceId,
      spanId,
      parentId,
      isRemote: false,
      traceState,
      kind: CLIENT,
      name: rpc === null ? methodOf(method).name : nameOfCall(path),
      startMs: wall.of(startMs),
      endMs: wall.of(endMs),
      attributes: {
        ...methodOf(method).attributes,
        'url.full':
          place === null ? undefined : `http${isSecure ? 's' : ''}://${authority}${path}${redacted(query)}`,
        'server.address': place?.address,
        'server.port': place?.port,
        'network.protocol.version': place === null ? undefined : isHttp2 ? '2' : '1.1',
        'http.response.status_code': status || undefined,
        'http.request.resend_count': number > 1 ? number - 1 : undefined,
        ...rpc,
        'error.type': failure || errorOf(status, callStatus, 400),
        'portcullis.cluster': cluster,
        'portcullis.endpoint': endpoint,
      },
      isError: isFailed || status >= 400 || callStatus > 0,
    })
  }

  finished(x: Ended, nowMs: number): void {
    if (!this.sampled) return
    const { wall } = this.spans.writer
    const { method, scheme, version, fields } = this.request
    const { rule, status, failure, callStatus, path, query, run } = x
    const rpc = callStatus < 0 ? null : rpcOf(path, callStatus)
    const route = rule?.rule.id
    // What was broken off behind its head has that of an answer.
    const isBroken = failure !== null && failures[failure].side !== 'downstream' && status < 400
    const isError = isBroken || status >= 500 || FAULTS.has(callStatus)
    const reason = failure ?? errorOf(status, Math.max(0, callStatus), 500)
    const { name, attributes } = methodOf(method)
    this.write(
      {
        ...this.context,
        isRemote: true,
        kind: SERVER,
        name:
          this.spans.settings.name ||
          (rpc !== null ? nameOfCall(path) : route === undefined ? name : `${name} ${route}`),
        startMs: wall.of(x.startedMs),
        endMs: wall.of(nowMs),
        attributes: {
          ...attributes,
          'url.scheme': scheme,
          'url.path': path,
          'url.query': query === '' ? undefined : redacted(query).slice(1),
          'http.route': route,
          'server.address': x.hostname,
          'server.port': x.localPort,
          'client.address': x.clientAddress,
          'network.protocol.version': versionText(version),
          'user_agent.original': fields.get('user-agent'),
          'http.response.status_code': status || undefined,
          ...rpc,
          'error.type': isError ? reason : undefined,
          'portcullis.failure': failure ?? undefined,
          'portcullis.exchange.id': x.id,
          'portcullis.attempts': run === null ? 0 : run.attempts,
        },
        isError,
      },
      x.response?.fields ?? null,
    )
  }

  /** With what its settings want each span to have. */
  private write(span: OwnSpan, answer: Fields | null = null): void {
    const { known } = this
    const { own, settings, writer } = this.spans
    if (settings.attributes.length === 0) return writer.add(span, settings.to)
    const attributes = {
      ...span.attributes,
      ...known,
      ...own.ofAnswer(answer, known),
      ...own.ofSpan(span.attributes),
    }
    writer.add({ ...span, attributes }, settings.to)
  }
}

const NOTHING: Span['attributes'] = {}

/** What spans of exchanges and attempts have, where they have it. */
const attributeKeys = [
  'http.request.method',
  'http.request.method_original',
  'http.request.resend_count',
  'http.response.status_code',
  'http.route',
  'url.scheme',
  'url.path',
  'url.query',
  'url.full',
  'server.address',
  'server.port',
  'client.address',
  'network.protocol.version',
  'user_agent.original',
  'rpc.system',
  'rpc.service',
  'rpc.method',
  'rpc.grpc.status_code',
  'error.type',
  'portcullis.attempts',
  'portcullis.cluster',
  'portcullis.endpoint',
  'portcullis.exchange.id',
  'portcullis.failure',
] as const

export const exchangeAttributes: ReadonlySet<string> = new Set(attributeKeys)

/** None that is not among them. */
type Attributes = { readonly [K in (typeof attributeKeys)[number]]?: Attribute | undefined }
type OwnSpan = Omit<Span, 'attributes'> & { readonly attributes: Attributes }

/** That nobody wanted the answer any more is no error of the attempt. */
const ENDED_BY_OTHERS: ReadonlySet<string> = new Set(['client_gone', 'outrun'])

/** Codes of gRPC that are the fault of who serves: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const FAULTS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15])

/** RFC 9110 §9 and RFC 5789: what else clients invent would be as many values as they like. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
])

function methodOf(method: string): { readonly name: string; readonly attributes: Attributes } {
  if (KNOWN_METHODS.has(method)) return { name: method, attributes: { 'http.request.method': method } }
  return {
    name: 'HTTP',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': method },
  }
}

/** Of HTTP's statuses, those from `from` on are the error's name; of gRPC each code that is not OK. */
function errorOf(status: number, callStatus: number, from: number): string | undefined {
  if (callStatus > 0) return String(callStatus)
  return status >= from ? String(status) : undefined
}

const nameOfCall = (path: string): string => path.slice(1)

function rpcOf(path: string, code: number): Attributes {
  const at = path.lastIndexOf('/')
  return {
    'rpc.system': 'grpc',
    'rpc.service': path.slice(1, at),
    'rpc.method': path.slice(at + 1),
    'rpc.grpc.status_code': code,
  }
}

function placeOf(endpoint: string): { readonly address: string; readonly port: number } {
  const at = endpoint.lastIndexOf(':')
  return { address: endpoint.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(endpoint.slice(at + 1)) }
}

const redacted = (query: string): string => (query === '' ? '' : redactQuery(query))

const versionText = (version: number): string =>
  version >= 20 ? '2' : `${Math.floor(version / 10)}.${version % 10}`
