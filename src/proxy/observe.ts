import type { Notes } from '../filters/notes.ts'
import { priorities, type Rank } from '../filters/priority.ts'
import { failures, type FailureName, type Rejection } from '../http/failures.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import type { Port } from '../snapshot/snapshot.ts'
import type { AccessLog } from '../telemetry/access-log.ts'
import { AccessRecord } from '../telemetry/access-record.ts'
import type { RecentWriter } from '../telemetry/recent/recent-writer.ts'
import type { Story } from '../telemetry/recent/story.ts'
import type { ClusterMetrics, Instruments, PortMetrics, RouteMetrics } from '../telemetry/instruments.ts'
import type { MetricsScope } from '../telemetry/metrics.ts'
import type { TraceContext } from '../telemetry/trace.ts'
import type { SpanSettings } from '../telemetry/spans/span-settings.ts'
import type { SpanWriter } from '../telemetry/spans/span-writer.ts'
import { ExchangeSpans, type ExchangeSpan } from './exchange-spans.ts'
import type { SheddingReason } from './overload.ts'
import type { Remote } from './remote.ts'
import type { CompiledRule } from './rule.ts'
import type { CompiledStream, FinishedStream } from './proxied-stream.ts'

/** What is told of an exchange that is over. */
export interface Finished {
  readonly id: string
  readonly request: RequestHead
  readonly path: string
  readonly query: string
  readonly hostname: string
  readonly clientAddress: string
  /** A balancer's, which has told of the client by a PROXY header; "" for none. */
  readonly peerAddress: string
  readonly localPort: number
  readonly startedMs: number
  readonly status: number
  readonly failure: FailureName | null
  /** What else is known of it: for the log, never for the client. */
  readonly failureDetail: string
  readonly rejection: string
  /** Of gRPC; below 0 where it was no such call, or nobody knows how it ended. */
  readonly callStatus: number
  readonly trace: TraceContext | null
  /** Null where nobody wants spans. */
  readonly span: ExchangeSpan | null
  readonly response: ResponseHead | undefined
  readonly listener: string
  readonly rule: CompiledRule | null
  readonly requestBytes: number
  readonly responseBytes: number
  readonly writtenNotes: Pick<Notes, 'logged'> | null
  /** It is not to be among the recent requests. */
  readonly unkept: boolean
  /** Null where there is nothing beyond the usual. */
  readonly story: Story | null
  readonly run: {
    readonly tunnel: boolean
    readonly metrics: ClusterMetrics | null
    readonly cluster: { readonly name: string } | null
    readonly endpoint: { readonly key: string } | null
    readonly attempts: number
    readonly sentMs: number
    readonly upstreamMs: number
  } | null
}

/** Where a worker's observations go. */
export interface Sinks {
  readonly instruments: Instruments
  readonly accessLog: AccessLog | null
  /** Keeps the last few thousand; absent where nobody could see them. */
  readonly recent?: RecentWriter | null
  /** Makes their spans where listeners do not say otherwise; absent where nobody wants any. */
  readonly spans?: ExchangeSpans | null
  /** Takes spans of whom listeners want them for; absent: nobody has any. */
  readonly spanWriter?: SpanWriter
}

/** One of so many refusals is among the recent requests, of which they would leave nothing else. */
const KEPT_SHED = 100

/** Log and metrics of the exchanges that begin under one snapshot. */
export class Observer {
  /** Rises with each snapshot. */
  readonly epoch: number
  private readonly sinks: Sinks
  /** Of the snapshot. */
  readonly version: number
  /** Somebody is to be told of each exchange. */
  private readonly tells: boolean
  /** Called when another snapshot has taken over and the last exchange of this one is over. */
  private readonly onOver: () => void
  // One record for all: it is filled and written at once, when an exchange is over.
  private readonly record = new AccessRecord()
  /** Exchanges under way. */
  active = 0
  /** Connections being spliced. */
  private streams = 0
  private retired = false
  private shedded = 0

  constructor(sinks: Sinks, epoch = 0, onOver: () => void = () => {}, version = 0) {
    this.sinks = sinks
    this.epoch = epoch
    this.version = version
    this.tells = sinks.accessLog !== null || sinks.recent != null
    this.onOver = onOver
  }

  get spans(): ExchangeSpans | null {
    return this.sinks.spans ?? null
  }

  /** Who makes spans by these settings; null where nobody takes any. */
  spansOf(settings: SpanSettings): ExchangeSpans | null {
    const { spanWriter } = this.sinks
    return spanWriter === undefined ? null : new ExchangeSpans(spanWriter, settings)
  }

