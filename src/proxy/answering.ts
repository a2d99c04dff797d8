import type { SteppedExchange, FilterSteps, RequestStep, ResponseStep } from '../filters/compile.ts'
import type { OtherBackend } from '../filters/kit.ts'
import type {
  Elsewhere,
  Failure,
  HeldBody,
  LocalResponse,
  ResponseVerdict,
  Served,
  Verdict,
  WholeVerdict,
} from '../filters/filter.ts'
import { failures, type FailureName, type Rejection } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../http/head.ts'
import { CANCEL, INTERNAL_ERROR } from '../http/h2/codes.ts'
import { localHead } from '../http/local.ts'
import type { FilterConfig } from '../snapshot/rule.ts'
import { Story, type Deed, type Deeds } from '../telemetry/recent/story.ts'
import { BodyFlow } from './body-flow.ts'
import type { Downstream } from './downstream.ts'
import { failureResponse, rejectionResponse } from './failure.ts'
import type { BodyOwner } from './held-bodies.ts'
import type { Run, RunHost } from './run.ts'
import type { Answered, PortRuntime } from './runtime.ts'
import { ServedRun } from './served-run.ts'

/** Nothing was done wrong: time was up. */
const cancels: ReadonlySet<FailureName> = new Set([
  'http_request_too_slow',
  'http_response_not_taken',
  'http_response_timeout',
])

/** What another run is begun for. */
export interface LeftFor {
  readonly status: number
  readonly failure: FailureName | null
  readonly reason: string
}

const NOTHING = Buffer.alloc(0)

/** So much of what is stored is given to the client's side at once, however slow that is. */
const AT_ONCE_BYTES = 16 * 1024

/**
 * The answer to one request, on its way to the client: from the run that the rule's action began, or made here, by the
 * filters that want to see it. A ProxiedExchange is one of these, and has the request's side.
 */
export abstract class Answering implements Answered, BodyOwner {
  readonly id: string
  readonly request: RequestHead
  readonly runtime: PortRuntime
  downstream: Downstream
  /** As the client named it. */
  readonly method: string
  response!: ResponseHead
  run: Run | null = null
  /** Of the rule, or of the listener where there is none. */
  protected steps: FilterSteps | null = null
  failure: FailureName | null = null
  /** For the log. */
  failureDetail = ''
  /** Rule of the codec that the request's body broke. */
  rejection = ''
  /** The response is made here, and the rest of the request is of no use to anybody. */
  local = false
  responseBytes = 0
  callStatus = -1
  /** The response's head is on its way: nothing can be taken back. */
  committed = false
  finished = false
  /** Null as long as there is nothing to tell beyond the usual. */
  story: Story | null = null
  private failing = false
  /** Counts answers: a step that was asked about one before has nothing to say of this one. */
  private answers = 0
  /** The body's way to the client, where filters stand in it or wait for it. */
  protected outward: BodyFlow | null = null

  constructor(downstream: Downstream, runtime: PortRuntime, request: RequestHead, id: string) {
    this.downstream = downstream
    this.runtime = runtime
    this.request = request
    this.id = id
    this.method = request.method
  }

  /** As its run sees it. */
  protected abstract readonly host: RunHost
  /** As filters see it. */
  protected abstract readonly seen: SteppedExchange
  abstract readonly share: string
  /** The backend has answered, and so has had the request's body, as far as it wanted it. */
  protected abstract requestTaken(): void
  abstract finish(): void
  /** Another run takes the place of this one, which came to that. */
  protected abstract forwardTo(other: OtherBackend, former: Run, why: LeftFor): void

  tell(): Story {
    return (this.story ??= new Story())
  }

  /** What the filter did whose step this is. */
  protected did(deed: Deed, step: RequestStep | ResponseStep, ms?: number): void {
    const told = deedOf(step, deed, [this.run?.steps ?? null, this.steps])
    if (told !== undefined) this.tell().filter(ms === undefined ? told : { ...told, ms })
  }

