import { ById } from '../by-id.ts'
import type { Rejection } from '../failures.ts'
import type { Fields } from '../fields.ts'
import { atTurnEnd, type TurnWork } from '../turn.ts'
import { ClosedStreams, RESET_BY_US } from './closed-streams.ts'
import * as codes from './codes.ts'
import { ConnectionWindow, type WindowOwner } from './connection-window.ts'
import { faults, type FaultName } from './faults.ts'
import { Floods } from './floods.ts'
import type { Transport } from './frame-output.ts'
import type { Http2Limits } from './limits.ts'
import { stalled } from './rejections.ts'
import { INITIAL_WINDOW, Sender, type SenderOwner } from './sender.ts'
import { settingsPayload } from './settings.ts'
import type { SharedStreams } from './shared-streams.ts'
import type { Http2Stream, StreamOwner } from './stream.ts'

/** What a session needs of its surroundings; defaults are the run time's. */
export interface SessionClock {
  /** Milliseconds; asked only when a budget runs out. */
  readonly now: () => number
  /** Tells what is given when this turn of the event loop has been handled. */
  readonly defer: (work: TurnWork) => void
}

const clock: SessionClock = { now: () => performance.now(), defer: atTurnEnd }

/** How the end of a connection goes (RFC 9113 §6.8): announced, and then with the number of the last stream. */
const OPEN = 0
const ANNOUNCED = 1
const DRAINING = 2

/** Payload of the ping whose answer says that the peer has heard of the end. */
export const drainPing = Buffer.from('drain\0\0\0', 'latin1')

/**
 * What an HTTP/2 connection is to its owner and to its streams: its life from
 * the first settings to the last GOAWAY (RFC 9113 §3.4, §5.4, §6.8), its turns,
 * its time limits. session.ts is the connection that reads frames.
 */
export abstract class Connection implements StreamOwner, SenderOwner, WindowOwner {
  /** Nothing is read or written any more. */
  closed = false
  nowMs: number
  /** Coarse time of the last bytes that arrived. */
  receivedMs: number
  /** The peer has acknowledged our settings. */
  protected settled = false
  readonly limits: Http2Limits
  readonly shared: SharedStreams
  /** The highest stream that the peer has opened. */
  protected lastPeerStream = 0
  /** The highest of them that has been or will be processed, for GOAWAY. */
  protected lastProcessed = 0
  protected readonly streams = new ById<Http2Stream>()
  protected readonly closedStreams = new ClosedStreams()
  protected readonly floods: Floods
  protected readonly sender: Sender
  private phase = OPEN
  private readonly transport: Transport
  private readonly touchedStreams: Http2Stream[] = []
  /** Frames are being read. */
  reading = false
  /** In the direction towards us. */
  readonly window: ConnectionWindow
  private readonly clock: SessionClock
  private readonly startMs: number
  private drainMs = 0

  constructor(
    transport: Transport,
    limits: Http2Limits,
    shared: SharedStreams,
    nowMs: number,
    time: SessionClock = clock,
  ) {
    this.transport = transport
    this.limits = limits
    this.shared = shared
    this.nowMs = this.startMs = this.receivedMs = nowMs
    this.clock = time
    this.floods = new Floods(limits, time.now)
    this.sender = new Sender(this, transport, limits, this.floods, time.defer)
    this.window = new ConnectionWindow(this)
  }

  get congested(): boolean {
    return this.sender.congested
  }

  /** See ServerSession and ClientOptions. */
  abstract readonly lending: boolean

  get clear(): boolean {
    return this.sender.output.bytes === 0 && this.transport.heldBytes === 0
  }

  /** What the peer may send on a new stream: it knows our setting once it has acknowledged it. */
  get windowBytes(): number {
    return this.settled ? this.limits.windowBytes : INITIAL_WINDOW
  }

  /** Streams that are open. */
  get streamCount(): number {
    return this.streams.size
  }

  /** The end has been announced, and the peer may not know yet. */
  protected get announced(): boolean {
    return this.phase === ANNOUNCED
  }

  /** The peer has been told that it ends. */
  get leaving(): boolean {
    return this.phase !== OPEN
  }

  /** The peer may send bodies. */
  get receiving(): boolean {
    return this.window.open
  }

