import { failures, type FailureName, type FailureType } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import { HINT_OWN, type ResponseHead } from '../http/head.ts'
import { idempotentMethods } from '../http/idempotent.ts'
import type { Breaker } from '../upstream/breaker.ts'
import type { Cluster } from '../upstream/cluster.ts'
import { blameless, type Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream/upstream-stream.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Waiter } from '../upstream/queue.ts'
import type { FilterSteps } from '../filters/compile.ts'
import { backendDefaults } from '../model/defaults.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import { timerMs } from '../shared/timer.ts'
import { chooseBackend } from './backend.ts'
import type { RequestBody } from './body.ts'
import { Gathering, hasBegun } from './gathering.ts'
import { pauseBefore, retryAfterMs, withPolicy, type RetryRules } from './retry-rules.ts'
import type { CompiledBackend, CompiledForward } from './rule.ts'
import type { RunHost } from './run.ts'

/** Below this a connection is not looked at: closing by time takes longer, and looking costs some microseconds. */
const LOOK_AFTER_MS = 1_000

/** Which attempt of somebody's a request is, in lower case. */
const ATTEMPT = 'x-portcullis-attempt'

/**
 * The attempts of one exchange: where to, on which connection, how long they may take, and whether another one follows.
 * What passes meanwhile, in both directions, is a Forwarding's, which is one of these.
 */
export abstract class Attempting implements UpstreamHandler, Waiter<Endpoint<UpstreamPool>> {
  endpoint: Endpoint<UpstreamPool> | null = null
  cluster: Cluster<UpstreamPool> | null = null
  metrics: ClusterMetrics | null = null
  attempts = 0
  /** When the last attempt was sent, and how long its answer's head took. */
  sentMs = 0
  upstreamMs = -1
  /** Since when the client has taken all that comes of an answer whose length the backend has told; -1: the backend has not. */
  protected takingSinceMs = -1
  /** As its endpoint is judged by, of the last attempt's head. */
  protected verdict = 0
  /** Bytes are passed as they are, both ways. */
  tunnel = false
  /** The upstream is paused because the client is slow. */
  blocked = false
  protected readonly x: RunHost
  protected readonly action: CompiledForward
  private backend: CompiledBackend | null = null
  protected stream: UpstreamStream | null = null
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
  /** Before the next attempt. */
  private pauseMs = 0
  /** The request says to the backend that it is one that we repeat. */
  private saysRepeated = false
  protected requestTimer: NodeJS.Timeout | null = null
  /** Of the attempt under way, or of the pause before the next. */
  protected attemptTimer: NodeJS.Timeout | null = null
  private firstByteTimer: NodeJS.Timeout | null = null
  /** It counts this exchange, and whether that repeats now. */
  private breaker: Breaker | null = null
  private repeating = false
  private enteredUs = 0
  /** It has been told of this attempt. */
  private breakerTold = false
  private key: string | null = null
  protected gathering: Gathering | null = null

  constructor(x: RunHost, action: CompiledForward) {
    this.x = x
    this.action = action
  }

  /** Whose share this exchange counts as, where there is not enough for all. */
  get client(): string {
    return (this.key ??= this.x.share)
  }

  get body(): RequestBody {
    return this.x.body
  }

  /** The whole of the exchange may take so long; 0 is no limit. */
  protected get requestTimeoutMs(): number {
    return this.ruleTimeoutMs
  }

  /** The same by what is configured, whatever the client wants. */
  private get ruleTimeoutMs(): number {
    return this.action.requestTimeoutMs || this.cluster?.config.requestTimeoutMs || 0
  }

  get steps(): FilterSteps | null {
    return this.backend === null ? null : this.backend.steps
  }

  get silenceMs(): number {
    return this.cluster === null ? backendDefaults.silenceMs : this.cluster.config.silenceMs
  }

  /** When the time of the whole is over, by performance.now. */
  get deadlineMs(): number {
    const { requestTimeoutMs } = this
    return requestTimeoutMs > 0 ? this.x.startedMs + requestTimeoutMs : Infinity
  }

