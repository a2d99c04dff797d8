import type { SpanHome } from '../../telemetry/spans/span-settings.ts'
import type { FailureName } from '../../http/failures.ts'
import { Fields } from '../../http/fields.ts'
import { websocketAccept } from '../../http/h2/websocket.ts'
import { NO_BODY, type RequestHead } from '../../http/head.ts'
import {
  CANCEL,
  CREDIT,
  CREDIT_BYTES,
  DATA,
  END,
  REQUEST,
  sharedMs,
  WINDOW_BYTES,
} from '../../shared/crossing/messages.ts'
import type { Speaker } from '../../shared/crossing/outbox.ts'
import { Pieces } from '../../shared/crossing/pieces.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream-stream.ts'
import type { Crosser, Crossing } from './crossing.ts'
import { answerHead, fieldsOf, type HeadLimits } from './head.ts'

/** Whose request it is. */
export interface StreamPool {
  /** Null where the thread is not, or no longer, there. */
  readonly crossing: Crossing | null
  readonly limits: HeadLimits
  /** It counts no more; called exactly once. */
  over(stream: CrossingStream): void
  /** It counts among those that go on from here on, and no more as a connection; false where they are too many. */
  goesOn(stream: CrossingStream): boolean
  /** Nobody holds it, and what was written is still to be taken. */
  linger(stream: CrossingStream): void
  /** The thread cannot be asked. */
  unreachable(failure: FailureName, detail: string): void
  faulted(fault: string): void
}

/** One request to a thread: what is written in a turn crosses at its end, as far as the thread takes it. */
export class CrossingStream implements UpstreamStream, Crosser, Speaker {
  readonly fresh = true
  unsent = true
  goesOn = false
  /** Its number where it crosses; 0 before. */
  id = 0
  /** Whose it is. */
  client = ''
  private home: SpanHome | undefined = undefined
  private readonly pool: StreamPool
  private crossing: Crossing | null = null
  private handler: UpstreamHandler | null = null
  private done = false
  private due = false
  // The request, as far as it has not crossed.
  private head: RequestHead | null = null
  private list: readonly string[] = []
  private method = ''
  private key: string | undefined
  private readonly written = new Pieces()
  private window = WINDOW_BYTES
  private writeEnded = false
  private endSent = false
  private awaiting = false
  private tunnel = false
  private peerEnded = false
  // The answer, as far as it has not been taken.
  private isAnswered = false
  private paused = false
  private held: Buffer[] = []
  private heldBytes = 0
  private owedBytes = 0
  private heldEnd: { readonly trailers: Fields | null } | null = null

  constructor(pool: StreamPool) {
    this.pool = pool
  }

  get queuedBytes(): number {
    return this.written.bytes
  }

  /** In both directions. */
  get waitingBytes(): number {
    return this.written.bytes + this.heldBytes
  }

  // UpstreamStream.

  send(head: RequestHead, handler: UpstreamHandler): void {
    this.head = head
    this.list = head.acceptsTrailers ? ['te', 'trailers', ...head.fields.list] : [...head.fields.list]
    this.method = head.method
    this.handler = handler
    this.client = handler.client ?? ''
    this.home = handler.spanHome
    this.writeEnded = head.length === NO_BODY
    if (head.upgrade !== '') this.key = head.fields.get('sec-websocket-key')
    const { crossing } = this.pool
    if (crossing === null || !crossing.open) return this.refuse(crossing)
    this.crossing = crossing
    this.id = crossing.nextId()
    crossing.add(this)
    this.hear()
  }

