import type { FailureName } from '../http/failures.ts'
import { ownedFields } from '../http/owned-fields.ts'
import { timerMs } from '../shared/timer.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { UpstreamStream } from '../upstream/upstream-stream.ts'
import type { Gathering } from './gathering.ts'
import type { CompiledForward } from './rule.ts'
import type { RunHost } from './run.ts'

/** How long an exchange may take, its attempts, and the beginning of an answer; and whose fault it is where one of them takes longer. */
export abstract class AttemptTimes {
  endpoint: Endpoint<UpstreamPool> | null = null
  cluster: Cluster<UpstreamPool> | null = null
  /** When the last attempt was sent, and how long its answer's head took. */
  sentMs = 0
  upstreamMs = -1
  /** Since when we and the client have taken all that comes of an answer whose length the backend has told; -1: the backend has not. */
  protected takingSinceMs = -1
  /** As its endpoint is judged by, of the last attempt's head. */
  protected verdict = 0
  /** The upstream is paused because the client is slow. */
  blocked = false
  /** The upstream is paused because something of ours is waited for. */
  protected held = false
  readonly x: RunHost
  protected readonly action: CompiledForward
  protected stream: UpstreamStream | null = null
  protected gathering: Gathering | null = null
  protected requestTimer: NodeJS.Timeout | null = null
  /** Of the attempt under way, or of the pause before the next. */
  protected attemptTimer: NodeJS.Timeout | null = null
  private firstByteTimer: NodeJS.Timeout | null = null

  constructor(x: RunHost, action: CompiledForward) {
    this.x = x
    this.action = action
  }

  /** The whole of the exchange may take so long; 0 is no limit. */
  protected get requestTimeoutMs(): number {
    const { untilMs, startedMs, streams = false } = this.x
    const ruleMs = streams ? 0 : this.ruleTimeoutMs
    if (untilMs === Infinity) return ruleMs
    const leftMs = Math.max(1, untilMs - startedMs)
    return ruleMs > 0 ? Math.min(ruleMs, leftMs) : leftMs
  }

  /** The same by what is configured, whatever the client wants. */
  private get ruleTimeoutMs(): number {
    const { requestTimeoutMs } = this.action
    // "A zero value disables": not even the policy of the backend limits it.
    if (requestTimeoutMs === Infinity) return 0
    return requestTimeoutMs || this.cluster?.config.requestTimeoutMs || 0
  }

  /** When the time of the whole is over, by performance.now. */
  get deadlineMs(): number {
    const { requestTimeoutMs } = this
    return requestTimeoutMs > 0 ? this.x.startedMs + requestTimeoutMs : Infinity
  }

  /** The same of the attempt that begins, for a stream that tells its backend. */
  get answerByMs(): number {
    return performance.now() + this.leftMs()
  }

  /** The request's head is here: from now on the time of the whole runs, filters included. */
  arm(): void {
    const { requestTimeoutMs } = this
    if (requestTimeoutMs > 0) this.requestTimer = setTimeout(() => this.timedOut(), timerMs(requestTimeoutMs))
  }

  /** Where the backend's policy has a time that the route has not. */
  armAgain(): void {
    const { requestTimeoutMs } = this
    if (requestTimeoutMs <= 0) return
    if (this.requestTimer !== null) clearTimeout(this.requestTimer)
    const leftMs = Math.max(1, this.x.startedMs + requestTimeoutMs - performance.now())
    this.requestTimer = setTimeout(() => this.timedOut(), timerMs(leftMs))
  }

  /** What there is to come of the answer may take as long as it likes. */
  protected untime(): void {
    if (this.attemptTimer !== null) clearTimeout(this.attemptTimer)
    if (this.requestTimer !== null) clearTimeout(this.requestTimer)
  }

  /** One attempt may take so long; 0 is no limit. */
  protected get attemptTimeoutMs(): number {
    const { backendTimeoutMs } = this.action
    if (backendTimeoutMs === Infinity) return 0
    return backendTimeoutMs || this.cluster!.config.attemptTimeoutMs || 0
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

  protected heardFirstByte(): void {
    if (this.firstByteTimer !== null) clearTimeout(this.firstByteTimer)
    this.firstByteTimer = null
  }

  /** The backend is told what is left: what it answers after that, nobody reads. Never 0, which many read as no limit. */
  protected tellDeadline(): void {
    const { deadlineHeader } = this.cluster!.config
    if (deadlineHeader === undefined) return
    const { fields } = this.x.request
    const lower = deadlineHeader.toLowerCase()
    // Whoever has let that pass: a second Content-Length would be a request smuggled.
    if (ownedFields.has(lower)) return
    const leftMs = this.leftMs()
    fields.keep(lower)
    if (leftMs === Infinity) fields.remove(lower)
    else fields.set(deadlineHeader, String(Math.max(1, Math.floor(leftMs))), lower)
  }

  /** For the attempt that begins. Of an answer that goes on it is what the client gives it: a backend that is told ends it by that. */
  protected leftMs(): number {
    if (this.x.streams === true) return Math.max(0, this.x.untilMs - performance.now())
    const { attemptTimeoutMs } = this
    const leftMs = Math.max(0, this.deadlineMs - performance.now())
    return attemptTimeoutMs > 0 ? Math.min(attemptTimeoutMs, leftMs) : leftMs
  }

  /** The time of an attempt that began `sinceMs` ago. */
  protected armAttempt(sinceMs: number): void {
    const { attemptTimeoutMs } = this
    if (attemptTimeoutMs <= 0) return
    const leftMs = timerMs(Math.max(1, attemptTimeoutMs - sinceMs))
    this.attemptTimer = setTimeout(() => this.attemptTimedOut(this.attemptLimit), leftMs)
  }

  /** The answer to this attempt has begun, though it may be held here still. */
  protected get heard(): boolean {
    return this.x.committed || this.upstreamMs >= 0
  }

  /**
   * No answer in time. It is the endpoint's fault only where it has the whole of the request, had time for it, and has not
   * begun to answer; or where what it has begun is to be of a length that it has told, so that it is no stream without end,
   * and neither the client nor we were what it waited for.
   */
  protected hung(): void {
    const { body } = this.x
    if (this.stream === null || !body.complete) return
    if (this.heard && (this.takingSinceMs < 0 || this.blocked || this.held || this.verdict >= 500)) return
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

  protected abstract attemptTimedOut(limit: string): void
  /** Once for each attempt, by what is known first. */
  protected abstract tellBreaker(failed: boolean): void
}
