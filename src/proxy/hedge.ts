import { Note } from '../filters/notes.ts'
import { failures, type FailureName } from '../http/failures.ts'
import { Fields } from '../http/fields.ts'
import type { RequestHead, ResponseHead } from '../http/head.ts'
import { timerMs } from '../shared/timer.ts'
import { blameless, type Endpoint } from '../upstream/endpoint.ts'
import type { Hedging } from '../upstream/hedging.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import { isLuck, type UpstreamHandler, type UpstreamStream } from '../upstream/upstream-stream.ts'
import type { Cluster } from '../upstream/cluster.ts'
import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import type { Attempted, AttemptSpan } from './exchange-spans.ts'
import type { RunHost } from './run.ts'
import { ATTEMPT } from './repeating.ts'

/** For the access log: the second attempt `won`, or it `lost`; absent where there was none. */
const hedged = new Note<'won' | 'lost'>('hedged', 'portcullis.hedged')

/** Whose second attempt it is. As a handler it hears what comes once the second has taken the place of the first. */
export interface Hedged extends UpstreamHandler {
  readonly x: RunHost
  readonly cluster: Cluster<UpstreamPool> | null
  readonly attempts: number
  attempted(endpoint: Endpoint<UpstreamPool>, status: number, failure: FailureName | 'outrun' | ''): Attempted
  hedgeEndpoint(): Endpoint<UpstreamPool> | null
  hedgeBegins(): void
  hedgeAnswered(hedge: Hedge, head: ResponseHead): void
  /** It has lost, or `failed`. */
  hedgeEnded(failed: boolean, latencyMs: number): void
}

/**
 * A second attempt at another endpoint, while the first has no answer. It never waits for anything but its time: where no
 * connection is to be had, or the share of hedges is spent, there is none.
 */
export class Hedge implements UpstreamHandler {
  endpoint: Endpoint<UpstreamPool> | null = null
  sentMs = 0
  /** Null where nobody wants any. */
  span: AttemptSpan | null = null
  private stream: UpstreamStream | null = null
  /** It is the attempt of its request now. */
  private isTaken = false
  private timer: NodeJS.Timeout | null = null
  private readonly request: Hedged
  private readonly hedging: Hedging

  constructor(request: Hedged, hedging: Hedging) {
    this.request = request
    this.hedging = hedging
    const { delayMs } = hedging
    if (delayMs !== Infinity) this.timer = setTimeout(() => this.begin(), timerMs(delayMs))
  }

  get spanHome(): SpanHome | undefined {
    return this.request.x.spanHome
  }

  get isUnderWay(): boolean {
    return this.stream !== null
  }

  /** An answer of its request took so long. */
  observe(latencyMs: number): void {
    this.hedging.observe(latencyMs, performance.now())
  }

  private begin(): void {
    const { request, hedging } = this
    this.timer = null
    const endpoint = request.hedgeEndpoint()
    const cluster = request.cluster!
    if (endpoint === null || !cluster.mayHedge(hedging)) return
    const stream = endpoint.pool.acquire(Infinity, request.x)
    if (stream === null) return
    // Paid for once it can be sent; only where another worker has been first by an instant it is not.
    if (!cluster.affordsHedge(hedging)) return stream.abort()
    this.endpoint = endpoint
    this.stream = stream
    this.sentMs = performance.now()
    endpoint.begin()
    request.hedgeBegins()
    request.x.notes.set(hedged, 'lost')
    this.send(stream)
  }

  private send(stream: UpstreamStream): void {
    const { x, attempts } = this.request
    try {
      const head = repeated(x.request, attempts)
      if (x.span !== null) this.span = x.span.attempt(head, attempts, this.sentMs)
      stream.send(head, this)
    } catch {
      // What no serialiser takes the first attempt has failed with already.
      return this.leave()
    }
    if (x.request.length !== 0) x.body.replay(stream)
    stream.flush()
  }

  /** Its stream, whose request goes on with it. */
  taken(): UpstreamStream {
    const stream = this.stream!
    this.isTaken = true
    this.stream = null
    return stream
  }

  /** The first has an answer, or the exchange is over: who answers this one finds nobody. */
  leave(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    if (this.stream !== null) this.end(0, '', 'outrun', false)
  }

  /** Its answer is none for the client, as long as the first is under way. */
  isBad(status: number, nowMs: number): void {
    this.endpoint!.answered(status, nowMs - this.sentMs)
    this.end(status, '', '', status >= 500)
  }

  private end(status: number, failure: FailureName | '', reason: string, failed: boolean): void {
    const { x } = this.request
    const nowMs = performance.now()
    x.tell().outrun({
      endpoint: this.endpoint!.key,
      sentAfterMs: this.sentMs - x.startedMs,
      endedAfterMs: nowMs - x.startedMs,
      status,
      failure,
      reason,
    })
    if (this.span !== null) {
      const what = this.request.attempted(this.endpoint!, status, failure || (status === 0 ? 'outrun' : ''))
      x.span!.attempted(this.span, what, -1, nowMs)
    }
    this.stream?.abort()
    this.stream = null
    this.endpoint!.finish()
    this.request.hedgeEnded(failed, nowMs - this.sentMs)
  }

  // What its stream tells.

  onHead(head: ResponseHead): void {
    if (this.isTaken) return this.request.onHead(head)
    this.request.hedgeAnswered(this, head)
    if (this.isTaken) this.request.x.notes.set(hedged, 'won')
  }

  onFailure(failure: FailureName, detail: string): void {
    const { stream, request } = this
    if (this.isTaken) return request.onFailure(failure, detail)
    const luck = isLuck(stream!, failure)
    if (stream!.connectedMs !== 0 && !luck) this.endpoint!.broke(failure)
    const failed = failures[failure].side === 'upstream' && !blameless.has(failure) && !luck
    this.end(0, failure, detail, failed)
  }

  onInformational(head: ResponseHead): void {
    if (this.isTaken) this.request.onInformational(head)
  }

  onData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    this.request.onData(chunk, start, end, lent)
  }

  onEnd(trailers: Fields | null): void {
    this.request.onEnd(trailers)
  }

  onFlush(): boolean {
    return this.isTaken ? this.request.onFlush() : true
  }

  onWritable(): void {
    if (this.isTaken) this.request.onWritable()
  }

  /** Requests that ask for it are not hedged. */
  onUpgrade(head: ResponseHead): void {
    this.request.onUpgrade(head)
  }
}

/** Another head, for that of the first attempt may still wait for its connection. */
function repeated(head: RequestHead, attempt: number): RequestHead {
  const fields = new Fields([...head.fields.list])
  fields.set('X-Portcullis-Attempt', String(attempt), ATTEMPT)
  return { ...head, fields }
}
