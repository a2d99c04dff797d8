import type { Rejection } from '../failures.ts'
import type { Fields } from '../fields.ts'
import { FRAME_BYTES, MAX_WINDOW } from './codes.ts'
import { HeldBytes } from './held-bytes.ts'
import { LOW_WATER, type Http2Limits } from './limits.ts'
import { malformed } from './rejections.ts'
import type { SharedStreams } from './shared-streams.ts'
import { StreamWindow, type StreamWindowOwner } from './stream-window.ts'

/** What a stream needs of its session. */
export interface StreamOwner {
  /** Of the connection, in the direction towards us. */
  readonly window: StreamWindowOwner
  /** Of this worker. */
  readonly shared: SharedStreams
  /** Coarse time, moved by `sweep`. */
  readonly nowMs: number
  /** The peer does not take more at the moment. */
  readonly congested: boolean
  /** Nothing that was written waits to be sent. */
  readonly clear: boolean
  /** The peer has been told that it ends. */
  readonly leaving: boolean
  /** What arrives is in memory that is not written again. */
  readonly lending: boolean
  /** What the peer may send on a new stream. */
  readonly windowBytes: number
  readonly limits: Http2Limits
  /** Sends what the windows and fairness let out at once; returns how many bytes that were. */
  sendNow(stream: Http2Stream, chunk: Buffer, start: number, end: number, owned: boolean): number
  /** One DATA frame, whatever else waits. */
  sendFrame(stream: Http2Stream, chunk: Buffer, start: number, end: number): void
  sendEnd(stream: Http2Stream, trailers: Fields | null): void
  /** The stream has data waiting and a window for it. */
  enqueue(stream: Http2Stream): void
  /** Sends what was written, at the end of the turn. */
  flushSoon(): void
  /** The stream wants to hear when it may write again. */
  await(stream: Http2Stream): void
  /** Bytes of the connection's window have been consumed. */
  consume(bytes: number): void
  credit(stream: Http2Stream, increment: number): void
  /** The stream is to hear of the end of the turn. */
  touch(stream: Http2Stream): void
  /** The peer's message broke a rule. */
  reject(stream: Http2Stream, rejection: Rejection): void
  /** Both directions are over. */
  ended(stream: Http2Stream): void
  /** We give the stream up. */
  reset(stream: Http2Stream, code: number): void
}

/**
 * One stream (RFC 9113 §5), either side's: its two directions, its send window
 * and what waits for it, its receive window and what waits for a consumer that
 * is paused. What the bytes mean is for the two kinds of streams to know.
 */
export abstract class Http2Stream {
  /** 0 as long as it has not been opened. */
  id: number
  /** Bytes that we may send. Below 0 after the peer has lowered its setting (§6.9.2). */
  sendWindow: number
  /** Our END_STREAM has been written, or the peer's has arrived. */
  localEnded = false
  remoteEnded = false
  /** Over: nothing is sent, and nothing that arrives is told. */
  closed = false
  /** It waits in the session's ring. */
  inRing = false
  /** It is told of the end of this turn, or of when it may write again. */
  touched = false
  awaiting = false
  /** Coarse time of the last byte that left, and of the last that arrived. */
  sentMs: number
  receivedMs: number
  protected readonly session: StreamOwner
  /** Content-Length not yet received; -1 is unknown. */
  protected expected = -1
  private window: StreamWindow | null = null
  // What waits to be sent.
  private queue: Buffer[] = []
  queuedBytes = 0
  private endQueued = false
  private trailersQueued: Fields | null = null
  // What has arrived while paused.
  private paused = false
  private readonly heldBytes = new HeldBytes()
  private endHeld = false
  private trailersHeld: Fields | null = null
  /** Coarse time since when nobody wants the rest of what the peer sends, or -1; and how much of that is still let in. */
  discardingMs = -1
  private discardBytes = 0

  constructor(session: StreamOwner, id: number, sendWindow: number) {
    this.session = session
    this.id = id
    this.sendWindow = sendWindow
    this.sentMs = this.receivedMs = session.nowMs
  }

