import { failures, type FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'
import type { AdaptiveConcurrency } from '../upstream/adaptive-concurrency.ts'
import type { Breaker } from '../upstream/breaker.ts'
import { blameless, type Endpoint } from '../upstream/endpoint.ts'
import { isLuck, type UpstreamStream } from '../upstream/upstream-stream.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Source } from '../upstream/proxy-header.ts'
import type { Waiter } from '../upstream/queue.ts'
import type { FilterSteps } from '../filters/compile.ts'
import { backendDefaults } from '../model/defaults.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import { timerMs } from '../shared/timer.ts'
import { chooseBackend } from './backend.ts'
import type { RequestBody } from './body.ts'
import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { Attempted, AttemptSpan } from './exchange-spans.ts'
import { Gathering, hasBegun } from './gathering.ts'
import { Hedge, type Hedged } from './hedge.ts'
import { Repeating } from './repeating.ts'
import type { CompiledBackend } from './rule.ts'

/** Below this a connection is not looked at: closing by time takes longer, and looking costs some microseconds. */
const LOOK_AFTER_MS = 1_000

/**
 * The attempts of one exchange: where to, on which connection, how long they may take, and whether another one follows.
 * What passes meanwhile, in both directions, is a Forwarding's, which is one of these.
 */
export abstract class Attempting extends Repeating implements Hedged, Waiter<Endpoint<UpstreamPool>> {
  metrics: ClusterMetrics | null = null
  /** Bytes are passed as they are, both ways. */
  tunnel = false
  private backend: CompiledBackend | null = null
  private wanted: Endpoint<UpstreamPool> | null = null
  /** The endpoint that its session is on. */
  private kept: Endpoint<UpstreamPool> | null = null
  /** Endpoints of attempts that another one has followed. */
  private failed: Endpoint<UpstreamPool>[] | null = null
  /** It waits in the queue of its cluster. */
  private queued = false
  /** Since when it waits for a connection, or for what is to be here before it asks for one; 0 where it does not. */
  private waitingSinceMs = 0
  protected over = false
  /** The last attempt failed on a connection that had served others before. */
  private metClosed = false
  private enteredUs = 0
  /** It has been told of this attempt. */
  private breakerTold = false
  /** It counts this exchange, until an answer begins. */
  protected concurrency: AdaptiveConcurrency | null = null
  /** It has passed the limits of its cluster. */
  private entered = false
  private key: string | null = null
  /** Of the attempt under way; null where nobody wants any, or none is. */
  private span: AttemptSpan | null = null
  /** What it was answered; 0 as long as it is not. */
  private status = 0
  /** The second attempt beside the first, under way or to come; null where there is to be none. */
  private hedge: Hedge | null = null

  /** Whose share this exchange counts as, where there is not enough for all. */
  get client(): string {
    return (this.key ??= this.x.share)
  }

  get spanHome(): SpanHome | undefined {
    return this.x.spanHome
  }

  get body(): RequestBody {
    return this.x.body
  }

  get steps(): FilterSteps | null {
    return this.backend === null ? null : this.backend.steps
  }

  get silenceMs(): number {
    const { silenceMs, tunnelSilenceMs } = this.cluster === null ? backendDefaults : this.cluster.config
    return this.tunnel ? (tunnelSilenceMs ?? backendDefaults.tunnelSilenceMs) : silenceMs
  }

  choose(): void {
    const { sessions } = this.action
    const place = sessions === null ? null : sessions.find(this.x.writtenNotes)
    if (place !== null) this.kept = place.endpoint
    const backend = place === null ? chooseBackend(this.action) : place.backend
    this.backend = backend
    this.cluster = backend.cluster
    this.metrics = backend.metrics
    if (backend.cluster === null) return this.x.fail(backend.failure, '')
    if (backend.cluster.config.requestTimeoutMs !== undefined) this.armAgain()
  }

  /** Why there must be no attempt, or null. Who gathers has not asked yet: a body of which nothing comes takes no place. */
  private enter(): FailureName | null {
    const { retries, breaker, concurrency } = this.cluster!
    // First: a probe of a breaker that is then refused would be lost.
    if (concurrency !== null) {
      if (!concurrency.enter() && !(this.isYielded(concurrency) && concurrency.enter(true)))
        return 'concurrency_limit_reached'
      this.concurrency = concurrency
    }
    if (breaker !== null) {
      const refusal = this.enterBreaker(breaker)
      if (refusal !== null) return refusal
      this.breaker = breaker
      this.enteredUs = breaker.enteredUs
    }
    retries.requests++
    if (this.isRepeated) retries.note()
    this.entered = true
    return null
  }

  private enterBreaker(breaker: Breaker): FailureName | null {
    const refusal = breaker.enter()
    // Where nothing is let through nobody gives way for it.
    if (refusal !== 'backend_request_limit_reached' || breaker.state === 'open') return refusal
    return this.isYielded(breaker) ? breaker.enter(true) : refusal
  }

  /** Somebody who keeps us waiting gives up a place of this limit. */
  private isYielded(limit: object): boolean {
    return this.cluster!.pressure.yields(limit, this.client, performance.now())
  }

  protected attempt(): void {
    const cluster = this.cluster!
    const { x } = this
    if (this.over) return
    if (!x.body.complete && !this.exempt && cluster.pressed && !hasBegun(x.body, cluster)) {
      this.waitingSinceMs = performance.now()
      ;(this.gathering ??= new Gathering(this, cluster)).begin()
    } else this.connect()
  }

  /** Asks for a connection. */
  connect(): void {
    const cluster = this.cluster!
    if (!this.entered) {
      const refusal = this.enter()
      if (refusal !== null) return this.refused(refusal)
    }
    const endpoint = this.chosen()
    if (endpoint === null) return this.x.fail(cluster.unavailable, cluster.unavailableReason)
    this.attempts++
    this.armAttempt(0)
    const stream = endpoint.pool.acquire(this.lookAfterMs, this.x)
    if (stream !== null) return this.granted(stream, endpoint)
    const nowMs = performance.now()
    if (this.sessionEndpoint !== null || cluster.sticky) this.wanted = endpoint
    if (!cluster.queue.wait(this, nowMs)) return this.refused('connection_limit_reached')
    this.queued = true
    this.waitingSinceMs ||= nowMs
    cluster.pressure.waited(this.client, cluster.queue.clients)
  }

  private chosen(): Endpoint<UpstreamPool> | null {
    const { sessionEndpoint, failed, x } = this
    if (sessionEndpoint !== null) return sessionEndpoint
    return failed === null ? this.cluster!.pick(null, x) : this.cluster!.pickAnother(failed, x)
  }

  get source(): Source | null {
    return this.x.source ?? null
  }

  /** While it waits: the only endpoint that it may have; another one where that has gone meanwhile. */
  get wants(): Endpoint<UpstreamPool> | null {
    if (this.wanted !== null && !this.wanted.serves) this.wanted = this.chosen()
    return this.wanted
  }

  /** Null where there is none, or it has failed this request. */
  private get sessionEndpoint(): Endpoint<UpstreamPool> | null {
    const { kept } = this
    return kept !== null && kept.serves && this.failed?.includes(kept) !== true ? kept : null
  }

  tooSlow(detail: string): void {
    this.x.fail('http_request_too_slow', detail)
  }

  /** A connection is there, perhaps after waiting for one. */
  granted(stream: UpstreamStream, endpoint: Endpoint<UpstreamPool>): void {
    const { x } = this
    this.queued = false
    this.endpoint = endpoint
    this.stream = stream
    // In the turn of the request's head the time is as good as that of its beginning, and a look at the clock saved.
    this.sentMs = x.turn ? x.startedMs : performance.now()
    if (this.waitingSinceMs !== 0) this.waited(this.sentMs)
    endpoint.begin()
    this.tellDeadline()
    if (x.span !== null) this.span = x.span.attempt(x.request, this.attempts, this.sentMs)
    try {
      stream.send(x.request, this)
    } catch (error) {
      // The serialiser refuses what a filter has made of the head: that is the end of this request, not of the worker.
      return x.fail('proxy_internal_error', String(error))
    }
    if (x.body.bytes > 0 || (x.body.complete && x.request.length !== 0)) x.body.replay(stream)
    // Behind the replay, which lets go of a body that is too large to be sent a second time.
    if (x.body.complete && this.stream === stream) this.awaitFirstByte()
    if (x.turn) return
    if (stream.flush()) x.resumeRequest()
  }

  private waited(nowMs: number): void {
    this.x.tell().waitedMs += Math.max(0, nowMs - this.waitingSinceMs)
    this.waitingSinceMs = 0
  }

  refused(failure: FailureName): void {
    this.queued = false
    if (this.waitingSinceMs !== 0) this.waited(performance.now())
    this.x.fail(failure, '')
  }

  /** A request that must not be repeated is put on no connection that may have been closed; nor is one that has met such a one. */
  private get lookAfterMs(): number {
    if (this.metClosed) return 0
    return this.safeToRepeat ? Infinity : LOOK_AFTER_MS
  }

  onHead(head: ResponseHead): void {
    this.answered(head.status)
    if (head.hasLength) this.takingSinceMs = this.sentMs + this.upstreamMs
    const { hedge } = this
    if (hedge !== null) {
      if (hedge.isUnderWay && !this.endsRace(head)) return this.goOnWith(hedge, head.status, '', '')
      this.dropHedge()
    }
    if (this.repeats(head)) return this.again(head.status, '', '')
    if (this.x.streams === true) this.untime()
    this.x.sendHead(head)
  }

  protected answered(status: number): void {
    const { connectedMs = 0 } = this.stream ?? {}
    this.upstreamMs = performance.now() - this.sentMs
    this.status = status
    this.heardFirstByte()
    if (connectedMs > this.sentMs) this.x.tell().connectMs = connectedMs - this.sentMs
    this.verdict = this.judged(status)
    this.endpoint!.answered(this.verdict, this.upstreamMs)
    if (this.hedge !== null && this.verdict < 500) this.hedge.observe(this.upstreamMs)
    if (this.action.sessions !== null)
      this.action.sessions.answered(this.x.writtenNotes, this.cluster!, this.endpoint!)
    this.tellBreaker(this.verdict >= 500)
    if (this.concurrency !== null) this.leaveConcurrency(this.verdict < 500)
  }

  /** An answer that has begun may last for hours; what is asked of the backend's speed it has told by then. */
  private leaveConcurrency(inTime: boolean): void {
    this.concurrency!.left()
    // What fails at once says nothing of how long the others take.
    if (inTime) this.concurrency!.answered(this.upstreamMs, this.sentMs)
    this.concurrency = null
  }

  /** Once for each attempt, by what is known first. */
  protected tellBreaker(failed: boolean): void {
    if (this.breakerTold) return
    this.breakerTold = true
    this.breaker?.answered(failed, Math.max(0, this.upstreamMs), this.enteredUs)
  }

  /** What an answer of this status says of the endpoint, as a status. */
  protected judged(status: number): number {
    return status
  }

  onFailure(failure: FailureName, detail: string): void {
    const { stream } = this
    const { fresh = true, unsent = false, connectedMs } = stream ?? {}
    // All the time went into a connection that was never there.
    if (connectedMs === 0) this.x.tell().connectMs = performance.now() - this.sentMs
    this.stream = null
    this.metClosed = !fresh
    const mayBeLuck = stream !== null && isLuck(stream, failure)
    if (connectedMs !== 0 && !mayBeLuck && !this.tunnel) this.endpoint!.broke(failure)
    const { retry: known, side } = failures[failure]
    if (side === 'upstream' && !blameless.has(failure) && !mayBeLuck && !this.tunnel) this.tellBreaker(true)
    const { hedge } = this
    if (hedge?.isUnderWay === true) return this.goOnWith(hedge, 0, failure, detail)
    const retry = unsent && known !== 'never' ? 'always' : known
    if (!this.tunnel && this.repeatsAfter(failure, retry, fresh)) this.again(0, failure, detail)
    else this.x.fail(failure, detail)
  }

  /** Because of this status, or of this failure. */
  private again(status: number, failure: FailureName | '', reason: string): void {
    this.leave(status, failure, reason)
    if (this.breaker !== null) {
      this.breaker.retries++
      this.repeating = true
    }
    this.metrics?.counter('portcullis_upstream_retries_total').add(1)
    if (this.pauseMs === 0) this.attempt()
    else this.attemptTimer = setTimeout(() => this.attempt(), timerMs(this.pauseMs))
  }

  /** The attempt is over, and another one follows, or is under way. */
  protected leave(status: number, failure: FailureName | '', reason: string): void {
    this.tried(status, failure, reason)
    this.countAttempt(status, failure)
    this.endAttempt()
    if (this.endpoint !== null) (this.failed ??= []).push(this.endpoint)
    this.endpoint = null
    this.sentMs = 0
    this.upstreamMs = -1
    this.takingSinceMs = -1
    this.breakerTold = false
  }

  /** One that another follows; the last is counted with its exchange. */
  private countAttempt(status: number, failure: FailureName | ''): void {
    if (status !== 0) this.metrics?.answered(status, this.upstreamMs / 1000)
    // That another one was faster is no failure.
    else if (this.sentMs > 0 && failure !== '')
      this.metrics?.unanswered((performance.now() - this.sentMs) / 1000)
  }

  private tried(status: number, failure: FailureName | '', reason: string): void {
    const { x, sentMs } = this
    const nowMs = performance.now()
    if (this.waitingSinceMs !== 0) this.waited(nowMs)
    x.tell().tried({
      endpoint: this.endpoint?.key ?? '',
      sentAfterMs: sentMs === 0 ? -1 : sentMs - x.startedMs,
      endedAfterMs: nowMs - x.startedMs,
      status,
      failure,
      reason,
    })
    this.endSpan(failure || (reason === 'outrun' ? 'outrun' : ''), nowMs)
  }

  private endSpan(failure: FailureName | 'outrun' | '', nowMs: number): void {
    const { span, x, status } = this
    if (span === null) return
    this.span = null
    this.status = 0
    x.span!.attempted(span, this.attempted(this.endpoint!, status, failure), x.callStatus, nowMs)
  }

  /** As a span has it. */
  attempted(
    { key }: Endpoint<UpstreamPool>,
    status: number,
    failure: FailureName | 'outrun' | '',
  ): Attempted {
    const { name, config } = this.cluster!
    const { protocol, tls } = config
    return {
      cluster: name,
      isHttp2: protocol === 'h2',
      isSecure: tls !== undefined,
      endpoint: key,
      status,
      failure,
    }
  }

  private endAttempt(): void {
    if (this.attemptTimer !== null) clearTimeout(this.attemptTimer)
    this.attemptTimer = null
    this.heardFirstByte()
    this.dropHedge()
    this.gathering?.leave()
    this.blocked = false
    this.held = false
    if (this.repeating) this.breaker!.retries--
    this.repeating = false
    if (this.queued) this.cluster!.queue.leave(this)
    this.queued = false
    this.stream?.abort()
    this.stream = null
    this.endpoint?.finish()
  }

  protected attemptTimedOut(limit: string): void {
    const failure = this.missed()
    const { hedge } = this
    if (hedge?.isUnderWay === true) {
      if (failure === 'http_response_timeout') this.hung()
      return this.goOnWith(hedge, 0, failure, limit)
    }
    if (!this.repeatsAfter(failure, failures[failure].retry, true)) return this.x.fail(failure, limit)
    if (failure === 'http_response_timeout') this.hung()
    this.again(0, failure, limit)
  }

  // The second attempt while the first is under way.

  protected override awaitFirstByte(): void {
    super.awaitFirstByte()
    const { hedging } = this.cluster!
    if (hedging === null || this.hedge !== null || this.heard || !this.mayBeHedged) return
    if (hedging.mayHedge(this.x.request.method)) this.hedge = new Hedge(this, hedging)
  }

  /** Never what is itself a repetition, or is to be repeated by nobody but a mesh; nor what belongs to one endpoint. */
  private get mayBeHedged(): boolean {
    const { request, body } = this.x
    if (this.attempts > 1 || this.kept !== null || request.upgrade !== '' || !body.replayable) return false
    return this.cluster!.config.meshed !== true && this.action.retry?.attempts !== 0 && !this.isRepeated
  }

  /** Null where there is no other, or none to spare. */
  hedgeEndpoint(): Endpoint<UpstreamPool> | null {
    const { cluster, endpoint, x } = this
    if (this.over || this.heard || endpoint === null || cluster!.pressed || !x.body.replayable) return null
    const other = cluster!.pick(endpoint, x)
    return other === endpoint ? null : other
  }

  hedgeBegins(): void {
    this.attempts++
    if (this.breaker !== null) this.breaker.retries++
    this.metrics?.counter('portcullis_upstream_hedges_total').add(1)
    this.tellDeadline()
  }

  /** The second has an answer before the first. */
  hedgeAnswered(hedge: Hedge, head: ResponseHead): void {
    const nowMs = performance.now()
    if (!this.endsRace(head)) return hedge.isBad(this.worthOf(head), nowMs)
    // What it has taken until now is the least that it would have.
    const tookMs = nowMs - this.sentMs
    hedge.observe(tookMs)
    this.endpoint!.latency?.observe(tookMs, false)
    this.metrics?.counter('portcullis_upstream_hedges_won_total').add(1)
    this.goOnWith(hedge, 0, '', 'outrun')
    this.onHead(head)
  }

  /** The second one takes the place of the first. */
  private goOnWith(hedge: Hedge, status: number, failure: FailureName | '', reason: string): void {
    this.hedge = null
    this.leave(status, failure, reason)
    this.endpoint = hedge.endpoint
    this.stream = hedge.taken()
    this.span = hedge.span
    this.sentMs = hedge.sentMs
    this.repeating = this.breaker !== null
    this.armAttempt(performance.now() - hedge.sentMs)
    this.awaitFirstByte()
  }

  hedgeEnded(failed: boolean, latencyMs: number): void {
    if (this.breaker === null) return
    this.breaker.retries--
    if (failed) this.breaker.answered(true, latencyMs, this.enteredUs)
  }

  private dropHedge(): void {
    this.hedge?.leave()
    this.hedge = null
  }

  /** Whether this answer is one for the client, so that nothing better is waited for. */
  protected endsRace(head: ResponseHead): boolean {
    return this.worthOf(head) < 500 && this.rules?.codes.includes(head.status) !== true
  }

  /** What an answer is judged by, as a status. */
  protected worthOf(head: ResponseHead): number {
    return head.status
  }

  /** The exchange is over, in whatever way. */
  cancel(): void {
    if (this.over) return
    this.over = true
    if (this.concurrency !== null) this.leaveConcurrency(false)
    if (this.x.failure === 'http_response_timeout') this.hung()
    if (this.span !== null) this.endSpan(this.failureOfBackend, performance.now())
    if (this.requestTimer !== null) clearTimeout(this.requestTimer)
    this.endAttempt()
    this.leaveBreaker()
  }

  /** What ended the last attempt: what is wrong with the client, or here, is nothing of it but that nobody wants the answer. */
  private get failureOfBackend(): FailureName | '' {
    const { failure } = this.x
    if (failure === null) return ''
    return failures[failure].side === 'upstream' || this.status === 0 ? failure : ''
  }

  /** Nothing more is asked of its cluster: what the client has yet to take of the answer keeps nobody else from it. */
  protected leaveBreaker(): void {
    if (this.repeating) this.breaker!.retries--
    this.repeating = false
    this.breaker?.left()
    this.breaker = null
  }

  /** Nothing is asked of the pace of its client. */
  abstract readonly exempt: boolean
  abstract onInformational(head: ResponseHead): void
  abstract onData(chunk: Buffer, start: number, end: number, lent: boolean): void
  abstract onEnd(trailers: Fields | null): void
  abstract onFlush(): boolean
  abstract onUpgrade(head: ResponseHead): void
  abstract onWritable(): void
}