  route(id: string): RouteMetrics {
    return this.sinks.instruments.routes.get(id)
  }

  cluster(name: string): ClusterMetrics {
    return this.sinks.instruments.clusters.get(name)
  }

  port(key: string): PortMetrics {
    return this.sinks.instruments.ports.get(key)
  }

  /** For what filters count. */
  newScope(): MetricsScope {
    return this.sinks.instruments.newScope()
  }

  /** Another snapshot has taken over. */
  retire(): void {
    this.retired = true
  }

  /** Nothing of this snapshot is under way, and nothing of it will begin. */
  get isOver(): boolean {
    return this.retired && this.active === 0 && this.streams === 0
  }

  began(): void {
    this.active++
    this.sinks.instruments.requestsActive.add(1)
  }

  /** A connection whose client is told to go elsewhere, because there is too much to do. */
  sentAway(): void {
    this.sinks.instruments.sentAway.add(1)
  }

  /** Of those that are finished then, one that is refused because there is too much to do. Whether it is kept. */
  shed(rank: Rank, reason: SheddingReason): boolean {
    this.sinks.instruments.shed(priorities[rank]!, reason)
    this.shedded++
    return this.shedded % KEPT_SHED === 1
  }

  finished(x: Finished): void {
    const { sinks, active } = this
    const { status, failure } = x
    const nowMs = performance.now()
    const durationMs = nowMs - x.startedMs
    this.active = active - 1
    sinks.instruments.requestsActive.add(-1)
    if (x.requestBytes > 0) sinks.instruments.bytesIn.add(x.requestBytes)
    sinks.instruments.bytesOut.add(x.responseBytes)
    if (x.rule === null) sinks.instruments.unrouted(status)
    else x.rule.metrics.finished(status, durationMs / 1000)
    if (x.callStatus >= 0) x.rule?.metrics.finishedGrpc(x.callStatus)
    if (failure !== null) sinks.instruments.failed(failure)
    if (x.rejection !== '') sinks.instruments.rejected(x.rejection)
    if (x.run !== null) lastAttemptEnded(x.run, status, failure, nowMs)
    if (this.tells && (!x.unkept || sinks.accessLog !== null)) this.tell(x, status, durationMs, nowMs)
    if (x.span !== null) x.span.finished(x, nowMs)
    if (this.isOver) this.onOver()
  }

  /** The same of one that no client has asked for: only what it was sent to has anything to tell. */
  repeated(x: Finished): void {
    this.active--
    this.sinks.instruments.requestsActive.add(-1)
    if (x.run !== null) lastAttemptEnded(x.run, x.status, x.failure, performance.now())
    if (this.isOver) this.onOver()
  }

  /** The same of one that began within this thread: its rule counts it, and the numbers of clients do not. */
  finishedWithin(x: Finished): void {
    const nowMs = performance.now()
    this.active--
    this.sinks.instruments.requestsActive.add(-1)
    x.rule?.metrics.finished(x.status, (nowMs - x.startedMs) / 1000)
    if (x.callStatus >= 0) x.rule?.metrics.finishedGrpc(x.callStatus)
    if (x.run !== null) lastAttemptEnded(x.run, x.status, x.failure, nowMs)
    if (this.isOver) this.onOver()
  }

  /** Another run answers in place of this one, of which the last attempt came to that. */
  left(run: NonNullable<Finished['run']>, status: number, failure: FailureName | null): void {
    lastAttemptEnded(run, status, failure, performance.now())
  }

  /** A connection beyond the limit. */
  refused(): void {
    this.sinks.instruments.failed('proxy_overloaded')
  }

  /** A head that the codec refused: there was no exchange, but an id that its answer carries too. */
  rejected(port: Port, rejection: Rejection, remote: Remote, id: string, grpcStatus: number): void {
    const { sinks, record } = this
    sinks.instruments.rejected(rejection.rule)
    if (!this.tells) return
    record.reset()
    // To a gRPC call the answer is a 200 with a status of its own.
    record.status = grpcStatus < 0 ? rejection.status : 200
    record.grpcStatus = grpcStatus
    record.exchangeId = id
    setRemote(record, remote)
    record.serverPort = port.port
    record.failure = 'http_request_error'
    record.rejection = rejection.rule
    this.write(performance.now())
  }

  /** A connection whose bytes are to go through as they are; `streamed` tells of its end. */
  streaming({ metrics }: CompiledStream): void {
    this.streams++
    metrics.gauge('portcullis_stream_connections_active').add(1)
  }