  write(chunk: Buffer, start: number, end: number): void {
    this.written.push(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end))
    this.hear()
  }

  end(): void {
    this.writeEnded = true
    this.hear()
  }

  flush(): boolean {
    if (this.written.bytes <= Math.max(0, this.window)) return true
    this.awaiting = true
    return false
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    // Not here: who resumes is in the middle of something.
    this.hear()
  }

  abort(): void {
    this.handler = null
    this.finish(true)
  }

  endTunnel(): void {
    this.end()
    if (this.peerEnded) this.leave()
  }

  // What is said at the end of a turn.

  private hear(): void {
    if (this.due || this.done || this.crossing === null) return
    this.due = true
    this.crossing.outbox.hear(this)
  }

  speak(): void {
    this.due = false
    if (this.done) return
    const body = this.written.take(this.window)
    this.window -= body?.byteLength ?? 0
    const ends = this.writeEnded && !this.endSent && this.written.bytes === 0
    if (ends) this.endSent = true
    this.speakRequest(body, ends)
    if (!this.paused) this.deliver()
  }

  private speakRequest(body: Uint8Array | null, ends: boolean): void {
    const { head, id } = this
    const { outbox } = this.crossing!
    if (head !== null) {
      const fields = head.authority === '' ? this.list : ['host', head.authority, ...this.list]
      const deadlineMs = sharedMs(this.handler?.answerByMs ?? Infinity)
      const target = head.path + head.query
      outbox.push(
        [
          REQUEST,
          id,
          head.method,
          target,
          fields,
          head.upgrade,
          deadlineMs,
          body,
          ends,
          this.client,
          this.home,
        ],
        body,
      )
      this.head = null
      this.unsent = false
      return
    }
    if (body !== null) outbox.push([DATA, id, body], body)
    if (ends) outbox.push([END, id])
    if (ends && this.peerEnded && this.handler === null) this.finish(false)
  }

  // What the thread tells.

  answered(
    status: number,
    list: readonly string[],
    lengthBytes: number,
    body: string | Uint8Array | null,
    ended: boolean,
  ): void {
    const chunk = body === null ? null : bufferOf(body)
    const length = ended ? (chunk?.length ?? 0) : lengthBytes
    const head = answerHead(this.method, status, list, length, this.pool.limits)
    if (head === null) return this.tooLarge()
    this.isAnswered = true
    this.handler?.onHead(head)
    if (chunk !== null && head.length !== NO_BODY) this.hold(chunk)
    if (ended) this.heldEnd = { trailers: null }
    if (ended) this.crossing?.remove(this.id)
    if (this.paused || (this.held.length === 0 && !ended)) this.handler?.onFlush()
    else this.deliver()
  }

  received(bytes: Uint8Array): void {
    this.hold(bufferOf(bytes))
    if (!this.paused) this.deliver()
  }

  ended(trailers: readonly string[] | null): void {
    this.heldEnd = { trailers: trailers === null ? null : new Fields([...trailers]) }
    if (!this.tunnel) this.crossing?.remove(this.id)
    if (!this.paused) this.deliver()
  }

  going(): void {
    if (this.goesOn || this.done) return
    this.goesOn = true
    if (!this.pool.goesOn(this)) this.displaced()
  }

  upgraded(list: readonly string[]): void {
    this.going()
    if (this.done) return
    const fields = fieldsOf(list, this.pool.limits, false)
    if (fields === null) return this.tooLarge()
    if (this.key === undefined) return this.fail('http_upgrade_failed', 'unexpected_101')
    fields.set('sec-websocket-accept', websocketAccept(this.key))
    this.tunnel = true
    this.isAnswered = true
    this.writeEnded = this.endSent = false
    this.handler?.onUpgrade({
      status: 101,
      reason: '',
      version: 11,
      fields,
      length: NO_BODY,
      hasLength: false,
      keepAlive: true,
      upgrade: 'websocket',
      trailer: '',
    })
    this.handler?.onFlush()
  }

  /** Its place is somebody else's. */
  displaced(): void {
    const { handler } = this
    this.handler = null
    this.finish(true)
    handler?.onFailure(
      this.isAnswered && !this.tunnel ? 'http_response_incomplete' : 'bundle_overloaded',
      'streams',
    )
  }

  credited(bytes: number): void {
    this.window += bytes
    if (this.written.bytes > 0) this.hear()
    if (!this.awaiting || this.written.bytes > this.window) return
    this.awaiting = false
    this.handler?.onWritable()
  }

  fail(failure: FailureName, detail: string): void {
    if (this.done) return
    const { handler } = this
    this.handler = null
    this.finish(failure === 'http_upgrade_failed')
    handler?.onFailure(this.isAnswered && !this.tunnel ? 'http_response_incomplete' : failure, detail)
  }

  // Inside.

  private hold(chunk: Buffer): void {
    if (chunk.length === 0 || this.handler === null) return
    this.held.push(chunk)
    this.heldBytes += chunk.length
  }

  /** What has come goes on; the thread may send as much again. */
  private deliver(): void {
    const { held, handler, heldEnd } = this
    if (handler === null || (held.length === 0 && heldEnd === null)) return
    this.held = []
    this.owedBytes += this.heldBytes
    this.heldBytes = 0
    for (const chunk of held) this.handler?.onData(chunk, 0, chunk.length, true)
    if (this.handler === null) return
    if (heldEnd !== null) return this.deliverEnd(heldEnd.trailers)
    this.giveCredit()
    handler.onFlush()
  }

  private deliverEnd(trailers: Fields | null): void {
    const { handler } = this
    if (this.tunnel) {
      this.heldEnd = null
      this.peerEnded = true
      handler!.onEnd(null)
      if (this.writeEnded) this.leave()
      return
    }
    this.handler = null
    // All of the answer is here: nobody needs the rest of the request.
    this.finish(!this.endSent)
    handler!.onEnd(trailers)
  }

  private giveCredit(): void {
    if (this.owedBytes < CREDIT_BYTES || this.crossing === null) return
    this.crossing.outbox.push([CREDIT, this.id, this.owedBytes])
    this.owedBytes = 0
  }

  /** Both directions of a tunnel are over, but for what waits to be taken. */
  private leave(): void {
    this.handler = null
    if (this.endSent) this.finish(false)
    else this.pool.linger(this)
  }

  private tooLarge(): void {
    this.pool.faulted('answer-head')
    const { handler } = this
    this.handler = null
    this.finish(true)
    handler?.onFailure('response_header_section_size', 'answer-head')
  }

  /** Fails when this turn is over: whoever sends is not to hear of it before it has sent. */
  private refuse(crossing: Crossing | null): void {
    const { failure, detail } = crossing?.lost ?? { failure: 'bundle_unavailable', detail: 'no thread' }
    setImmediate(() => {
      if (this.handler !== null) this.pool.unreachable('bundle_unavailable', detail)
      this.fail('bundle_unavailable', detail === '' ? failure : detail)
    })
  }

  private finish(cancels: boolean): void {
    if (this.done) return
    this.done = true
    const { crossing } = this
    this.written.clear()
    this.held = []
    this.heldBytes = 0
    if (crossing !== null) {
      if (cancels && !this.unsent && crossing.lost === null) crossing.outbox.push([CANCEL, this.id])
      crossing.remove(this.id)
    }
    this.pool.over(this)
  }
}

function bufferOf(bytes: string | Uint8Array): Buffer {
  return typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
