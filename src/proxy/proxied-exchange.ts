import type { Source } from '../upstream/proxy-header.ts'
import type { Remote } from './remote.ts'
import type { BodyHold, Transformed } from '../filters/body.ts'
import type { FilterSteps, RequestStep, SteppedExchange } from '../filters/compile.ts'
import type { Asked, ClientCertificate, Exchange, Served, Verdict } from '../filters/filter.ts'
import { identityNote } from '../filters/identity.ts'
import { Notes } from '../filters/notes.ts'
import { CRITICAL, NORMAL, type Ranking } from '../filters/priority.ts'
import type { FailureName } from '../http/failures.ts'
import { Fields } from '../http/fields.ts'
import { NO_BODY, type RequestHead } from '../http/head.ts'
import { backendDefaults } from '../model/defaults.ts'
import type { OtherBackend } from '../filters/kit.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import type { ExchangeSpan } from './exchange-spans.ts'
import { UNTOLD, type SpanHome } from '../telemetry/spans/span-settings.ts'
import { propagate, type TraceContext } from '../telemetry/trace.ts'
import { Answering, dropped, type LeftFor } from './answering.ts'
import { BodyFlow } from './body-flow.ts'
import { RequestBody } from './body.ts'
import type { Downstream } from './downstream.ts'
import type { ListenerChain } from './listener-filters.ts'
import { nobody } from './nobody.ts'
import { ForwardElsewhere } from './other-backend.ts'
import type { CompiledAction, Entering, Run, RunHost } from './run.ts'
import type { CompiledRule } from './rule.ts'
import { admit, type PortRuntime } from './runtime.ts'
import { stepsBehind } from './steps-behind.ts'

const NOTHING = Buffer.alloc(0)

/**
 * One request and its response. It belongs to its downstream, keeps the runtime
 * it began with, and is the one place where the sides meet: the downstream tells
 * it of the request's bytes, the run that its rule's action began tells of the
 * answer's, and filters are asked in between. Who runs, it does not know.
 */
export class ProxiedExchange extends Answering implements SteppedExchange, RunHost, Entering, Asked {
  readonly clientAddress: string
  readonly peerAddress: string
  readonly certificate: ClientCertificate | null
  readonly localPort: number
  readonly startedMs: number
  readonly untilMs: number = Infinity
  readonly body: RequestBody
  /** As the client named them, canonical, before any filter rewrites them: `asked`. */
  readonly authority: string
  readonly path: string
  readonly query: string
  readonly hostname: string
  trace: TraceContext | null
  span: ExchangeSpan | null = null
  /** Its listener wants no spans of it, whoever would make them. */
  private isUntold = false
  listener = ''
  /** Null where no route takes the request. */
  rule: CompiledRule | null = null
  private action: CompiledAction | null = null
  /** Of a repetition: nobody hears its answer, and this is told of its end. */
  private unheard: (() => void) | null = null
  unkept = false
  /** By which connection it has come; null of what no client has asked for. */
  remote: Remote | null = null
  /** The downstream is in the middle of a read and will call `onRequestFlush` at its end. */
  turn = true
  /** The whole of the request is here. */
  requestEnded: boolean
  /** The run has been started. */
  private started = false
  /** The body's way to the run, where filters want to see it. */
  private inward: BodyFlow | null = null
  /** The run takes no more of the request now; of use where `inward` is. */
  private requestPaused = false
  heldBody: Buffer | null = null
  // Made where somebody asks for them.
  private written: Notes | null = null
  private aborter: AbortController | null = null

  constructor(
    downstream: Downstream,
    runtime: PortRuntime,
    request: RequestHead,
    id: string,
    clientAddress: string,
    localPort: number,
    peerAddress = '',
    certificate: ClientCertificate | null = null,
  ) {
    super(downstream, runtime, request, id)
    this.clientAddress = clientAddress
    this.peerAddress = peerAddress
    this.certificate = certificate
    this.localPort = localPort
    this.startedMs = performance.now()
    this.authority = request.authority
    this.path = request.path
    this.query = request.query
    this.hostname = request.hostname
    this.trace = propagate(request)
    this.requestEnded = request.length === NO_BODY
    this.body = new RequestBody(this.requestEnded)
  }

