import { failures, type FailureName, type Rejection } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts'
import { CANCEL, INTERNAL_ERROR } from '../http/h2/codes.ts'
import { backendDefaults } from '../model/defaults.ts'
import { localHead } from '../http/local.ts'
import type { BodyHold } from '../filters/body.ts'
import type { RequestStep, ResponseStep, SteppedExchange } from '../filters/compile.ts'
import type { Asked, Failure, LocalResponse, ResponseVerdict, Verdict } from '../filters/filter.ts'
import { Notes } from '../filters/notes.ts'
import { propagate, type TraceContext } from '../telemetry/trace.ts'
import { RequestBody } from './body.ts'
import type { Downstream } from './downstream.ts'
import { Forwarding, type Forwarded } from './forward.ts'
import { failureResponse, rejectionResponse } from './failure.ts'
import { grpcAnswer } from './grpc/answer.ts'
import { GrpcForwarding } from './grpc/forwarding.ts'
import { TextBody } from './grpc/text-body.ts'
import { GrpcWebDownstream } from './grpc/web-downstream.ts'
import { readWeb } from './grpc/web-request.ts'
import type { CompiledRule } from './rule.ts'
import { admit, type PortRuntime } from './runtime.ts'

/** Nothing was done wrong: time was up. */
const cancels: ReadonlySet<FailureName> = new Set([
  'http_request_too_slow',
  'http_response_not_taken',
  'http_response_timeout',
])

/** Whose request steps are running, and so what follows them: the rule's action, or the backend's attempt. */
type Stage = 'rule' | 'backend'

/**
 * One request and its response. It belongs to its downstream, keeps the runtime
 * it began with, and is the one place where the two sides meet: the downstream
 * tells it of the request's bytes, the upstream stream of the response's.
 */