  // Answers that are made here.

  /**
   * Answers from here. `message` is what a client who wants errors in another form is told in place of the body; "" leaves
   * that to the status. `steps` from `from` on are to see it.
   */
  respond(answer: LocalResponse, message = '', steps = this.responseSteps(), from = 0): void {
    if (this.committed || this.finished) return
    this.run?.cancel()
    this.local = true
    this.dropAnswer()
    const told = answer.status >= 400 ? this.runtime.errorHead(this, answer, message) : null
    const body =
      told !== null ? NOTHING : typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
    const turn = this.answers
    this.answerWith(told ?? localHead(answer.status, answer.fields, body.length), steps, from)
    if (this.finished || this.answers !== turn + 1) return
    if (body.length > 0) this.sendData(body, 0, body.length, true)
    this.sendEnd(null)
  }

  /** Answers from memory; `steps` from `from` on are to see it. */
  protected serve(served: Served, steps: readonly ResponseStep[] | null, from: number): void {
    if (this.committed || this.finished) return served.done()
    this.run?.cancel()
    this.local = true
    this.failure = null
    this.failureDetail = ''
    this.dropAnswer()
    const { body, head } = served
    if (this.run === null && (body === null || body.length <= AT_ONCE_BYTES))
      return this.serveAtOnce(served, steps, from)
    const run = new ServedRun(this.host, served, this.run)
    this.run = run
    const turn = this.answers
    this.answerWith(head, steps, from)
    if (!this.finished && this.answers === turn + 1) run.start()
  }

  /** What leaves with its head is nothing that could be paused. */
  private serveAtOnce(
    { head, body, done }: Served,
    steps: readonly ResponseStep[] | null,
    from: number,
  ): void {
    const turn = this.answers
    this.answerWith(head, steps, from)
    done()
    if (this.finished || this.answers !== turn + 1) return
    if (body !== null && body.length > 0) this.sendData(body, 0, body.length, true)
    this.sendEnd(null)
  }

  /** Answers with a failure, or breaks off when the answer has already begun. */
  fail(failure: FailureName, detail: string): void {
    this.refuse({ failure, detail })
  }

  /** The same with what a filter says beside it. */
  protected refuse(refusal: Failure, steps?: readonly ResponseStep[] | null, from?: number): void {
    if (this.finished) return
    const { failure, detail = '' } = refusal
    this.failure = failure
    this.failureDetail = detail
    if (this.committed) return this.breakOff()
    this.failing ||= failure === 'proxy_internal_error'
    const answer = failureResponse(refusal, this.id, this.runtime.methods.allow)
    this.respond(answer, failures[failure].title, steps, from)
  }

  /** The request's body breaks the codec's rules: nobody may take what came of it for complete. */
  onRejection(rejection: Rejection): void {
    if (this.finished) return
    this.failure = 'http_request_error'
    this.rejection = rejection.rule
    if (this.committed) this.breakOff()
    else this.respond(rejectionResponse(rejection, this.id), rejection.detail)
  }

  displaced(): void {
    this.fail('proxy_overloaded', 'held_bodies')
  }

  // The response, from the run or from here.

  sendHead(head: ResponseHead): void {
    this.dropAnswer()
    this.answerWith(head, this.responseSteps(), 0)
  }

  private answerWith(head: ResponseHead, steps: readonly ResponseStep[] | null, from: number): void {
    this.response = head
    this.answers++
    if (steps === null || this.runResponse(steps, from)) this.commit()
  }

  /** Those of where it was sent to come before those of the rule. A step that has failed would fail again, and that answer too. */
  private responseSteps(): readonly ResponseStep[] | null {
    if (this.failing) return null
    const near = this.run?.steps?.response ?? null
    const own = this.steps === null ? null : this.steps.response
    if (near === null) return own
    return own === null ? near : [...near, ...own]
  }