  /** New streams are not taken any more. */
  get draining(): boolean {
    return this.phase === DRAINING
  }

  // What the two sides do differently.

  /** Coarse time since which a head, or one frame, is arriving, or -1. */
  protected abstract lateSinceMs(nowMs: number): number
  protected abstract onStreamGone(): void
  /** The connection is over, for a reason or in good order (''). Streams have been told. */
  protected abstract onClosed(fault: FaultName | ''): void
  /** The peer's message on a stream is malformed, or the stream passes a limit. */
  protected abstract onMalformed(rejection: Rejection): void

  // The owner's calls.

  /** The transport takes more again. */
  drained(): void {
    if (!this.closed) this.sender.drained()
  }

  /** The transport is gone; `reason` is for the log. */
  lost(reason: string = ''): void {
    this.over('', reason)
  }

  /** To be called about once a second: enforces what has a limit in seconds. `nowMs` is coarse time of any origin. */
  sweep(nowMs: number): void {
    if (this.closed) return
    this.nowMs = nowMs
    const { stallMs, headTimeoutMs, settingsTimeoutMs, writeTimeoutMs } = this.limits
    const lateMs = this.lateSinceMs(nowMs)
    if (lateMs >= 0 && nowMs - lateMs > headTimeoutMs) return this.fail('head-timeout')
    if (!this.settled && nowMs - this.startMs > settingsTimeoutMs) return this.fail('settings-timeout')
    if (this.sender.congestedForMs(nowMs) > writeTimeoutMs) return this.fail('write-timeout')
    // RFC 9113 §6.8: a round trip later, or when the answer to the ping is overdue.
    if (this.phase === ANNOUNCED && nowMs - this.drainMs > 1000) this.drain()
    for (const stream of this.streams.values())
      if (stream.discardingMs >= 0) this.sweepDiscarding(stream)
      // While the peer reads nothing at all it is not its windows that hold the streams back.
      else if (stream.stalled && stallMs > 0 && !this.congested) this.sweepStalled(stream)
    this.sender.flush()
  }

  private sweepStalled(stream: Http2Stream): void {
    if (this.nowMs - stream.sentMs <= this.shared.patience(this.limits.stallMs)) return
    this.onMalformed(stalled)
    this.reset(stream, codes.CANCEL)
    stream.onLost(codes.CANCEL, true)
  }

  /** Its answer has been read by now, unless it has not even left. */
  private sweepDiscarding(stream: Http2Stream): void {
    if (this.congested) stream.discardingMs = this.nowMs
    else if (this.nowMs - stream.discardingMs > this.shared.patience(this.limits.discardMs))
      this.reset(stream, codes.NO_ERROR)
  }

  /** Ends the connection when its streams have ended; new ones are not taken. */
  shutdown(): void {
    if (this.closed || this.phase !== OPEN) return
    // A client that reads the end of a stream together with GOAWAY may take the stream for cut off (node:http2 does).
    this.sender.flush()
    this.phase = ANNOUNCED
    this.drainMs = this.nowMs
    // §6.8: streams that are on their way are still taken; the answer to the ping comes after them.
    this.sender.output.numbers(codes.GOAWAY, 0, codes.MAX_STREAM_ID, codes.NO_ERROR)
    this.sender.output.frame(codes.PING, 0, 0, drainPing)
    this.flushSoon()
  }

  /** Ends the connection now. */
  destroy(): void {
    if (this.closed) return
    this.transport.destroy()
    this.over('')
  }

  // Turns.

  protected endTurn(): void {
    for (let i = 0; i < this.touchedStreams.length; i++) this.touchedStreams[i]!.endTurn()
    this.touchedStreams.length = 0
    this.reading = false
    if (!this.closed) this.sender.flush()
  }

  touch(stream: Http2Stream): void {
    if (stream.touched || !this.reading) return
    stream.touched = true
    this.touchedStreams.push(stream)
  }

  onFlushed(): void {
    this.window.countGranted()
    if (this.phase === DRAINING && this.streamCount === 0) this.finish()
  }

  // StreamOwner: sending.

  flushSoon(): void {
    this.sender.flushSoon()
  }

  enqueue(stream: Http2Stream): void {
    this.sender.enqueue(stream)
  }

  await(stream: Http2Stream): void {
    this.sender.await(stream)
  }

