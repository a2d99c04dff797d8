import { outcomeNote, waitedNote, type Outcome } from '../../filters/cache/outcomes.ts'
import { fallbackNote } from '../../filters/fallback/fallback.ts'
import { CallFailure } from '../../filters/kit.ts'
import type { FailureName } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/head.ts'
import type { Paced } from '../pace.ts'
import type { PortRuntime } from '../runtime.ts'
import { ExchangeWithin, type DownstreamWithin } from './exchange-within.ts'
import { FailedHead } from './failed-head.ts'
import { IncomingBody, type Source } from './incoming-body.ts'
import { headOf, type RequestWithin } from './request-within.ts'

/** As RequestWithin.client where nobody is named, like the gateway's own calls. */
const NOBODY = 'gateway'

/** A request from within, and the client's side of its exchange: memory in place of a connection. */
export class CallWithin implements DownstreamWithin, Paced, Source {
  /** The head of the answer, or a 101. Rejects with a CallFailure of the kit, or with the reason of the request's signal. */
  readonly answered: Promise<ResponseHead>
  /** Among those of its thread. */
  readonly id: number
  /** What follows the head; of a tunnel, what comes from the other side. */
  readonly body: IncomingBody
  readonly clear = true
  private readonly request: RequestWithin
  private readonly x: ExchangeWithin
  private readonly left: (call: CallWithin) => void
  private readonly resolve: (head: ResponseHead) => void
  private readonly reject: (reason: unknown) => void
  /** Nobody hears of its answer any more. */
  private over = false
  /** What failed where the answer was made in its place. */
  private replaced: FailureName | null = null
  /** The request's body is on its way, and is to wait. */
  private sending = false
  private paused = false
  private wake: (() => void) | null = null
  private touchedMs: number
  /** Something of the answer, since that time was looked at. */
  private came = false

  /** `left` is called once it is over. Throws a TypeError where the request can be none. */
  constructor(id: number, runtime: PortRuntime, request: RequestWithin, left: (call: CallWithin) => void) {
    this.id = id
    const { client = NOBODY } = request
    const { promise, resolve, reject } = Promise.withResolvers<ResponseHead>()
    this.answered = promise
    this.resolve = resolve
    this.reject = reject
    this.request = request
    this.body = new IncomingBody(this, request.holding)
    this.left = left
    this.x = new ExchangeWithin(this, runtime, headOf(request), client, request)
    this.touchedMs = this.x.startedMs
  }

  begin(): void {
    const { x } = this
    const { signal, body } = this.request
    if (signal?.aborted === true) return this.aborted()
    signal?.addEventListener('abort', this.aborted)
    x.begin()
    if (body instanceof Uint8Array && body.length > 0) {
      this.send(body)
      x.onRequestEnd(null)
    }
    x.onRequestFlush()
    if (body !== null && !(body instanceof Uint8Array)) void this.pump(body)
  }

  /** Attempts so far. */
  get attempts(): number {
    return Math.max(1, this.x.run?.attempts ?? 1)
  }

  /** What the cache has done for it; null where there is none. */
  get cached(): Outcome | null {
    return this.x.writtenNotes?.get(outcomeNote)?.outcome ?? null
  }

  /** It has waited for the answer of an equal one. */
  get waited(): boolean {
    return this.x.writtenNotes?.get(waitedNote) === true
  }

  /** Something has answered in the backend's place. */
  get isFallback(): boolean {
    return this.x.writtenNotes?.get(fallbackNote) !== undefined
  }

  // The request's body, or what goes into the tunnel.

  private send(bytes: Uint8Array): void {
    const chunk = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.touchedMs = performance.now()
    this.x.onRequestData(chunk, 0, chunk.length)
  }

  private async pump(body: AsyncIterable<Uint8Array>): Promise<void> {
    this.sending = true
    try {
      for await (const piece of body) {
        if (piece.length > 0) await this.write(piece)
        if (this.x.finished) return
      }
      this.endRequest()
    } catch (error) {
      this.stop(error, false)
    }
  }