  /** Runs the response's steps; false where one of them is waited for, or has answered in another way. */
  private runResponse(steps: readonly ResponseStep[], from: number): boolean {
    let i = from
    try {
      for (; i < steps.length; i++) {
        const verdict = steps[i]!(this.seen)
        if (verdict !== undefined && !this.obeys(verdict, steps, i)) return false
      }
      return true
    } catch (error) {
      this.did('failed', steps[i]!)
      this.fail('proxy_internal_error', String(error))
      return false
    }
  }

  /** Whether the next step follows now. */
  private obeys(
    verdict: Exclude<ReturnType<ResponseStep>, void>,
    steps: readonly ResponseStep[],
    i: number,
  ): boolean {
    if (verdict instanceof Promise) {
      this.responseFlow()
      this.run?.pause()
      this.awaitAnswer(
        verdict,
        later => later === undefined || this.obeys(later, steps, i),
        steps,
        i,
        dropped,
      )
      return false
    }
    if ('transform' in verdict) {
      if (!this.hasBody) return true
      this.did('transformed', steps[i]!)
      this.responseFlow().transform(verdict.transform)
      return true
    }
    if ('hold' in verdict) return this.holdAnswer(verdict, steps, i)
    this.replaceAnswer(verdict, steps, i)
    return false
  }

  /** What `take` makes of it decides whether the next step follows; of an answer that was given up nothing does. */
  private awaitAnswer<T>(
    promise: Promise<T>,
    take: (value: T) => boolean,
    steps: readonly ResponseStep[],
    i: number,
    drop: (value: T) => void = () => {},
  ): void {
    const { answers } = this
    const isCurrent = (): boolean => !this.finished && this.answers === answers
    const sinceMs = performance.now()
    promise.then(
      value => {
        this.waitedFor(steps[i]!, sinceMs)
        if (!isCurrent()) return drop(value)
        if (this.tried(() => take(value))) this.continueAnswer(steps, i + 1)
      },
      (error: unknown) => {
        if (!isCurrent()) return
        this.did('failed', steps[i]!)
        this.fail('proxy_internal_error', String(error))
      },
    )
  }

  protected waitedFor(step: RequestStep | ResponseStep, sinceMs: number): void {
    if (this.finished) return
    const ms = performance.now() - sinceMs
    this.tell().filtersMs += ms
    this.did('waited', step, ms)
  }

  private tried(run: () => boolean): boolean {
    try {
      return run()
    } catch (error) {
      this.fail('proxy_internal_error', String(error))
      return false
    }
  }

  private continueAnswer(steps: readonly ResponseStep[], from: number): void {
    if (this.runResponse(steps, from)) this.commit()
  }

  /** Filters further out see this in place of what came. */
  private replaceAnswer(
    answer: LocalResponse | Failure | Served | Elsewhere,
    steps: readonly ResponseStep[],
    i: number,
  ): void {
    this.did('answered', steps[i]!)
    if ('forwardTo' in answer) return this.goElsewhere(answer.forwardTo)
    if ('head' in answer) return this.serve(answer, steps, i + 1)
    if ('failure' in answer) this.refuse(answer, steps, i + 1)
    else this.respond(answer, '', steps, i + 1)
  }

  /** Nothing of what was answered is told: another run begins. */
  private goElsewhere(other: OtherBackend): void {
    const { response, failure, failureDetail } = this
    const former = this.run!
    former.cancel()
    this.dropAnswer()
    this.answers++
    this.local = false
    this.failure = null
    this.failureDetail = ''
    this.callStatus = -1
    this.runtime.observer.left(former, response.status, failure)
    this.forwardTo(other, former, { status: response.status, failure, reason: failureDetail })
  }