  /** Body bytes (`lent` ones are not written again), their end, and the end of a turn in which something came. */
  protected abstract onData(chunk: Buffer, start: number, end: number, lent: boolean): void
  protected abstract onEnd(trailers: Fields | null): void
  protected abstract onFlush(): void
  protected abstract onWritable(): void
  /** It has been reset, by the peer or by us (`local`) because of what the peer did; or the connection is gone (-1). */
  abstract onLost(code: number, local: boolean, reason?: string): void
  /** The peer's message is malformed; true where the stream answers that and resets itself. */
  abstract onRejected(rejection: Rejection): boolean
  /** Our END_STREAM has been written. */
  abstract onLocalEnd(): void

  // Sending.

  protected transmit(chunk: Buffer, start: number, end: number, owned: boolean): void {
    if (this.closed || this.localEnded || this.endQueued || start === end) return
    let at = start
    if (this.queuedBytes === 0) {
      this.sentMs = this.session.nowMs
      at += this.session.sendNow(this, chunk, start, end, owned)
    }
    if (at === end) return
    this.queue.push(owned ? chunk.subarray(at, end) : Buffer.from(chunk.subarray(at, end)))
    this.queuedBytes += end - at
    this.session.shared.waitingBytes += end - at
    if (this.sendWindow > 0) this.session.enqueue(this)
  }

  protected finish(trailers: Fields | null): void {
    if (this.closed || this.localEnded || this.endQueued) return
    if (this.queuedBytes === 0) return this.session.sendEnd(this, trailers)
    this.endQueued = true
    this.trailersQueued = trailers
  }

  /** Whether more may be written; if not, `onWritable` follows. */
  flush(): boolean {
    this.session.flushSoon()
    if (this.closed || (this.queuedBytes <= LOW_WATER && !this.session.congested)) return true
    this.session.await(this)
    return false
  }

  /** Sends one piece of at most `bytes` of what waits, for the session's ring. */
  sendQueued(bytes: number): void {
    const piece = this.queue[0]!
    const length = Math.min(piece.length, bytes)
    this.queuedBytes -= length
    this.session.shared.waitingBytes -= length
    this.sentMs = this.session.nowMs
    if (length === piece.length) this.queue.shift()
    else this.queue[0] = piece.subarray(length)
    this.session.sendFrame(this, piece, 0, length)
    if (this.queuedBytes === 0 && this.endQueued) this.session.sendEnd(this, this.trailersQueued)
  }

  /** False where the window would be larger than it may be (§6.9.1). */
  grow(increment: number): boolean {
    this.sendWindow += increment
    if (this.sendWindow > MAX_WINDOW) return false
    if (this.queuedBytes > 0 && this.sendWindow > 0) this.session.enqueue(this)
    return true
  }

  /** Nothing that was written still waits to be sent: memory that was lent may be written again. */
  get clear(): boolean {
    return this.queuedBytes === 0 && this.session.clear
  }

  writable(): void {
    this.awaiting = false
    if (!this.closed) this.onWritable()
  }

  /** More waits than its writer should add to. */
  get stillFull(): boolean {
    return !this.closed && this.queuedBytes > LOW_WATER
  }

  /** Something waits for the peer's window or for the peer. */
  get stalled(): boolean {
    return this.queuedBytes > 0
  }

  // Receiving.

  /** A DATA frame of this length, padding included, begins; false where the peer had no window for it. */
  takeWindow(bytes: number): boolean {
    const window = (this.window ??= new StreamWindow(this.session.window, this.session.windowBytes))
    if (!window.take(bytes)) return false
    if (window.waited(bytes) && !this.held) this.tell(window.grow(this.wanted))
    return true
  }

  /** How much more of the peer's message is let in: what there can be, and a frame, since padding needs a window too. */
  private get wanted(): number {
    const expected = this.expected < 0 ? Infinity : this.expected + FRAME_BYTES
    return this.discardingMs < 0 ? expected : Math.min(expected, this.discardBytes)
  }

  /** The peer has changed to our setting. */
  shiftWindow(delta: number): void {
    this.window?.shift(delta)
    if (!this.paused) this.giveCredit()
  }