  begin(): void {
    const { runtime, request } = this
    runtime.observer.began()
    this.beginSpan()
    const refusal = admit(runtime, request)
    if (refusal !== null) return this.fail(refusal, '')
    const hit = runtime.router.route(request)
    if (hit === null) return this.beginUnrouted()
    const { rule } = hit
    this.listener = hit.listener
    this.rule = rule
    rule.enter?.(this)
    const around = runtime.filters === null ? null : runtime.filters.find(hit)
    if (runtime.overload.active && this.isShed(rule.ranking, around)) return
    if (around === null) this.meet(rule.steps, rule.action)
    else this.meet(around.stepsOf(rule), around.actionOf(rule))
  }

  protected beginSpan(): void {
    const { spans: own, observer } = this.runtime
    const spans = own === null ? observer.spans : own.of(this.request)
    if (spans !== null) this.trace = this.span = spans.begin(this.request)
    else if (own !== null) this.isUntold = true
  }

  /** What no route takes meets the filters of its listener all the same. */
  private beginUnrouted(): void {
    const { name = '', chain = null } = this.runtime.filters?.taking(this.request) ?? {}
    if (this.runtime.overload.active && this.isShed(null, chain)) return
    if (chain === null) return this.fail('route_not_found', '')
    this.listener = name
    this.meet(chain.steps, chain.unrouted)
  }

  /**
   * The worker has too much to do for it: it is refused where its route, and so its priority, is known, and before
   * anything that costs: filters, a body, a backend.
   */
  private isShed(near: Ranking, around: ListenerChain | null): boolean {
    const { overload, observer } = this.runtime
    const { share } = this
    const isOurs = around?.urgent?.(this) === true && overload.hurries(share)
    const rank = isOurs ? CRITICAL : (near?.(this) ?? around?.ranking?.(this) ?? NORMAL)
    const reason = overload.refuses(rank, share, this.startedMs)
    if (reason === null) return false
    this.unkept = !observer.shed(rank, reason)
    this.failure = 'proxy_overloaded'
    this.failureDetail = reason
    if (this.downstream.refuse()) this.finish()
    else this.fail('proxy_overloaded', reason)
    return true
  }

  private meet(steps: FilterSteps, action: CompiledAction): void {
    this.steps = steps
    this.action = action
    if (steps.request === null) this.choose()
    else this.runRequest(steps.request, 0, false)
  }

  /**
   * Whether it goes on. What filters answer at once, from a cache or with a refusal, needs no run; who waits has one, whose
   * time runs meanwhile.
   */
  private begins(): boolean {
    try {
      this.run ??= this.action!.begin(this)
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
    }
    return !this.finished && !this.local
  }

  /** The filters of the rule have let it pass; those of where it is sent to are next. */
  private choose(): void {
    if (!this.begins()) return
    const run = this.run!
    try {
      run.choose()
    } catch (error) {
      return this.fail('proxy_internal_error', String(error))
    }
    if (this.finished || this.local) return
    const near = run.steps === null ? null : run.steps.request
    if (near === null) this.start()
    else this.runRequest(near, 0, true)
  }

  private start(): void {
    if (this.inward !== null && !this.openRequest(this.inward)) return
    this.started = true
    try {
      this.run!.start()
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
    }
  }

  // Steps of the request.

  /** Runs request steps and then what follows, unless one of them answers. `near`: they are those of where it is sent to. */
  private runRequest(steps: readonly RequestStep[], from: number, near: boolean): void {
    let i = from
    try {
      for (; i < steps.length; i++) {
        const verdict = steps[i]!(this)
        if (verdict === undefined) continue
        if (verdict instanceof Promise) return this.awaitRequest(verdict, steps, i + 1, near)
        if (!this.passes(verdict, steps[i]!)) return
      }
    } catch (error) {
      this.did('failed', steps[i]!)
      return this.fail('proxy_internal_error', String(error))
    }
    if (near) this.start()
    else this.choose()
  }

  private awaitRequest(
    step: Promise<Verdict>,
    steps: readonly RequestStep[],
    from: number,
    near: boolean,
  ): void {
    const sinceMs = performance.now()
    const asked = steps[from - 1]!
    this.begins()
    step.then(
      verdict => {
        this.waitedFor(asked, sinceMs)
        if (this.finished || this.local) return dropped(verdict)
        if (verdict === undefined || this.passes(verdict, asked)) this.runRequest(steps, from, near)
      },
      (error: unknown) => {
        if (this.finished || this.local) return
        this.did('failed', asked)
        this.fail('proxy_internal_error', String(error))
      },
    )
  }

  /** Whether the request goes on. */
  private passes(verdict: Exclude<Verdict, undefined>, step: RequestStep): boolean {
    if ('transform' in verdict) {
      this.did('transformed', step)
      this.transformRequest(verdict.transform)
      return true
    }
    this.did('answered', step)
    if ('head' in verdict) this.serveFrom(verdict, step)
    else if ('failure' in verdict) this.refuse(verdict)
    else this.respond(verdict)
    return false
  }