  private holdAnswer({ hold, whole }: HeldBody, steps: readonly ResponseStep[], i: number): boolean {
    if (!this.hasBody) return true
    const tooLong = (): boolean => {
      if (hold.over === 'pass') return true
      this.replaceAnswer({ failure: 'http_response_body_size', detail: 'held' }, steps, i)
      return false
    }
    if (this.response.length > hold.limitBytes) return tooLong()
    const { answers } = this
    this.responseFlow().hold(hold, body => {
      if (this.finished || this.answers !== answers) return
      const goesOn = body === null ? tooLong() : this.tried(() => this.judgeWhole(whole(body), steps, i))
      if (goesOn) this.continueAnswer(steps, i + 1)
    })
    return false
  }

  private judgeWhole(
    verdict: WholeVerdict | Promise<WholeVerdict>,
    steps: readonly ResponseStep[],
    i: number,
  ): boolean {
    if (verdict instanceof Promise) {
      this.awaitAnswer(verdict, later => this.judgeWhole(later, steps, i), steps, i)
      return false
    }
    if (verdict === undefined) return true
    if (!Buffer.isBuffer(verdict)) {
      this.replaceAnswer(verdict, steps, i)
      return false
    }
    this.responseFlow().replace(verdict)
    this.response.length = verdict.length === 0 ? NO_BODY : verdict.length
    this.response.hasLength = true
    return true
  }

  private responseFlow(): BodyFlow {
    const source = {
      resume: () => this.run?.resume(),
      fail: (failure: FailureName, detail: string) => this.fail(failure, detail),
    }
    return (this.outward ??= new BodyFlow(source, this, this.runtime.held))
  }

  /** Nothing of the answer so far is of use. */
  private dropAnswer(): void {
    this.outward?.destroy()
    this.outward = null
  }

  /** A body follows the head, and it is HTTP's. */
  private get hasBody(): boolean {
    const { status, length } = this.response
    return status !== 204 && status !== 304 && status !== 101 && length !== NO_BODY && this.method !== 'HEAD'
  }

  /** What is on its way to the client are the bytes of a tunnel. */
  private get tunnelling(): boolean {
    return this.run !== null && this.run.tunnel && !this.local
  }

  private commit(): void {
    if (this.tunnelling && this.response.status !== 101)
      return this.fail('proxy_internal_error', `a filter made ${this.response.status} of a tunnel's 101`)
    this.requestTaken()
    if (this.outward !== null) return this.commitFlow(this.outward)
    this.committed = true
    if (this.tunnelling) this.downstream.upgrade(this.response)
    else this.downstream.head(this.response)
  }

  /** The head leaves with the first that a transform has for the client: until then it may say more of the body in it. */
  private commitFlow(flow: BodyFlow): void {
    if (this.tunnelling) return this.commitTunnel(flow)
    try {
      flow.open({
        write: (chunk, lent) => {
          if (this.leads(flow)) this.deliver(chunk, 0, chunk.length, lent)
        },
        flush: () => !this.leads(flow) || this.downstream.flush(),
        end: trailers => {
          if (this.leads(flow)) this.deliverEnd(trailers)
        },
      })
    } catch (error) {
      return this.fail('proxy_internal_error', String(error))
    }
    if (flow.direct && !this.leads(flow)) return
    flow.begin()
    flow.settle()
    if (flow.passed && this.outward === flow) this.outward = null
  }

  /** Has the head leave, if it has not. False where the exchange is over, or answered in another way, since the client's side may refuse it. */
  private leads(flow: BodyFlow): boolean {
    if (this.outward !== flow || this.finished) return false
    if (this.committed) return true
    this.committed = true
    this.downstream.head(this.response)
    return this.outward === flow && !this.finished
  }

  /** What has come of it meanwhile passes as it is. */
  private commitTunnel(flow: BodyFlow): void {
    const { pieces, ended } = flow.take()
    this.dropAnswer()
    this.committed = true
    this.downstream.upgrade(this.response)
    for (const piece of pieces) this.sendData(piece, 0, piece.length, true)
    if (ended) return this.downstream.endTunnel()
    if (this.downstream.flush()) this.run?.resume()
  }