  receiveData(chunk: Buffer, start: number, end: number): void {
    const bytes = end - start
    this.receivedMs = this.session.nowMs
    if (this.closed) return this.session.consume(bytes)
    this.window?.came()
    if (this.expected >= 0) {
      this.expected -= bytes
      if (this.expected < 0) {
        this.session.consume(bytes)
        return this.session.reject(this, malformed['h2-content-length'])
      }
    }
    if (this.discardingMs >= 0) {
      this.discardBytes = Math.max(0, this.discardBytes - bytes)
      return this.consumed(bytes)
    }
    if (this.held) {
      this.heldBytes.push(chunk, start, end)
      this.session.shared.waitingBytes += bytes
      return
    }
    this.session.touch(this)
    this.onData(chunk, start, end, this.session.lending)
    this.consumed(bytes)
  }

  /** Padding is consumed as it arrives. */
  consumed(bytes: number): void {
    this.session.consume(bytes)
    if (this.closed || this.remoteEnded || this.window === null) return
    this.window.consume(bytes)
    if (!this.paused) this.giveCredit()
  }

  private giveCredit(): void {
    if (this.remoteEnded || this.window === null) return
    this.tell(this.window.renew(this.wanted))
  }

  private tell(increment: number): void {
    if (increment > 0) this.session.credit(this, increment)
  }

  /** The peer sends no more of its body: what it might have sent is free for others. */
  private releaseWindow(): void {
    this.window?.release()
    this.window = null
  }

  /** END_STREAM has arrived. */
  receiveEnd(trailers: Fields | null): void {
    if (this.closed) return
    this.receivedMs = this.session.nowMs
    if (this.expected > 0) return this.session.reject(this, malformed['h2-content-length'])
    this.remoteEnded = true
    this.releaseWindow()
    if (this.held) {
      this.endHeld = true
      this.trailersHeld = trailers
    } else this.deliverEnd(trailers)
  }

  private deliverEnd(trailers: Fields | null): void {
    this.session.touch(this)
    this.onEnd(trailers)
    if (!this.closed && this.localEnded) this.session.ended(this)
  }

  /** Nothing is told until `resume`: the peer may fill its window, no more. */
  pause(): void {
    this.paused = true
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.window?.resumed()
    let piece: Buffer | null
    while ((piece = this.heldBytes.shift()) !== null) {
      this.session.shared.waitingBytes -= piece.length
      this.onData(piece, 0, piece.length, true)
      this.consumed(piece.length)
      if (this.closed) return
      if (this.isPaused) break
    }
    if (this.endHeld && !this.isPaused) {
      this.endHeld = false
      this.deliverEnd(this.trailersHeld)
    }
    this.giveCredit()
    if (!this.closed) this.onFlush()
    this.session.flushSoon()
  }

  get isPaused(): boolean {
    return this.paused
  }

  /** It is not the peer that its body waits for. */
  get held(): boolean {
    return this.paused || !this.heldBytes.empty
  }

  endTurn(): void {
    this.touched = false
    if (!this.closed) this.onFlush()
  }

  /** The peer's message is here, and a slow consumer has yet to take it: for that no connection is needed. */
  get outlives(): boolean {
    return false
  }

  /** Nothing can be sent any more; what is here is told as before. */
  orphan(): void {
    this.localEnded = true
    this.dropQueue()
  }

  private dropQueue(): void {
    this.session.shared.waitingBytes -= this.queuedBytes
    this.queue = []
    this.queuedBytes = 0
  }

  /** Nobody wants the rest: what comes of it is dropped, within a bound, so that the peer can end it in good order. */
  protected discard(): void {
    this.discardingMs = this.session.nowMs
    this.discardBytes = this.session.limits.discardBytes
    this.paused = false
    this.window?.consume(this.heldBytes.bytes)
    this.dropHeld()
    this.giveCredit()
  }

  /** Nobody will consume it any more; the others must not stall for it. */
  private dropHeld(): void {
    const bytes = this.heldBytes.clear()
    if (bytes === 0) return
    this.session.shared.waitingBytes -= bytes
    this.session.consume(bytes)
  }

  /** The session has let go of it. */
  close(): void {
    this.closed = true
    this.dropQueue()
    this.releaseWindow()
    this.dropHeld()
  }

  /** The peer's message has been told to its end. */
  get delivered(): boolean {
    return this.remoteEnded && !this.endHeld
  }
}