  /** Bytes are its own from then on. Resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.x.finished) throw new CallFailure(this.x.failure ?? 'connection_terminated', 'over')
    this.send(bytes)
    this.x.onRequestFlush()
    while (this.paused && !this.x.finished) await new Promise<void>(resolve => (this.wake = resolve))
  }

  /** Nothing more of it comes. */
  endRequest(): void {
    this.sending = false
    this.x.onRequestEnd(null)
    this.x.onRequestFlush()
  }

  /** Ends it: nobody wants any more of it. */
  cancel(): void {
    this.body.cancel()
    this.x.onGone()
  }

  // Source: who reads the answer.

  drained(): void {
    this.touchedMs = performance.now()
    this.x.onDownstreamWritable()
  }

  unread(): void {
    this.over = true
    this.x.onGone()
  }

  // Downstream.

  head(head: ResponseHead): void {
    if (this.over) return
    const { failure, failureDetail } = this.x
    if (head instanceof FailedHead)
      return this.settle(new CallFailure(failure ?? 'proxy_internal_error', failureDetail))
    this.replaced = failure
    this.resolve(head)
  }

  upgrade(head: ResponseHead): void {
    if (this.over) return
    this.resolve(head)
  }

  data(chunk: Buffer, start: number, end: number): void {
    if (this.over) return
    this.came = true
    this.body.push(chunk, start, end)
  }

  /** Behind all that has come at once. */
  flush(): boolean {
    if (this.came) this.touchedMs = performance.now()
    this.came = false
    return this.over || this.body.hasRoom
  }

  end(trailers: Fields | null): void {
    if (this.over) return
    const { failure } = this.x
    if (failure !== null && failure !== this.replaced) return this.abort()
    this.over = true
    this.body.end(trailers)
  }

  endTunnel(): void {
    this.body.end(null)
  }

  abort(): void {
    const { failure, failureDetail } = this.x
    this.settle(new CallFailure(failure ?? 'http_response_incomplete', failureDetail))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.woken()
  }

  refuse(): boolean {
    return false
  }

  informational(): void {}
  continue(): void {}

  finished(): void {
    this.request.signal?.removeEventListener('abort', this.aborted)
    this.woken()
    this.left(this)
  }

  private woken(): void {
    const { wake } = this
    this.wake = null
    wake?.()
  }

  // Its end before the answer's.

  private readonly aborted = (): void => {
    const reason: unknown = this.request.signal!.reason
    this.stop(reason, isLate(reason))
  }

  /** `late`: there was no answer in time, which is the backend's fault where it had that. */
  private stop(reason: unknown, late: boolean): void {
    this.settle(reason)
    if (late) this.x.fail('http_response_timeout', 'deadline')
    this.x.onGone()
  }

  private settle(reason: unknown): void {
    if (this.over) return
    this.over = true
    this.reject(reason)
    this.body.fail(reason)
  }

  // What sweeps ask of it.

  get bufferedBytes(): number {
    return this.body.waitingBytes
  }

  sweep(nowMs: number): void {
    const { x } = this
    if (x.run?.watched === true) x.run.look(this, nowMs)
    // Whoever reads it, or writes it, is slow, and not the backend.
    if (this.body.isUnread || this.reading) return
    const stillMs = nowMs - this.touchedMs
    if (stillMs > x.silenceMs) x.fail('http_response_timeout', 'timeouts.silence')
  }

  /** Ends it for a drain. */
  destroy(): void {
    this.x.fail('proxy_overloaded', 'drained')
  }

  // Paced.

  get reading(): boolean {
    return this.sending && !this.paused
  }

  get takenBytes(): number {
    return this.body.takenBytes
  }

  giveUp(failure: FailureName): void {
    this.x.fail(failure, 'pressure')
  }
}

/** As calls of filters and of compositions name it. */
const isLate = (reason: unknown): boolean =>
  reason instanceof Error && 'failure' in reason && reason.failure === 'http_response_timeout'
