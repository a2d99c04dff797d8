import { failures, type FailureName } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import { statusFields } from '../../http/grpc/answer.ts'
import { MessageBoundary } from '../../http/grpc/boundary.ts'
import { grpcFormat } from '../../http/grpc/content-type.ts'
import { CANCELLED, failureStatus, readStatus, serviceStatus } from '../../http/grpc/status.ts'
import { readTimeout, writeTimeout } from '../../http/grpc/timeout.ts'
import { CHUNKED, type ResponseHead } from '../../http/head.ts'
import { refusals } from '../../http/rejections.ts'
import { MOST_TIMER_MS } from '../../shared/timer.ts'
import { Forwarding } from '../forward.ts'

/** Times that differ by less are the same: what is told anew is less by the time between a head and its sending at least. */
const SAME_MS = 2

/**
 * The `forward` action for a gRPC call: keeps the client's deadline, and sees
 * to it that whatever ends the call, the client is told a status that says so.
 */
export class GrpcForwarding extends Forwarding {
  /** What the client gives the call; null where it says nothing. */
  private timeoutMs: number | null = null
  /** It was that time which ended first. Not told by the clock: a timer ends before a time with a fraction. */
  private late = false
  /** Follows the response's messages; null as long as there are none, or what is answered is not gRPC. */
  private messages: MessageBoundary | null = null
  private hasData = false

  override arm(): void {
    const { x } = this
    const text = x.request.fields.get('grpc-timeout')
    if (text !== undefined) {
      const timeoutMs = readTimeout(text)
      if (timeoutMs === null) return x.onRejection(refusals['grpc-timeout'])
      if (timeoutMs === 0) return x.fail('http_response_timeout', 'deadline')
      this.timeoutMs = timeoutMs > MOST_TIMER_MS ? null : timeoutMs
    }
    super.arm()
  }

  /** A call may be a conversation in which nobody has anything to say for a while. */
  override get conversation(): boolean {
    return true
  }

  override get exempt(): boolean {
    return true
  }

  protected override get requestTimeoutMs(): number {
    const requestTimeoutMs = super.requestTimeoutMs
    if (this.timeoutMs === null) return requestTimeoutMs
    return requestTimeoutMs === 0 ? this.timeoutMs : Math.min(requestTimeoutMs, this.timeoutMs)
  }

  /** Whatever it was that did not come, to the client it is the deadline that has passed. */
  protected override timedOut(): void {
    this.late = this.timeoutMs !== null && this.requestTimeoutMs > this.timeoutMs - SAME_MS
    this.missed()
    this.x.fail('http_response_timeout', 'deadline')
  }

  /** A deadline is the client's: one that is too short for the call says nothing of the endpoint. */
  protected override hung(): void {
    if (!this.late) super.hung()
  }

  protected override judged(status: number): number {
    return this.x.callStatus < 0 ? status : serviceStatus(this.x.callStatus)
  }

  /** What a call that has begun came to is known with its first message, or its end. */
  protected override tellBreaker(failed: boolean): void {
    if (failed || this.decided) super.tellBreaker(failed)
  }

  private get decided(): boolean {
    return this.messages === null || this.x.callStatus >= 0 || this.hasData
  }

  protected override leave(...why: Parameters<Forwarding['leave']>): void {
    this.x.callStatus = -1
    this.messages = null
    super.leave(...why)
  }

  protected override worthOf(head: ResponseHead): number {
    const status = head.fields.get('grpc-status')
    return status === undefined ? head.status : serviceStatus(readStatus(status))
  }

  protected override endsRace(head: ResponseHead): boolean {
    const status = head.fields.get('grpc-status')
    if (status !== undefined && this.rules?.grpcCodes.includes(readStatus(status)) === true) return false
    return super.endsRace(head)
  }

  /** The backend has what is left of the time, by the client's word or ours. The client's own text goes on as long as it is right. */
  protected override tellDeadline(): void {
    super.tellDeadline()
    const leftMs = this.leftMs()
    if (leftMs === Infinity) return
    if (this.attempts === 1 && this.timeoutMs !== null && leftMs > this.timeoutMs - SAME_MS) return
    const { fields } = this.x.request
    fields.keep('grpc-timeout')
    fields.set('grpc-timeout', writeTimeout(leftMs))
  }

  override onHead(head: ResponseHead): void {
    if (head.length === CHUNKED && grpcFormat(head.fields.get('content-type')) === 'grpc')
      this.messages = new MessageBoundary()
    this.read(head.fields)
    super.onHead(head)
  }

  override onData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    this.messages?.push(chunk, start, end)
    if (!this.hasData && end > start) {
      this.hasData = true
      this.tellBreaker(false)
    }
    super.onData(chunk, start, end, lent)
  }

  override onEnd(trailers: Fields | null): void {
    if (trailers !== null) this.read(trailers)
    if (!this.tunnel) super.tellBreaker(this.judged(this.verdict) >= 500)
    super.onEnd(trailers)
  }

  private read(fields: Fields): void {
    const status = fields.get('grpc-status')
    if (status !== undefined) this.x.callStatus = readStatus(status)
  }

  /** As long as the client has whole messages, it can be told in trailers; a part of one must not be followed by anything. */
  override lastWords(failure: FailureName, detail: string): Fields | null {
    const status = failureStatus(failure, detail)
    this.x.callStatus = status
    return this.messages?.whole === true ? new Fields(statusFields(status, failures[failure].title)) : null
  }

  override cancel(): void {
    super.cancel()
    if (this.x.failure === 'client_gone' && this.x.callStatus < 0) this.x.callStatus = CANCELLED
  }
}