  informational(head: ResponseHead): void {
    this.downstream.informational(head)
  }

  sendData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    if (this.outward !== null) this.outward.write(chunk.subarray(start, end), false)
    else this.deliver(chunk, start, end, lent)
  }

  sendEnd(trailers: Fields | null): void {
    if (this.outward !== null) this.outward.end(trailers)
    else this.deliverEnd(trailers)
  }

  flush(): boolean {
    if (this.outward === null) return this.downstream.flush()
    // Who sends has been paused, where it is to be.
    return this.outward.flush() || !this.outward.linked
  }

  get clear(): boolean {
    return this.outward !== null || this.downstream.clear
  }

  private deliver(chunk: Buffer, start: number, end: number, lent: boolean): void {
    if (!this.committed || this.finished) return
    this.responseBytes += end - start
    this.downstream.data(chunk, start, end, lent)
  }

  private deliverEnd(trailers: Fields | null): void {
    if (!this.committed || this.finished) return
    // The record is written first: with the response's end the next request may begin.
    this.finish()
    this.downstream.end(trailers)
  }

  /** The upstream has ended its direction of the tunnel. */
  endTunnel(): void {
    if (this.outward !== null) this.outward.end(null)
    else this.downstream.endTunnel()
  }

  /** The response cannot be completed, and the client must see that. */
  private breakOff(): void {
    const failure = this.failure!
    const words = this.run?.lastWords(failure, this.failureDetail) ?? null
    // They would come before what a transform still has.
    const trailers = this.outward === null ? words : null
    this.finish()
    if (trailers !== null) this.downstream.end(trailers)
    else this.downstream.abort(cancels.has(failure) ? CANCEL : INTERNAL_ERROR)
  }

  onDownstreamWritable(): void {
    if (this.outward === null) this.run?.resume()
    else if (this.committed) this.outward.resume()
  }

  /** The downstream does not take the response's head: nothing of it was sent, and the failure is to be told in its place. */
  onHeadRefused(failure: FailureName, detail: string): void {
    if (this.failing) return this.breakOff()
    this.committed = false
    // For the second time it is what filters have added.
    this.failing = this.failure === failure
    this.fail(failure, detail)
  }

  /** Status for log and metrics: what was sent, or what would have been. */
  get status(): number {
    if (this.committed) return this.response.status
    return this.failure === null ? 0 : failures[this.failure].status
  }
}

type Step = RequestStep | ResponseStep

/** What each step has done before: the same object each time, so that its text is made once. */
const deeds = new WeakMap<Step, Partial<Record<Deed, Deeds>>>()

/** Undefined where the step is in none of these. */
function deedOf(step: Step, did: Deed, among: readonly (FilterSteps | null)[]): Deeds | undefined {
  const known = deeds.get(step)
  if (known?.[did] !== undefined) return known[did]
  for (const steps of among) {
    const inward = steps?.request?.findIndex(one => one === step) ?? -1
    const outward = steps?.response?.findIndex(one => one === step) ?? -1
    const filter = inward >= 0 ? steps?.requestOf[inward] : steps?.responseOf[outward]
    if (filter === undefined) continue
    const made = filterDeed(filter, did, inward >= 0 ? 'request' : 'response')
    deeds.set(step, { ...known, [did]: made })
    return made
  }
  return undefined
}

function filterDeed({ type, origin }: FilterConfig, did: Deed, side: 'request' | 'response'): Deeds {
  const { resource: object, file, line } = origin
  return { filter: { type, object, file, line }, did, side }
}

/** An answer for somebody who has gone by now: what it holds of memory is given back. */
export function dropped(verdict: Verdict | ResponseVerdict): void {
  if (verdict !== undefined && 'head' in verdict) verdict.done()
}