  /** Those that see the answer begin behind the filter of this step, on its way back. */
  private serveFrom(served: Served, step: RequestStep): void {
    const { request, requestOf, response, responseOf } = this.steps!
    const config = requestOf[request!.indexOf(step)]
    this.serve(served, response, responseOf.findIndex(one => one === config) + 1)
  }

  get mayForward(): boolean {
    const { rule, body, committed, started, deadlineMs } = this
    if (!started || committed || this.finished || !body.replayable) return false
    return rule?.rule.action.type === 'forward' && performance.now() < deadlineMs
  }

  protected forwardTo(other: OtherBackend, former: Run, { status, failure, reason }: LeftFor): void {
    const { startedMs, rule } = this
    const { endpoint, sentMs, attempts } = former
    if (attempts > 0)
      this.tell().tried({
        endpoint: endpoint?.key ?? '',
        sentAfterMs: sentMs === 0 ? -1 : sentMs - startedMs,
        endedAfterMs: performance.now() - startedMs,
        status: failure === null ? status : 0,
        failure: failure ?? '',
        reason,
      })
    // What cache and attempts have written for the first backend alone is nothing for this one.
    this.request.fields.putBack()
    try {
      if (!(other instanceof ForwardElsewhere)) throw new Error('no backend')
      const { action } = rule!.rule
      const run = other.begin(this, former.deadlineMs, action.type === 'forward' && action.grpc === true)
      this.run = run
      if (this.finished || this.local) return
      run.choose()
      if (this.finished || this.local) return
      run.start()
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
    }
  }

  repeat(behind: FilterConfig, before: (x: Exchange) => void, ended: () => void): () => void {
    const { runtime, id, clientAddress, localPort, peerAddress, certificate } = this
    // Of a HEAD what is asked again is the whole.
    const method = this.request.method === 'HEAD' ? 'GET' : this.request.method
    const head = { ...this.request, method, fields: new Fields([...this.request.fields.list]) }
    const again = new ProxiedExchange(
      nobody,
      runtime,
      head,
      id,
      clientAddress,
      localPort,
      peerAddress,
      certificate,
    )
    again.listener = this.listener
    again.rule = this.rule
    again.turn = false
    again.unheard = ended
    runtime.observer.began()
    before(again)
    again.meet(stepsBehind(this.steps!, behind), this.action!)
    return () => again.onGone()
  }

  // The request's body, where filters want it.

  transformRequest(make: Transformed['transform']): void {
    if (this.request.length !== NO_BODY) this.requestFlow().transform(make)
  }

  holdBody(hold: BodyHold): undefined | Promise<Verdict> {
    if (this.request.length === NO_BODY) {
      this.heldBody = NOTHING
      return undefined
    }
    const flow = this.requestFlow()
    if (flow.whole !== null && flow.whole.length <= hold.limitBytes) {
      this.heldBody = flow.whole
      return undefined
    }
    if (this.request.expectContinue && !this.requestEnded) this.downstream.continue()
    return new Promise(resolve => {
      flow.hold(hold, body => {
        this.heldBody = body
        const refused = body === null && hold.over === 'fail'
        resolve(refused ? { failure: 'http_request_too_large', detail: 'held' } : undefined)
      })
    })
  }

  hideBody(): undefined {
    this.heldBody = null
  }

  private requestFlow(): BodyFlow {
    if (this.inward !== null) return this.inward
    const source = {
      resume: () => this.downstream.resume(),
      fail: (failure: FailureName, detail: string) => this.fail(failure, detail),
    }
    const flow = new BodyFlow(source, this, this.runtime.held)
    const { bytes } = this.body
    const { pieces, complete, trailers } = this.body.take()
    flow.receivedBytes = bytes
    for (const piece of pieces) flow.write(piece, true)
    if (complete) flow.end(trailers)
    this.inward = flow
    return flow
  }

  /** Who gets the request's body is its run from here on. */
  private openRequest(flow: BodyFlow): boolean {
    try {
      flow.open({
        write: chunk => this.passBody(chunk),
        flush: () => this.flushBody(),
        end: trailers => this.endBody(trailers),
      })
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
      return false
    }
    flow.begin()
    return !this.finished
  }

  private passBody(chunk: Buffer): void {
    if (this.finished) return
    if (this.started) this.run!.requestData(chunk, 0, chunk.length)
    else this.body.push(chunk, 0, chunk.length, null, null)
  }

