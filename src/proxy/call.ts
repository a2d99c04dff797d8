import type { SpanHome } from '../telemetry/spans/span-settings.ts'
import { CallFailure, type CallOptions, type OutgoingRequest } from '../filters/kit.ts'
import { hasControl } from '../http/chars.ts'
import { failures, type FailureName } from '../http/failures.ts'
import { Fields } from '../http/fields.ts'
import { CHUNKED, NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts'
import { canonicalHostname } from '../http/hostname.ts'
import { idempotentMethods } from '../http/idempotent.ts'
import { ownedFields } from '../http/owned-fields.ts'
import { shareKey } from '../http/share-key.ts'
import { MOST_TIMER_MS } from '../shared/timer.ts'
import type { ClusterMetrics } from '../telemetry/instruments.ts'
import type { Cluster, Yielding } from '../upstream/cluster.ts'
import type { Endpoint } from '../upstream/endpoint.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { Waiter } from '../upstream/queue.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream/upstream-stream.ts'

/** A POST is put on no connection that has been idle for so long without a look (as forward.ts has it). */
const LOOK_AFTER_MS = 1_000

/**
 * A request of our own, asked by a filter. It meets the cluster as any other
 * request does: its balancer, pools, limits, those who wait, TLS, ejection and
 * metrics. What becomes of its answer is up to who extends it.
 */
export abstract class Call<T> implements UpstreamHandler, Waiter<Endpoint<UpstreamPool>>, Yielding {
  readonly client: string
  protected readonly options: CallOptions
  protected readonly outcome = Promise.withResolvers<T>()
  protected answer: ResponseHead | null = null
  protected stream: UpstreamStream | null = null
  protected over = false
  private readonly cluster: Cluster<UpstreamPool>
  private readonly metrics: ClusterMetrics
  private readonly head: RequestHead
  private readonly body: Buffer
  private endpoint: Endpoint<UpstreamPool> | null = null
  private wanted: Endpoint<UpstreamPool> | null = null
  private lost: Endpoint<UpstreamPool> | null = null
  private timer: NodeJS.Timeout | null = null
  private patience: NodeJS.Timeout | null = null
  private attempts = 0
  private sentMs = 0
  private metClosed = false

  /** Throws where the request would break the message apart. */
  constructor(
    cluster: Cluster<UpstreamPool>,
    metrics: ClusterMetrics,
    request: OutgoingRequest,
    options: CallOptions,
  ) {
    this.cluster = cluster
    this.metrics = metrics
    this.options = options
    this.client = options.client === undefined ? 'gateway' : shareKey(options.client)
    this.body = request.body ?? Buffer.alloc(0)
    this.head = headOf(request, cluster.config.tls === undefined ? 'http' : 'https')
  }

  begin(): Promise<T> {
    const { signal, deadlineMs } = this.options
    if (signal?.aborted === true) this.fail('client_gone', '')
    else {
      signal?.addEventListener('abort', this.aborted)
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) this.fail('http_response_timeout', 'deadline')
      else {
        if (leftMs < MOST_TIMER_MS) this.timer = setTimeout(() => this.timedOut(), Math.ceil(leftMs))
        this.attempt()
      }
    }
    return this.outcome.promise
  }

  private attempt(): void {
    const { cluster } = this
    const endpoint = this.chosen()
    if (endpoint === null) return this.fail(cluster.unavailable, cluster.unavailableReason)
    this.attempts++
    const stream = endpoint.pool.acquire(this.lookAfterMs)
    if (stream !== null) return this.granted(stream, endpoint)
    if (cluster.sticky) this.wanted = endpoint
    if (!cluster.queue.wait(this, performance.now())) return this.refused('connection_limit_reached')
    cluster.pressure.waited(this.client, cluster.queue.clients)
    this.bePatient()
  }

  private bePatient(): void {
    const { patienceMs } = this.options
    if (patienceMs !== undefined) this.patience = setTimeout(() => this.press(), patienceMs)
  }

  /** One round of turns is made room for, as long as others have more places than this client. */
  private press(): void {
    const { cluster } = this
    for (let left = cluster.queue.clients; left > 0 && this.patience !== null; left--) {
      const [longest] = cluster.yielding.most(this.client)
      if (longest === undefined) break
      longest.giveWay()
    }
    if (this.patience !== null) this.bePatient()
  }

  /** Yielding. */
  giveWay(): void {
    this.fail('connection_limit_reached', 'gave_way')
  }

  /** It is nobody's turn any more to wait for it, nor to have its place. */
  protected settle(): void {
    if (this.patience !== null) clearTimeout(this.patience)
    this.patience = null
    this.cluster.yielding.delete(this)
  }

  private chosen(): Endpoint<UpstreamPool> | null {
    const { head, options } = this
    return this.cluster.pick(this.lost, {
      clientAddress: options.client ?? '',
      request: head,
      principal: null,
    })
  }

  // Waiter.

  /** As Attempting has it. */
  get wants(): Endpoint<UpstreamPool> | null {
    if (this.wanted !== null && !this.wanted.serves) this.wanted = this.chosen()
    return this.wanted
  }

  granted(stream: UpstreamStream, endpoint: Endpoint<UpstreamPool>): void {
    this.settle()
    if (this.options.patienceMs !== undefined) this.cluster.yielding.add(this)
    this.endpoint = endpoint
    this.stream = stream
    this.sentMs = performance.now()
    endpoint.begin()
    try {
      // Another attempt must not meet what a codec has made of the head.
      stream.send({ ...this.head, fields: new Fields([...this.head.fields.list]) }, this)
    } catch (error) {
      return this.fail('proxy_internal_error', String(error))
    }
    if (this.body.length > 0) {
      stream.write(this.body, 0, this.body.length)
      stream.end(null)
    }
    stream.flush()
  }

  refused(failure: FailureName): void {
    this.fail(failure, '')
  }

  // UpstreamHandler.

  get answerByMs(): number {
    return this.options.deadlineMs
  }

  get spanHome(): SpanHome | undefined {
    return this.options.spanHome
  }

  onInformational(): void {}
  abstract onWritable(): void
  abstract onData(chunk: Buffer, start: number, end: number): void
  abstract onFlush(): boolean
  /** The head of the answer is here. */
  protected abstract headed(head: ResponseHead): void
  /** All of the answer is. */
  protected abstract ended(head: ResponseHead, trailers: Fields | null): void

  onHead(head: ResponseHead): void {
    const latencyMs = performance.now() - this.sentMs
    this.metrics.answered(head.status, latencyMs / 1000)
    this.endpoint!.answered(head.status, latencyMs)
    this.answer = head
    this.headed(head)
  }

  onEnd(trailers: Fields | null): void {
    this.stream = null
    const head = this.answer!
    if (head.status < 500) this.endpoint!.completed(head.status)
    this.finish()
    this.ended(head, trailers)
  }

  onUpgrade(): void {
    this.fail('http_protocol_error', 'unexpected_101')
  }

  onFailure(failure: FailureName, detail: string): void {
    const { fresh = true, unsent = false, connectedMs } = this.stream ?? {}
    this.stream = null
    // As forward.ts has it.
    const mayBeLuck = unsent || (!fresh && failure === 'connection_terminated')
    if (connectedMs !== 0 && !mayBeLuck) this.endpoint!.broke(failure)
    if (this.answer !== null || !this.mayRepeat(failure, fresh, unsent)) return this.fail(failure, detail)
    this.metClosed = !fresh
    this.settle()
    this.unanswered()
    this.lost = this.endpoint
    this.endpoint?.finish()
    this.endpoint = null
    this.metrics.counter('portcullis_upstream_retries_total').add(1)
    this.attempt()
  }

  private mayRepeat(failure: FailureName, fresh: boolean, unsent: boolean): boolean {
    if (this.attempts >= this.cluster.config.connectAttempts) return false
    if (unsent || failures[failure].retry === 'always') return true
    return failure === 'connection_terminated' && !fresh && this.safeToRepeat
  }

  private get safeToRepeat(): boolean {
    return idempotentMethods.has(this.head.method) || this.cluster.config.repeatNonIdempotent === true
  }

  private get lookAfterMs(): number {
    if (this.metClosed) return 0
    return this.safeToRepeat ? Infinity : LOOK_AFTER_MS
  }

  private readonly aborted = (): void => this.fail('client_gone', '')

  /** What follows is for as long as it takes. */
  protected untimed(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  private timedOut(): void {
    if (this.stream?.connecting !== true) {
      if (this.stream !== null) this.endpoint!.broke('http_response_timeout')
      return this.fail('http_response_timeout', 'deadline')
    }
    // Whoever's patience ended first: an endpoint that is down must be ejected (as forward.ts has it).
    this.endpoint!.connectFailed('connection_timeout', performance.now())
    this.fail('connection_timeout', 'deadline')
  }

  protected fail(failure: FailureName, detail: string): void {
    if (this.over) return
    if (this.answer === null && failures[failure].side === 'upstream') this.unanswered()
    this.finish()
    this.failed(failure, detail)
  }

  protected failed(failure: FailureName, detail: string): void {
    this.outcome.reject(new CallFailure(failure, detail))
  }

  private unanswered(): void {
    if (this.endpoint !== null) this.metrics.unanswered((performance.now() - this.sentMs) / 1000)
  }

  protected finish(): void {
    this.over = true
    this.untimed()
    this.options.signal?.removeEventListener('abort', this.aborted)
    this.settle()
    this.cluster.queue.leave(this)
    this.stream?.abort()
    this.stream = null
    this.endpoint?.finish()
    this.endpoint = null
  }
}

function headOf(
  { method, target, authority, fields, body, trailers, streams }: OutgoingRequest,
  scheme: 'http' | 'https',
): RequestHead {
  const mark = target.indexOf('?')
  const end = mark === -1 ? target.length : mark
  return {
    method,
    scheme,
    authority,
    hostname: canonicalHostname(authority.replace(/:\d*$/, '')),
    path: target.slice(0, end),
    query: target.slice(end),
    version: 11,
    fields: new Fields(endToEnd(fields)),
    length: streams === true ? CHUNKED : body === undefined || body.length === 0 ? NO_BODY : body.length,
    hasLength: body !== undefined,
    keepAlive: true,
    upgrade: '',
    expectContinue: false,
    acceptsTrailers: trailers === true,
    trailer: '',
    hints: 0,
  }
}

/** A filter may have computed a value of what a client sent: a line break in it would be a second request. */
function endToEnd(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    const value = fields[i + 1]!
    if (ownedFields.has(name.toLowerCase())) continue
    if (hasControl(value) || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      throw new CallFailure(
        'proxy_internal_error',
        `a field ${JSON.stringify(name)} that no request can have`,
      )
    kept.push(name, value)
  }
  return kept
}
