import type { CallRecord } from '../../../composition/calls/call-record.ts'
import type {
  GatewayRequest,
  MethodRecord,
  Observer,
  RequestRecord,
} from '../../../composition/engine/messages.ts'
import { codeNumber, type GrpcCode } from '../../../composition/grpc/codes.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import { redactQuery } from '../../../telemetry/redact.ts'
import { newSpanId } from '../../../telemetry/spans/ids.ts'
import { CLIENT, INTERNAL, SERVER, type Span } from '../../../telemetry/spans/span.ts'
import type { SpanHome } from '../../../telemetry/spans/span-settings.ts'
import type { SpanWriter } from '../../../telemetry/spans/span-writer.ts'
import {
  continued,
  traceparentOf,
  type SpanContext,
  type TracingSettings,
} from '../../../telemetry/spans/tracing.ts'

/** What is known of a backend without a call. */
interface Place {
  /** Scheme and authority. */
  readonly origin: string
  readonly address: string
  readonly port: number
  readonly isGrpc: boolean
}

/**
 * A span for each request of a composition, and below that one for each of its calls, by the semantic conventions of
 * OpenTelemetry for HTTP. Backends are told the span of their call in `traceparent`, in place of the client's. They go
 * where those of the exchange go that a request is of; without settings there are none of others.
 */
export class CallSpans {
  private readonly composition: string
  private readonly writer: SpanWriter
  private readonly settings: TracingSettings | null
  private readonly places: ReadonlyMap<string, Place>
  private readonly contexts = new WeakMap<GatewayRequest, SpanContext>()

  constructor(composition: string, gateway: Gateway, writer: SpanWriter, settings: TracingSettings | null) {
    this.composition = composition
    this.writer = writer
    this.settings = settings
    this.places = new Map(
      Object.entries(gateway.backends).map(([name, { url, protocol }]) => [
        name,
        { ...placeOf(url), isGrpc: protocol === 'grpc' },
      ]),
    )
  }

  readonly observer: Observer = {
    entered: ({ request }) => {
      if (this.isUntold(request)) return
      const { traceparent, tracestate } = request.headers
      this.contexts.set(request, continued(traceparent, tracestate, this.settings ?? FOLLOWING))
    },
    called: (call, request) => {
      if (!this.isUntold(request)) call.traceparent = traceparentOf(this.contextOf(request), newSpanId())
    },
    ended: (call, request) => {
      if (this.isUntold(request)) return
      const context = this.contextOf(request)
      if (context.sampled) this.write(this.spanOfCall(call, context), request)
    },
    left: record => {
      const { request } = record
      if (this.isUntold(request)) return
      const context = this.contextOf(request)
      if (!context.sampled) return
      const isOfFilter = request.filtering !== undefined
      this.write(
        isOfFilter ? this.spanOfFilter(record, context) : this.spanOfRequest(record, context),
        request,
      )
    },
  }

  private isUntold({ spanHome }: GatewayRequest): boolean {
    return spanHome === undefined ? this.settings === null : (spanHome as SpanHome).to === null
  }

  private write(span: Span, request: GatewayRequest): void {
    const home = request.spanHome as SpanHome | undefined
    if (home === undefined) this.writer.add(span)
    else this.writer.add({ ...span, attributes: { ...span.attributes, ...home.attributes } }, home.to ?? '')
  }

  /** Streams that many share are of no request that has come: they are a trace of their own. */
  private contextOf(request: GatewayRequest): SpanContext {
    let context = this.contexts.get(request)
    if (context === undefined) {
      context = continued(undefined, undefined, this.settings ?? FOLLOWING)
      this.contexts.set(request, context)
    }
    return context
  }

  private spanOfRequest(record: RequestRecord, context: SpanContext): Span {
    const { request, route, startedMs, endedMs, status, failure, partials } = record
    const { wall } = this.writer
    const [path = '', query] = request.target.split('?', 2)
    const { method } = record
    const template = method === null ? route?.slice(route.indexOf(' ') + 1) : (method.template ?? undefined)
    const fault = faultOf(method)
    return {
      ...context,
      // Of the worker that it has come by.
      isRemote: false,
      kind: SERVER,
      name: nameOf(record, template),
      startMs: wall.of(startedMs),
      endMs: wall.of(endedMs ?? startedMs),
      attributes: {
        'http.request.method': request.method,
        'url.path': path,
        'url.query': query === undefined ? undefined : redactQuery(query),
        'url.scheme': request.headers['x-forwarded-proto'] ?? 'http',
        'http.route': template,
        'http.response.status_code': status ?? undefined,
        'error.type': fault ?? errorOf(failure, status, 500),
        ...(method !== null && requestRpcOf(method)),
        'portcullis.composition': this.composition,
        'portcullis.partial': partials.length === 0 ? undefined : partials,
      },
      isError:
        fault !== null || status === null || status >= 500 || (failure !== null && failure !== 'client_gone'),
    }
  }