  private flushBody(): boolean {
    if (!this.started) return true
    if (!this.finished) this.run!.requestFlush()
    return !this.requestPaused
  }

  private endBody(trailers: Fields | null): void {
    if (this.finished) return
    if (!this.started) return this.body.end(trailers, null, null)
    this.run!.requestEnd(trailers)
    if (!this.turn) this.run!.requestFlush()
  }

  // The request, from the downstream.

  onRequestData(chunk: Buffer, start: number, end: number): void {
    if (this.finished) return
    const most = this.runtime.port.client.bodyBytes
    if (most > 0 && this.requestBytes + end - start > most && this.run?.tunnel !== true)
      return this.fail('http_request_too_large', '')
    if (this.inward !== null) {
      this.inward.receivedBytes += end - start
      this.inward.write(chunk.subarray(start, end), true)
    } else this.run?.requestData(chunk, start, end)
  }

  onRequestEnd(trailers: Fields | null): void {
    if (this.finished) return
    this.requestEnded = true
    if (this.inward !== null) this.inward.end(trailers)
    else this.run?.requestEnd(trailers)
  }

  withholdTrailers(names: readonly string[]): void {
    this.body.withhold(names)
  }

  /** End of the downstream's turn. */
  onRequestFlush(): void {
    this.turn = false
    if (this.inward === null) this.run?.requestFlush()
    else if (!this.inward.flush() && !this.finished) this.downstream.pause()
  }

  pauseRequest(): void {
    if (this.inward === null) this.downstream.pause()
    else this.requestPaused = true
  }

  resumeRequest(): void {
    if (this.inward === null) return this.downstream.resume()
    this.requestPaused = false
    this.inward.resume()
  }

  continue(): void {
    this.downstream.continue()
  }

  /** The client is gone: nobody wants the answer. */
  onGone(): void {
    if (this.finished) return
    this.failure = 'client_gone'
    this.finish()
  }

  finish(): void {
    if (this.finished) return
    this.finished = true
    this.run?.cancel()
    this.inward?.destroy()
    this.outward?.destroy()
    this.body.release()
    this.aborter?.abort()
    this.runEnds()
    if (this.unheard === null) return this.report()
    this.runtime.observer.repeated(this)
    this.unheard()
  }

  protected report(): void {
    this.runtime.observer.finished(this)
  }

  private runEnds(): void {
    const near = this.run?.steps?.end ?? null
    if (near !== null) for (const step of near) step(this)
    const own = this.steps === null ? null : this.steps.end
    if (own !== null) for (const step of own) step(this)
  }

  protected requestTaken(): void {
    this.inward?.settle()
  }

  // What filters, log and sweeps see.

  protected get seen(): SteppedExchange {
    return this
  }

  protected get host(): RunHost {
    return this
  }

  get asked(): Asked {
    return this
  }

  get notes(): Notes {
    return (this.written ??= new Notes())
  }

  /** Null as long as nobody has written any. */
  get writtenNotes(): Notes | null {
    return this.written
  }

  get signal(): AbortSignal {
    if (this.aborter === null) {
      this.aborter = new AbortController()
      if (this.finished) this.aborter.abort()
    }
    return this.aborter.signal
  }

  get principal(): string | null {
    const identity = this.written?.get(identityNote)
    return identity === undefined || identity.kind === 'anonymous' ? null : identity.principal
  }

  get spanHome(): SpanHome | undefined {
    return this.isUntold ? UNTOLD : this.span?.home
  }

  get share(): string {
    return this.runtime.shares.ofClient(this.clientAddress)
  }

  get route(): string {
    return this.rule === null ? '' : this.rule.rule.id
  }

  get ruleDigest(): string {
    return this.rule?.rule.digest ?? ''
  }

  get deadlineMs(): number {
    if (this.run === null && this.action !== null && !this.finished && !this.local) this.begins()
    return this.run === null ? Infinity : this.run.deadlineMs
  }

  get requestBytes(): number {
    return this.inward === null ? this.body.bytes : this.inward.receivedBytes
  }

  /** Only asked where a backend is told. What a proxy in front tells in a field has no port. */
  get source(): Source | null {
    const { remote, clientAddress, localPort } = this
    if (remote === null) return null
    const { address, clientPort, localAddress } = remote
    return { clientAddress, clientPort: address === clientAddress ? clientPort : 0, localAddress, localPort }
  }

  /** How long nothing may move. */
  get silenceMs(): number {
    return this.run === null ? backendDefaults.silenceMs : this.run.silenceMs
  }
}