  streamed(x: FinishedStream): void {
    const { sinks, record } = this
    this.streams--
    const { metrics } = x.stream
    metrics.gauge('portcullis_stream_connections_active').add(-1)
    metrics.counter('portcullis_stream_connections_total').add(1)
    metrics.counter('portcullis_stream_bytes_total', { direction: 'in' }).add(x.bytesIn)
    metrics.counter('portcullis_stream_bytes_total', { direction: 'out' }).add(x.bytesOut)
    sinks.instruments.bytesIn.add(x.bytesIn)
    sinks.instruments.bytesOut.add(x.bytesOut)
    if (x.failure !== null) sinks.instruments.failed(x.failure)
    if (this.isOver) this.onOver()
    if (!this.tells) return
    const nowMs = performance.now()
    record.reset()
    setRemote(record, x.remote)
    record.serverAddress = x.serverName
    record.serverPort = x.localPort
    record.route = x.stream.rule.id
    record.listener = x.listener
    record.cluster = x.cluster
    record.endpoint = x.endpoint
    record.attempts = x.attempts
    record.requestBodyBytes = x.bytesIn
    record.responseBodyBytes = x.bytesOut
    record.durationMs = nowMs - x.startedMs
    record.failure = x.failure ?? ''
    record.failureReason = x.reason
    this.write(nowMs)
  }

  /** A datagram that nobody is to have. */
  dropped(rule: string): void {
    this.sinks.instruments.rejected(rule)
  }

  /** A connection that ended before its first request; `rule` says at which step, `detail` what more is known. */
  refusedConnection(port: Port, rule: string, remote: Remote, detail = ''): void {
    const { sinks, record } = this
    sinks.instruments.rejected(rule)
    if (!this.tells) return
    record.reset()
    setRemote(record, remote)
    record.serverPort = port.port
    record.rejection = rule
    record.failureReason = detail
    this.write(performance.now())
  }

  private tell(x: Finished, status: number, durationMs: number, nowMs: number): void {
    const { record } = this
    const { request, run } = x
    record.method = request.method
    record.path = x.path
    record.query = x.query
    record.status = status
    record.version = request.version
    record.clientAddress = x.clientAddress
    record.peerAddress = x.peerAddress
    record.serverAddress = x.hostname
    record.serverPort = x.localPort
    record.route = x.rule === null ? '' : x.rule.rule.id
    record.userAgent = request.fields.get('user-agent') ?? ''
    record.requestBodyBytes = x.requestBytes
    record.responseBodyBytes = x.responseBytes
    record.durationMs = durationMs
    record.exchangeId = x.id
    record.listener = x.listener
    record.cluster = run?.cluster?.name ?? ''
    record.endpoint = run?.endpoint?.key ?? ''
    record.attempts = run === null ? 0 : run.attempts
    record.upstreamMs = run === null ? -1 : run.upstreamMs
    record.failure = x.failure ?? ''
    record.failureReason = x.failure === null ? '' : x.failureDetail
    record.rejection = x.rejection
    record.grpcStatus = x.callStatus
    record.notes = x.writtenNotes === null ? null : x.writtenNotes.logged()
    record.traceId = x.trace === null ? '' : x.trace.traceId
    record.spanId = x.trace === null ? '' : x.trace.spanId
    record.secure = request.scheme === 'https'
    record.sentAfterMs = run === null || run.sentMs === 0 ? -1 : run.sentMs - x.startedMs
    record.story = x.story
    // How long a tunnel lasts says nothing.
    record.slow = x.rule !== null && run?.tunnel !== true && x.rule.metrics.isSlow(durationMs, nowMs)
    this.write(nowMs, x.unkept)
  }

  /** What the record says, to who wants it. */
  private write(nowMs: number, unkept = false): void {
    const { record, sinks } = this
    record.snapshot = this.version
    sinks.accessLog?.write(record)
    if (!unkept) sinks.recent?.write(record, nowMs)
  }
}

/** Those before it were counted when another followed. What the client ended says nothing of the upstream. */
function lastAttemptEnded(
  { metrics, upstreamMs, sentMs }: NonNullable<Finished['run']>,
  status: number,
  failure: FailureName | null,
  nowMs: number,
): void {
  if (upstreamMs >= 0) metrics?.answered(status, upstreamMs / 1000)
  else if (sentMs > 0 && failure !== null && failures[failure].side === 'upstream')
    metrics?.unanswered((nowMs - sentMs) / 1000)
}

function setRemote(record: AccessRecord, { address, peerAddress }: Remote): void {
  record.clientAddress = address
  record.peerAddress = peerAddress
}