  /** It is asked by the gateway, in no protocol that a client speaks. */
  private spanOfFilter(record: RequestRecord, context: SpanContext): Span {
    const { request, startedMs, endedMs, status, failure } = record
    const { wall } = this.writer
    const { phase } = request.filtering!
    const filter = this.composition.replace(/^filter\//, '')
    const type = errorOf(failure, status, 500)
    return {
      ...context,
      isRemote: false,
      kind: INTERNAL,
      name: `Filter ${filter} ${phase}`,
      startMs: wall.of(startedMs),
      endMs: wall.of(endedMs ?? startedMs),
      attributes: { 'portcullis.filter': filter, 'portcullis.phase': phase, 'error.type': type },
      isError: type !== undefined && failure !== 'client_gone',
    }
  }

  private spanOfCall(record: CallRecord, { traceId, spanId: parentId, traceState }: SpanContext): Span {
    const { call, startedMs, endedMs, outcome, status, attempts, sent, cache, fallback, traceparent } = record
    const { grpcCode } = record
    const { wall } = this.writer
    const at = call.indexOf(' ')
    const backend = call.slice(0, at)
    const place = this.places.get(backend)
    const failure = outcome === 'ok' ? null : outcome
    return {
      traceId,
      spanId: traceparent!.slice(SPAN_ID, SPAN_ID + 16),
      parentId,
      isRemote: false,
      traceState,
      kind: CLIENT,
      name: place?.isGrpc === true && sent !== null ? rpcName(sent.target) : call.slice(at + 1),
      startMs: wall.of(startedMs),
      endMs: wall.of(endedMs ?? startedMs),
      attributes: {
        'http.request.method': sent?.method,
        'url.full': place && sent ? `${place.origin}${withoutSecrets(sent.target)}` : undefined,
        'server.address': place?.address,
        'server.port': place?.port,
        'http.response.status_code': status ?? undefined,
        'http.request.resend_count': attempts > 1 ? attempts - 1 : undefined,
        'error.type': grpcCode ?? errorOf(failure, status, 400),
        ...(place?.isGrpc === true && rpcOf(sent?.target, grpcCode ?? (failure === null ? 'ok' : null))),
        'portcullis.composition': this.composition,
        'portcullis.backend': backend,
        'portcullis.call': call,
        'portcullis.attempts': attempts,
        'portcullis.cache': cache ?? undefined,
        'portcullis.fallback': fallback || undefined,
        'portcullis.outcome': outcome ?? undefined,
      },
      isError: failure !== null && !ENDED_BY_OTHERS.has(failure),
    }
  }
}

/** Of a request whose exchange has spans somebody has decided, and told by its `traceparent`. */
const FOLLOWING: TracingSettings = { share: 1 }

/** Where the span's id is in `traceparent`. */
const SPAN_ID = '00-'.length + 32 + '-'.length

/** That nobody wanted the answer any more is no error of the call. */
const ENDED_BY_OTHERS: ReadonlySet<string> = new Set(['cancelled', 'client_gone'])

const PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'h2:': 443, 'wss:': 443 }

function placeOf(url: URL): Omit<Place, 'isGrpc'> {
  return {
    origin: `${url.protocol}//${url.host}`,
    address: url.hostname,
    port: url.port === '' ? (PORTS[url.protocol] ?? 80) : Number(url.port),
  }
}

/** Of HTTP's statuses, those from `from` on are the error's name where nothing else has one. */
function errorOf(failure: string | null, status: number | null, from: number): string | undefined {
  const isError = status !== null && status >= from
  if (failure !== null && !(failure === 'backend_status' && isError)) return failure
  return isError ? String(status) : undefined
}

function withoutSecrets(target: string): string {
  const at = target.indexOf('?')
  return at === -1 ? target : target.slice(0, at) + redactQuery(target.slice(at))
}

/** `shop.v1.Shop/GetBook` of `/shop.v1.Shop/GetBook`, which is below whatever path the backend has. */
const rpcName = (target: string): string => target.split('/').slice(-2).join('/')

function rpcOf(target = '', code: GrpcCode | null = null): Span['attributes'] {
  const [service, method] = rpcName(target).split('/')
  return {
    'rpc.system': 'grpc',
    'rpc.service': service,
    'rpc.method': method,
    'rpc.grpc.status_code': code === null ? undefined : codeNumber(code),
  }
}

/** Codes that are the fault of who serves (semantic conventions for gRPC); others are the client's. */
const FAULTS: ReadonlySet<string> = new Set<GrpcCode>([
  'unknown',
  'deadline_exceeded',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
])

/** Of what is called by its name alone: HTTP's status says nothing of it. */
const faultOf = (method: MethodRecord | null): GrpcCode | null =>
  method !== null && method.system !== null && method.code !== null && FAULTS.has(method.code)
    ? method.code
    : null

function nameOf({ request, method }: RequestRecord, template: string | undefined): string {
  if (method !== null && method.system !== null) return `${method.service}/${method.name}`
  return template === undefined ? request.method : `${request.method} ${template}`
}

function requestRpcOf({ system, service, name, code }: MethodRecord): Span['attributes'] {
  if (system === null) return {}
  const called = { 'rpc.system': system, 'rpc.service': service, 'rpc.method': name }
  if (code === null) return called
  if (system === 'grpc') return { ...called, 'rpc.grpc.status_code': codeNumber(code) }
  return { ...called, 'rpc.connect_rpc.error_code': code === 'ok' ? undefined : code }
}