  sendNow(stream: Http2Stream, chunk: Buffer, start: number, end: number, owned: boolean): number {
    return this.sender.data(stream, chunk, start, end, owned)
  }

  sendFrame(stream: Http2Stream, chunk: Buffer, start: number, end: number): void {
    this.sender.frame(stream, chunk, start, end)
  }

  sendEnd(stream: Http2Stream, trailers: Fields | null): void {
    this.sender.end(stream, trailers)
    stream.localEnded = true
    stream.onLocalEnd()
  }

  // StreamOwner: receiving.

  consume(bytes: number): void {
    this.window.consume(bytes)
    this.window.renew()
  }

  // WindowOwner.

  now(): number {
    return this.clock.now()
  }

  sendWindow(increment: number): void {
    if (this.closed) return
    this.sender.output.numbers(codes.WINDOW_UPDATE, 0, increment)
    this.flushSoon()
  }

  // StreamOwner: life.

  credit(stream: Http2Stream, increment: number): void {
    if (this.closed) return
    this.sender.output.numbers(codes.WINDOW_UPDATE, stream.id, increment)
    this.flushSoon()
  }

  reject(stream: Http2Stream, rejection: Rejection): void {
    this.onMalformed(rejection)
    if (!stream.onRejected(rejection)) this.streamError(stream.id, codes.PROTOCOL_ERROR)
    else if (!this.floods.errors.take()) this.fail('flood-errors')
  }

  ended(stream: Http2Stream): void {
    this.release(stream)
    this.onStreamGone()
  }

  reset(stream: Http2Stream, code: number): void {
    if (stream.closed) return
    // One that is told to its end after its own.
    if (this.streams.get(stream.id) !== stream) return stream.close()
    this.writeReset(stream.id, code)
    this.release(stream)
    this.onStreamGone()
    this.flushSoon()
  }

  protected release(stream: Http2Stream): void {
    this.streams.delete(stream.id)
    stream.close()
  }

  private writeReset(id: number, code: number): void {
    this.closedStreams.reset(id, RESET_BY_US)
    this.sender.reset(id, code)
  }

  /** A stream that could not be known to be one too many: no error of the peer, and bounded by its own number. */
  protected refuseStream(id: number): void {
    this.closedStreams.reset(id, RESET_BY_US)
    this.sender.output.numbers(codes.RST_STREAM, id, codes.REFUSED_STREAM)
  }

  /** RFC 9113 §5.4.2, for something that the peer has done. */
  protected streamError(id: number, code: number): void {
    if (this.closed) return
    const stream = this.streams.get(id)
    this.writeReset(id, code)
    if (stream !== undefined) {
      this.release(stream)
      stream.onLost(code, true)
      this.onStreamGone()
    }
    if (!this.floods.errors.take()) this.fail('flood-errors')
  }

  /** RFC 9113 §5.4.1. */
  fail(fault: FaultName): void {
    if (this.closed) return
    this.sender.output.numbers(codes.GOAWAY, 0, this.lastProcessed, faults[fault])
    this.sender.finish()
    this.over(fault)
  }

  /** All streams have ended. */
  private finish(): void {
    this.sender.finish()
    this.over('')
  }

  protected over(fault: FaultName | '', reason: string = fault): void {
    if (this.closed) return
    this.closed = true
    const streams = [...this.streams.values()]
    this.streams.clear()
    this.sender.clear()
    for (const stream of streams) {
      if (stream.outlives) {
        stream.orphan()
        continue
      }
      stream.close()
      stream.onLost(-1, fault !== '', reason)
    }
    this.window.release()
    this.onClosed(fault)
  }

  /** The peer has heard that the connection ends: what it opens from now on is not taken. */
  protected drain(): void {
    if (this.phase === DRAINING) return
    this.phase = DRAINING
    this.sender.output.numbers(codes.GOAWAY, 0, this.lastProcessed, codes.NO_ERROR)
    this.flushSoon()
  }

  /** Our side of the preface (§3.4): settings, and a window for the connection. */
  protected greet(parameters: readonly (readonly [id: number, value: number])[]): void {
    this.sender.output.frame(codes.SETTINGS, 0, 0, settingsPayload(parameters))
    this.window.renew()
    this.sender.flush()
  }
}