export class Exchange implements SteppedExchange, Forwarded, Asked {
  readonly id: string
  readonly request: RequestHead
  readonly clientAddress: string
  readonly peerAddress: string
  readonly localPort: number
  downstream: Downstream
  readonly runtime: PortRuntime
  readonly startedMs: number
  body: RequestBody
  /** As the client named them, canonical, before any filter rewrites them: `asked`. */
  readonly method: string
  readonly authority: string
  readonly path: string
  readonly query: string
  readonly hostname: string
  readonly trace: TraceContext | null
  response!: ResponseHead
  listener = ''
  rule: CompiledRule | null = null
  forwarding: Forwarding | null = null
  failure: FailureName | null = null
  /** For the log. */
  failureDetail = ''
  /** Rule of the codec that the request's body broke. */
  rejection = ''
  /** The response is made here, and the rest of the request is of no use to anybody. */
  local = false
  responseBytes = 0
  /** How a gRPC call ended; below 0 where that is not known, or it is none. */
  grpcStatus = -1
  /** The downstream is in the middle of a read and will call `onRequestFlush` at its end. */
  turn = true
  /** The response's head is on its way: nothing can be taken back. */
  committed = false
  finished = false
  /** Steps of the response are waited for: what the upstream goes on to say is held back. */
  private held: HeldResponse | null = null
  private failing = false
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
  ) {
    this.downstream = downstream
    this.runtime = runtime
    this.request = request
    this.id = id
    this.clientAddress = clientAddress
    this.peerAddress = peerAddress
    this.localPort = localPort
    this.startedMs = performance.now()
    this.method = request.method
    this.authority = request.authority
    this.path = request.path
    this.query = request.query
    this.hostname = request.hostname
    this.trace = propagate(request)
    this.body = new RequestBody(request.length === NO_BODY)
  }

  begin(): void {
    const { runtime, request } = this
    runtime.observer.began()
    const refusal = admit(runtime, request)
    if (refusal !== null) return this.fail(refusal, '')
    const hit = runtime.router.route(request)
    if (hit === null) return this.fail('route_not_found', '')
    this.listener = hit.listener
    this.rule = hit.rule
    if (hit.rule.grpc) this.translate()
    this.prepare(hit.rule)
    if (this.finished) return
    const { request: steps } = hit.rule.steps
    if (steps === null) this.act()
    else this.runSteps(steps, 0, 'rule')
  }

  runBackendSteps(steps: readonly RequestStep[]): void {
    this.runSteps(steps, 0, 'backend')
  }

  /** Runs request steps and then what follows, unless one of them answers. */
  private runSteps(steps: readonly RequestStep[], from: number, stage: Stage): void {
    try {
      for (let i = from; i < steps.length; i++) {
        const verdict = steps[i]!(this)
        if (verdict === undefined) continue
        if (verdict instanceof Promise) return this.awaitStep(verdict, steps, i + 1, stage)
        return this.judged(verdict)
      }
    } catch (error) {
      return this.fail('proxy_internal_error', String(error))
    }
    if (stage === 'rule') this.act()
    else this.forwarding?.begin()
  }

  private awaitStep(step: Promise<Verdict>, steps: readonly RequestStep[], from: number, stage: Stage): void {
    step.then(
      verdict => {
        if (this.finished) return
        if (verdict !== undefined) this.judged(verdict)
        else this.runSteps(steps, from, stage)
      },
      (error: unknown) => this.fail('proxy_internal_error', String(error)),
    )
  }

  private judged(verdict: Exclude<Verdict, undefined>): void {
    if ('failure' in verdict) this.refuse(verdict)
    else if ('status' in verdict) this.respond(verdict)
    else this.fail('proxy_internal_error', 'a transform of a request body')
  }

  holdBody(_hold: BodyHold): Promise<Verdict> {
    return Promise.reject(new Error('a request body is to be held'))
  }

  /** What is to be forwarded has its deadline from here on, whatever filters do first. */
  private prepare({ action, grpc }: CompiledRule): void {
    if (action.type !== 'forward') return
    this.forwarding = grpc ? new GrpcForwarding(this, action) : new Forwarding(this, action)
    this.forwarding.arm()
  }

  private act(): void {
    const { action } = this.rule!
    if (action.type === 'forward') this.forwarding!.start()
    else if (action.type === 'redirect') this.respond(action.respond(this.request, this.localPort))
    else this.fail(action.failure, action.reason)
  }

  /** gRPC-Web becomes gRPC for everyone behind us, filters included. */
  private translate(): void {
    const web = readWeb(this.request)
    if (web === null) return
    this.downstream = new GrpcWebDownstream(this.downstream, web.answer)
    if (web.text) this.body = new TextBody(this.body.complete, rejection => this.onRejection(rejection))
  }

  /** Answers from here. `message` is what a gRPC client is told in place of the body; "" leaves that to the status. */
  respond(answer: LocalResponse, message: string = ''): void {
    if (this.committed || this.finished) return
    this.forwarding?.cancel()
    this.local = true
    if (answer.status >= 400) {
      const head = grpcAnswer(this, answer, message)
      if (head !== null) {
        this.sendHead(head)
        return this.sendEnd(null)
      }
    }
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
    this.sendHead(localHead(answer.status, answer.fields, body.length))
    if (this.finished) return
    this.sendData(body, 0, body.length, true)
    this.sendEnd(null)
  }

  /** Answers with a failure, or breaks off when the answer has already begun. */
  fail(failure: FailureName, detail: string): void {
    if (this.finished) return
    this.refuse({ failure, detail })
  }

  /** The same with what a filter says beside it. */
  refuse(refusal: Failure): void {
    if (this.finished) return
    const { failure, detail = '' } = refusal
    this.failure = failure
    this.failureDetail = detail
    if (this.committed) return this.breakOff()
    this.failing ||= failure === 'proxy_internal_error'
    this.held = null
    this.respond(failureResponse(refusal, this.id, this.runtime.methods.allow), failures[failure].title)
  }

  /** The request's body breaks the codec's rules: nobody may take what came of it for complete. */
  onRejection(rejection: Rejection): void {
    if (this.finished) return
    this.failure = 'http_request_error'
    this.rejection = rejection.rule
    if (this.committed) this.breakOff()
    else this.respond(rejectionResponse(rejection, this.id), rejection.detail)
  }

  // The response, from the upstream or from here.

  sendHead(head: ResponseHead): void {
    if (this.filtered(head)) this.commit()
  }

  sendUpgrade(head: ResponseHead): void {
    if (this.filtered(head)) this.commitUpgrade()
  }

  /** Runs the response's steps; false where one of them is waited for, or has failed. */
  private filtered(head: ResponseHead): boolean {
    this.response = head
    // A step that has failed would fail again, and that answer too.
    const backend = this.failing ? null : (this.forwarding?.responseSteps ?? null)
    const rule = this.rule === null || this.failing ? null : this.rule.steps.response
    if (backend === null && rule === null) return true
    const steps = backend === null ? rule! : rule === null ? backend : [...backend, ...rule]
    return this.runResponseSteps(steps, 0)
  }

  private runResponseSteps(steps: readonly ResponseStep[], from: number): boolean {
    try {
      for (let i = from; i < steps.length; i++) {
        const verdict = steps[i]!(this)
        if (verdict === undefined) continue
        if (!(verdict instanceof Promise)) {
          this.replaced(verdict)
          return false
        }
        this.held ??= new HeldResponse()
        this.forwarding?.pause()
        verdict.then(
          later => (later === undefined ? this.resumeResponse(steps, i + 1) : this.replaced(later)),
          (error: unknown) => this.fail('proxy_internal_error', String(error)),
        )
        return false
      }
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
      return false
    }
    return true
  }

  private resumeResponse(steps: readonly ResponseStep[], from: number): void {
    const { held } = this
    if (this.finished || held === null || !this.runResponseSteps(steps, from)) return
    const tunnel = this.forwarding?.tunnel === true
    this.held = null
    if (tunnel) this.commitUpgrade()
    else this.commit()
    for (const piece of held.pieces) this.sendData(piece, 0, piece.length, true)
    if (held.ended) return tunnel ? this.downstream.endTunnel() : this.sendEnd(held.trailers)
    if (this.downstream.flush()) this.forwarding?.resume()
  }

  private replaced(_verdict: Exclude<ResponseVerdict, void>): void {
    this.fail('proxy_internal_error', 'a verdict on a response')
  }

  private commit(): void {
    this.committed = true
    this.downstream.head(this.response)
  }

  private commitUpgrade(): void {
    this.committed = true
    this.downstream.upgrade(this.response)
  }

  sendData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    if (this.held !== null) return this.held.push(chunk, start, end)
    if (!this.committed) return
    this.responseBytes += end - start
    this.downstream.data(chunk, start, end, lent)
  }

  sendEnd(trailers: Fields | null): void {
    if (this.held !== null) return this.held.end(trailers)
    if (!this.committed || this.finished) return
    // The record is written first: with the response's end the next request may begin.
    this.finish()
    this.downstream.end(trailers)
  }

  /** The upstream has ended its direction of the tunnel. */
  endTunnel(): void {
    if (this.held !== null) this.held.end(null)
    else this.downstream.endTunnel()
  }

  /** The response cannot be completed, and the client must see that. */
  private breakOff(): void {
    const failure = this.failure!
    const trailers = this.forwarding?.lastWords(failure, this.failureDetail) ?? null
    this.finish()
    if (trailers !== null) this.downstream.end(trailers)
    else this.downstream.abort(cancels.has(failure) ? CANCEL : INTERNAL_ERROR)
  }

  // The request, from the downstream.

  onRequestData(chunk: Buffer, start: number, end: number): void {
    if (this.finished) return
    const most = this.runtime.port.client.bodyBytes
    if (most > 0 && this.body.bytes + end - start > most && this.forwarding?.tunnel !== true)
      return this.fail('http_request_too_large', '')
    if (this.forwarding !== null) this.forwarding.requestData(chunk, start, end)
    else {
      this.body.push(chunk, start, end, null, null)
      this.downstream.pause()
    }
  }

  onRequestEnd(trailers: Fields | null): void {
    if (this.finished) return
    if (this.forwarding !== null) this.forwarding.requestEnd(trailers)
    else this.body.end(trailers, null, null)
  }

  /** End of the downstream's turn. */
  onRequestFlush(): void {
    this.turn = false
    this.forwarding?.requestFlush()
  }

  onDownstreamWritable(): void {
    if (this.held === null) this.forwarding?.resume()
  }

  /** The client is gone: nobody wants the answer. */
  onGone(): void {
    if (this.finished) return
    this.failure = 'client_gone'
    this.finish()
  }

  /** The downstream does not take the response's head: nothing of it was sent, and the failure is to be told in its place. */
  onHeadRefused(failure: FailureName, detail: string): void {
    if (this.failing) return this.breakOff()
    this.committed = false
    // For the second time it is what filters have added.
    this.failing = this.failure === failure
    this.fail(failure, detail)
  }

  finish(): void {
    if (this.finished) return
    this.finished = true
    this.forwarding?.cancel()
    this.body.release()
    this.aborter?.abort()
    const ends = this.rule?.steps.end ?? null
    if (ends !== null) for (const step of ends) step(this)
    this.runtime.observer.finished(this)
  }

  // What filters see.

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

  get route(): string {
    return this.rule === null ? '' : this.rule.rule.id
  }

  get deadlineMs(): number {
    return this.forwarding === null ? Infinity : this.forwarding.deadlineMs
  }

  get heldBody(): Buffer | null {
    return null
  }

  get requestBytes(): number {
    return this.body.bytes
  }

  /** How long nothing may move. */
  get silenceMs(): number {
    return this.forwarding?.cluster?.config.silenceMs ?? backendDefaults.silenceMs
  }

  /** Status for log and metrics: what was sent, or what would have been. */
  get status(): number {
    if (this.committed) return this.response.status
    return this.failure === null ? 0 : failures[this.failure].status
  }
}

/** What an upstream says while response steps are waited for; at most what was under way when it was paused. */
class HeldResponse {
  readonly pieces: Buffer[] = []
  ended = false
  trailers: Fields | null = null

  push(chunk: Buffer, start: number, end: number): void {
    this.pieces.push(Buffer.from(chunk.subarray(start, end)))
  }

  end(trailers: Fields | null): void {
    this.ended = true
    this.trailers = trailers
  }
}