  /** The request's head is here: from now on the time of the whole runs, filters included. */
  arm(): void {
    const { requestTimeoutMs } = this
    if (requestTimeoutMs > 0) this.requestTimer = setTimeout(() => this.timedOut(), timerMs(requestTimeoutMs))
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

  /** Where the backend's policy has a time that the route has not. */
  private armAgain(): void {
    const { requestTimeoutMs } = this
    if (requestTimeoutMs <= 0) return
    if (this.requestTimer !== null) clearTimeout(this.requestTimer)
    const leftMs = Math.max(1, this.x.startedMs + requestTimeoutMs - performance.now())
    this.requestTimer = setTimeout(() => this.timedOut(), timerMs(leftMs))
  }

  /** Begins the first attempt. */
  protected beginAttempts(): void {
    const { retries, breaker } = this.cluster!
    if (breaker !== null) {
      const refusal = breaker.enter()
      if (refusal !== null) return this.x.fail(refusal, '')
      this.breaker = breaker
      this.enteredUs = breaker.enteredUs
    }
    retries.requests++
    if (this.isRepeated) retries.note()
    this.attempt()
  }

  private attempt(): void {
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
    const { attemptTimeoutMs } = this
    const endpoint = this.chosen()
    if (endpoint === null) return this.x.fail(cluster.unavailable, cluster.unavailableReason)
    this.attempts++
    if (attemptTimeoutMs > 0)
      this.attemptTimer = setTimeout(() => this.attemptTimedOut(this.attemptLimit), timerMs(attemptTimeoutMs))
    const stream = endpoint.pool.acquire(this.lookAfterMs)
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
    if (x.body.complete) this.awaitFirstByte()
    this.tellDeadline()
    try {
      stream.send(x.request, this)
    } catch (error) {
      // The serialiser refuses what a filter has made of the head: that is the end of this request, not of the worker.
      return x.fail('proxy_internal_error', String(error))
    }
    if (x.body.bytes > 0 || (x.body.complete && x.request.length !== 0)) x.body.replay(stream)
    if (x.turn) return
    if (stream.flush()) x.resumeRequest()
  }

  /** One attempt may take so long; 0 is no limit. */
  private get attemptTimeoutMs(): number {
    return this.action.backendTimeoutMs || this.cluster!.config.attemptTimeoutMs || 0
  }

  /** For the log: by whose word it was over. */
  private get attemptLimit(): string {
    return this.action.backendTimeoutMs > 0 ? 'timeouts.backendRequest' : 'timeouts.attempt'
  }

  /** All of the request is here and sent: before that it is the client that is waited for. */
  protected awaitFirstByte(): void {
    const { firstByteTimeoutMs } = this.cluster!.config
    if (firstByteTimeoutMs === undefined || this.upstreamMs >= 0 || this.firstByteTimer !== null) return
    this.firstByteTimer = setTimeout(
      () => this.attemptTimedOut('timeouts.firstByte'),
      timerMs(firstByteTimeoutMs),
    )
  }

  private heardFirstByte(): void {
    if (this.firstByteTimer !== null) clearTimeout(this.firstByteTimer)
    this.firstByteTimer = null
  }

  /** The backend is told what is left: what it answers after that, nobody reads. Never 0, which many read as no limit. */
  protected tellDeadline(): void {
    const { deadlineHeader } = this.cluster!.config
    if (deadlineHeader === undefined) return
    const { fields } = this.x.request
    const leftMs = this.leftMs()
    if (leftMs === Infinity) fields.remove(deadlineHeader.toLowerCase())
    else fields.set(deadlineHeader, String(Math.max(1, Math.floor(leftMs))))
  }

  /** For the attempt that begins. */
  protected leftMs(): number {
    const { attemptTimeoutMs } = this
    const leftMs = Math.max(0, this.deadlineMs - performance.now())
    return attemptTimeoutMs > 0 ? Math.min(attemptTimeoutMs, leftMs) : leftMs
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
    if (this.repeats(head)) return this.again(head.status, '', '')
    this.x.sendHead(head)
  }

  protected answered(status: number): void {
    const { connectedMs = 0 } = this.stream ?? {}
    this.upstreamMs = performance.now() - this.sentMs
    this.heardFirstByte()
    if (connectedMs > this.sentMs) this.x.tell().connectMs = connectedMs - this.sentMs
    this.verdict = this.judged(status)
    this.endpoint!.answered(this.verdict, this.upstreamMs)
    if (this.action.sessions !== null)
      this.action.sessions.answered(this.x.writtenNotes, this.cluster!, this.endpoint!)
    this.tellBreaker(this.verdict >= 500)
  }

  /** Once for each attempt, by what is known first. */
  protected tellBreaker(failed: boolean): void {
    if (this.breakerTold) return
    this.breakerTold = true
    this.breaker?.answered(failed, Math.max(0, this.upstreamMs), this.enteredUs)
  }

  /** The answer to this attempt has begun, though it may be held here still. */
  private get heard(): boolean {
    return this.x.committed || this.upstreamMs >= 0
  }

  /** What an answer of this status says of the endpoint, as a status. */
  protected judged(status: number): number {
    return status
  }

  onFailure(failure: FailureName, detail: string): void {
    const { fresh = true, unsent = false, connectedMs } = this.stream ?? {}
    // All the time went into a connection that was never there.
    if (connectedMs === 0) this.x.tell().connectMs = performance.now() - this.sentMs
    this.stream = null
    this.metClosed = !fresh
    // A kept connection that ends before a byte of an answer, or of the request, may just have been closed.
    const mayBeLuck = unsent || (!fresh && failure === 'connection_terminated')
    if (connectedMs !== 0 && !mayBeLuck && !this.tunnel) this.endpoint!.broke(failure)
    const { retry: known, side } = failures[failure]
    if (side === 'upstream' && !blameless.has(failure) && !mayBeLuck && !this.tunnel) this.tellBreaker(true)
    const retry = unsent && known !== 'never' ? 'always' : known
    if (!this.tunnel && this.repeatsAfter(failure, retry, fresh)) this.again(0, failure, detail)
    else this.x.fail(failure, detail)
  }

  /** Whether another attempt follows this failure, and when. What may have been met asks the budget. */
  private repeatsAfter(failure: FailureName, retry: FailureType['retry'], fresh: boolean): boolean {
    if (this.x.committed || !this.mayRetry(failure, retry, fresh) || !this.waits(0)) return false
    if (retry === 'always') return true
    if (!this.cluster!.affordsRetry(this.repeating)) return false
    this.sayRepeated()
    return true
  }

  /** Whether another attempt is right after this failure (see http/failures.ts). */
  private mayRetry(failure: FailureName, retry: FailureType['retry'], fresh: boolean): boolean {
    const { rules } = this
    if (retry === 'never' || !this.x.body.replayable) return false
    const { connectAttempts } = this.cluster!.config
    if (retry === 'always')
      return this.attempts < (rules?.connectFailures === true ? 1 + rules.attempts : connectAttempts)
    if (!this.safeToRepeat) return false
    if (rules !== null && (failure === 'http_response_timeout' ? rules.timeouts : rules.resets))
      return this.attempts <= rules.attempts
    // Without a policy only the race with an upstream that closes a kept connection is mended. One that said a byte has
    // met the request.
    return failure === 'connection_terminated' && !fresh && this.attempts < connectAttempts
  }

  /** Whether another attempt follows this answer, and when. */
  private repeats(head: ResponseHead): boolean {
    const { callStatus, body } = this.x
    if (head.status < 400 && callStatus <= 0) return false
    const { rules } = this
    if (rules === null || this.attempts > rules.attempts) return false
    if (!rules.codes.includes(head.status) && !rules.grpcCodes.includes(callStatus)) return false
    if (!body.replayable || !this.safeToRepeat || !this.waits(retryAfterMs(head, Date.now()))) return false
    if (!this.cluster!.affordsRetry(this.repeating)) return false
    this.sayRepeated()
    return true
  }

  /** Null where nothing is repeated but what nobody can have met. */
  private get rules(): RetryRules | null {
    const { retry: route } = this.action
    // "An explicit zero value MUST disable retries" (HTTPRouteRetry.attempts): also those of connections.
    if (route?.attempts === 0) return route
    const { retry, meshed = false } = this.cluster!.config
    if (meshed || this.isRepeated) return null
    return retry === undefined || (route === null && retry.attempts === null)
      ? route
      : withPolicy(route, retry)
  }

  /** A layer before us repeats it: four attempts of ours for each of its four would be sixteen. */
  private get isRepeated(): boolean {
    const { hints, fields } = this.x.request
    return (hints & HINT_OWN) !== 0 && !this.saysRepeated && Number(fields.get(ATTEMPT) ?? 1) > 1
  }

  /** The next layer is not to repeat what we do. */
  private sayRepeated(): void {
    this.saysRepeated = true
    this.x.request.fields.set('X-Portcullis-Attempt', String(this.attempts + 1), ATTEMPT)
  }

  /** Whether there is time for another attempt, and as much as the backend asks to be left alone. */
  private waits(askedMs: number): boolean {
    const { rules } = this
    this.pauseMs = rules === null ? 0 : pauseBefore(rules, this.attempts, askedMs)
    return this.pauseMs === 0 || performance.now() + this.pauseMs < this.deadlineMs
  }

  private get safeToRepeat(): boolean {
    const { request } = this.x
    if (idempotentMethods.has(request.method) || request.fields.has('idempotency-key')) return true
    return this.cluster?.config.repeatNonIdempotent === true
  }

  /** Because of this status, or of this failure. */
  protected again(status: number, failure: FailureName | '', reason: string): void {
    this.tried(status, failure, reason)
    this.countAttempt(status)
    this.endAttempt()
    if (this.breaker !== null) {
      this.breaker.retries++
      this.repeating = true
    }
    if (this.endpoint !== null) (this.failed ??= []).push(this.endpoint)
    this.endpoint = null
    this.sentMs = 0
    this.upstreamMs = -1
    this.takingSinceMs = -1
    this.breakerTold = false
    this.metrics?.counter('portcullis_upstream_retries_total').add(1)
    if (this.pauseMs === 0) this.attempt()
    else this.attemptTimer = setTimeout(() => this.attempt(), timerMs(this.pauseMs))
  }

  /** One that another follows; the last is counted with its exchange. */
  private countAttempt(status: number): void {
    if (status !== 0) this.metrics?.answered(status, this.upstreamMs / 1000)
    else if (this.sentMs > 0) this.metrics?.unanswered((performance.now() - this.sentMs) / 1000)
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
  }

  private endAttempt(): void {
    if (this.attemptTimer !== null) clearTimeout(this.attemptTimer)
    this.attemptTimer = null
    this.heardFirstByte()
    this.gathering?.leave()
    this.blocked = false
    if (this.repeating) this.breaker!.retries--
    this.repeating = false
    if (this.queued) this.cluster!.queue.leave(this)
    this.queued = false
    this.stream?.abort()
    this.stream = null
    this.endpoint?.finish()
  }

  private attemptTimedOut(limit: string): void {
    const failure = this.missed()
    if (!this.repeatsAfter(failure, failures[failure].retry, true)) return this.x.fail(failure, limit)
    if (failure === 'http_response_timeout') this.hung()
    this.again(0, failure, limit)
  }

  /**
   * No answer in time. It is the endpoint's fault only where it has the whole of the request, had time for it, and has not
   * begun to answer; or where what it has begun is to be of a length that it has told, so that it is no stream without end,
   * and the client was not what it waited for.
   */
  protected hung(): void {
    const { body } = this.x
    if (this.stream === null || !body.complete) return
    if (this.heard && (this.takingSinceMs < 0 || this.blocked || this.verdict >= 500)) return
    if (!this.hadTime(this.heard ? this.takingSinceMs : body.completeMs)) return
    this.endpoint!.broke('http_response_timeout')
    this.tellBreaker(true)
  }

  /** Since `sinceMs` the endpoint has had half of the shortest limit at least: what the client, filters or an attempt before have used up is not its own. */
  private hadTime(sinceMs: number): boolean {
    const { firstByteTimeoutMs = 0, connectTimeoutMs, silenceMs } = this.cluster!.config
    const limits = [this.attemptTimeoutMs, this.ruleTimeoutMs, firstByteTimeoutMs, silenceMs]
    if (this.stream?.connecting === true) limits.push(connectTimeoutMs)
    const shortestMs = Math.min(...limits.filter(ms => ms > 0))
    return performance.now() - Math.max(this.sentMs, sinceMs) >= shortestMs / 2
  }

  protected timedOut(): void {
    this.x.fail(this.missed(), 'timeouts.request')
  }

  /**
   * What did not come in time. A connection that is not there by now has failed, whoever's patience ended first:
   * otherwise an endpoint that is down would never be ejected where timeouts of routes are below that of connecting.
   */
  protected missed(): FailureName {
    if (this.gathering?.underWay === true) return 'http_request_timeout'
    if (this.stream?.connecting !== true) return 'http_response_timeout'
    if (this.hadTime(0)) {
      this.endpoint!.connectFailed('connection_timeout', performance.now())
      this.tellBreaker(true)
    }
    return 'connection_timeout'
  }

  /** The exchange is over, in whatever way. */
  cancel(): void {
    if (this.over) return
    this.over = true
    this.breaker?.left()
    if (this.x.failure === 'http_response_timeout') this.hung()
    if (this.requestTimer !== null) clearTimeout(this.requestTimer)
    this.endAttempt()
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
