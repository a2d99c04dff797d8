import type { Fields } from '../fields.ts'
import type { TurnWork } from '../turn.ts'
import * as codes from './codes.ts'
import type { FaultName } from './faults.ts'
import type { Floods } from './floods.ts'
import { FrameOutput, type Transport } from './frame-output.ts'
import { HeadWriter } from './head-writer.ts'
import { HpackEncoder } from './hpack-encoder.ts'
import { TURN_BYTES, type Http2Limits } from './limits.ts'
import type { Http2Stream } from './stream.ts'

/** What a sender asks of its session. */
export interface SenderOwner {
  readonly closed: boolean
  readonly nowMs: number
  /** Frames are being read: what is written leaves at the end of that. */
  readonly reading: boolean
  /** Everything that could be sent has been. */
  onFlushed(): void
  fail(fault: FaultName): void
}

/** Windows before anything has been said (§6.9.2). */
export const INITIAL_WINDOW = 65_535

/** Less than this is not what a client opens a window for. */
const DRIBBLE_BYTES = 1024

/**
 * The sending half of a session: frames of one turn are collected and leave in
 * one write, DATA as far as the windows allow (RFC 9113 §5.2), the streams that
 * have some taking turns. While the peer does not take what was written, DATA
 * waits in its streams; what cannot wait there is bounded, above which nothing
 * is read from that peer any more.
 */
export class Sender implements TurnWork {
  readonly output = new FrameOutput()
  readonly encoder = new HpackEncoder()
  readonly heads: HeadWriter
  /** The peer does not take more at the moment. */
  congested = false
  private readonly owner: SenderOwner
  private readonly transport: Transport
  private readonly limits: Http2Limits
  private readonly floods: Floods
  private readonly defer: (work: TurnWork) => void
  /** Window of the connection. */
  private window = INITIAL_WINDOW
  /** Streams with data and a window, in the order in which they get a frame each. */
  private readonly ring: Http2Stream[] = []
  /** Streams that want to hear when they may write again. */
  private readonly waiting: Http2Stream[] = []
  private flushDue = false
  private flushing = false
  // What a peer that does not read has made us write, and coarse time since when it does not.
  private waitingBytes = 0
  private answers = 0
  private readingPaused = false
  private congestedMs = 0

  constructor(
    owner: SenderOwner,
    transport: Transport,
    limits: Http2Limits,
    floods: Floods,
    defer: (work: TurnWork) => void,
  ) {
    this.owner = owner
    this.transport = transport
    this.limits = limits
    this.floods = floods
    this.defer = defer
    this.heads = new HeadWriter(this.output, this.encoder, codes.FRAME_BYTES)
  }

  /** How long the peer has taken nothing. */
  congestedForMs(nowMs: number): number {
    return this.congested ? nowMs - this.congestedMs : 0
  }

  /** The transport takes more again. */
  drained(): void {
    this.uncongested()
    if (this.readingPaused) {
      this.readingPaused = false
      this.transport.resume()
    }
    this.flush()
  }

  /** False where the window would be larger than it may be (§6.9.1). */
  grow(increment: number): boolean {
    this.window += increment
    return this.window <= codes.MAX_WINDOW
  }

  /**
   * Sends at the end of the turn: what comes for other streams until then, from
   * other sockets, leaves in the same system call.
   */
  flushSoon(): void {
    if (this.owner.reading || this.flushing || this.flushDue || this.owner.closed) return
    this.flushDue = true
    this.defer(this)
  }

  endTurn(): void {
    this.flushDue = false
    if (!this.owner.closed) this.flush()
  }

  flush(): void {
    if (this.flushing) return
    this.flushing = true
    while (!this.owner.closed) {
      this.pump()
      if (this.output.bytes > 0) this.send()
      // Who wrote all it had may write more; what that is goes out by another round.
      else if (this.congested || !this.wake()) break
    }
    this.flushing = false
    if (!this.owner.closed) this.owner.onFlushed()
  }

  private send(): void {
    const { bytes } = this.output
    const wasCongested = this.congested
    this.congested = !this.output.sendTo(this.transport)
    if (!this.congested) this.uncongested()
    else if (wasCongested) this.waitingBytes += bytes
    else this.congestedMs = this.owner.nowMs
    if (this.waitingBytes <= this.limits.outputBytes || this.readingPaused) return
    this.readingPaused = true
    this.transport.pause()
  }

  private uncongested(): void {
    this.congested = false
    this.answers = this.waitingBytes = 0
  }

  /** A frame for each in turn, so that none waits for another's whole body. */
  private pump(): void {
    const { ring } = this
    while (ring.length > 0 && this.window > 0 && !this.congested && this.output.bytes < TURN_BYTES) {
      const stream = ring.shift()!
      stream.inRing = false
      if (stream.closed || stream.queuedBytes === 0 || stream.sendWindow <= 0) continue
      stream.sendQueued(Math.min(codes.FRAME_BYTES, stream.sendWindow, this.window))
      if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.enqueue(stream)
    }
  }

  /** Tells streams that they may write again; false where there are none. */
  private wake(): boolean {
    if (this.waiting.length === 0) return false
    let woken = false
    for (const stream of this.waiting.splice(0))
      if (stream.stillFull) this.waiting.push(stream)
      else {
        woken = true
        stream.writable()
      }
    return woken
  }

  /** The stream has data waiting and a window for it. */
  enqueue(stream: Http2Stream): void {
    if (stream.inRing) return
    stream.inRing = true
    this.ring.push(stream)
  }

  await(stream: Http2Stream): void {
    if (stream.awaiting) return
    stream.awaiting = true
    this.waiting.push(stream)
  }

  /** Writes what the windows and fairness let out at once; returns how many bytes that were. */
  data(stream: Http2Stream, chunk: Buffer, start: number, end: number, owned: boolean): number {
    if (this.congested || this.ring.length > 0) return 0
    const room = TURN_BYTES - this.output.bytes
    const bytes = Math.min(end - start, stream.sendWindow, this.window, room)
    if (bytes <= 0) return 0
    if (!owned) this.output.copy(stream.id, chunk, start, start + bytes)
    else
      for (let at = start; at < start + bytes; at += codes.FRAME_BYTES)
        this.output.data(stream.id, chunk, at, Math.min(start + bytes, at + codes.FRAME_BYTES))
    this.sent(stream, bytes, bytes < end - start)
    return bytes
  }

  /** One DATA frame, whatever else waits. */
  frame(stream: Http2Stream, chunk: Buffer, start: number, end: number): void {
    this.output.data(stream.id, chunk, start, end)
    this.sent(stream, end - start, stream.queuedBytes > 0)
  }

  /** `cut`: more would have been sent, had there been a window for it. */
  private sent(stream: Http2Stream, bytes: number, cut: boolean): void {
    stream.sendWindow -= bytes
    this.window -= bytes
    // A window that is opened by a few bytes again and again (CVE-2019-9511) earns nothing with what that lets out.
    if (!cut || bytes >= DRIBBLE_BYTES) this.floods.dataSent(Math.ceil(bytes / codes.FRAME_BYTES))
  }

  /** Ends our direction of a stream. */
  end(stream: Http2Stream, trailers: Fields | null): void {
    // RFC 9110 §6.5.1: who passes trailers on may drop them.
    if (trailers !== null && this.heads.takesTrailers(trailers)) this.heads.trailers(stream.id, trailers)
    else if (!this.output.endLast(stream.id))
      this.output.frame(codes.DATA, codes.END_STREAM, stream.id, nothing)
  }

  /** An answer to a frame of the peer: bounded in number where it is not read, since it is small. */
  answer(
    type: number,
    flags: number,
    stream: number,
    payload: Buffer,
    start = 0,
    end = payload.length,
  ): void {
    this.output.frame(type, flags, stream, payload, start, end)
    this.answered()
  }

  reset(stream: number, code: number): void {
    this.output.numbers(codes.RST_STREAM, stream, code)
    this.answered()
  }

  private answered(): void {
    if (++this.answers > this.limits.queuedAnswers && this.congested) this.owner.fail('flood-answers')
  }

  /** Sends what there is and ends the transport. */
  finish(): void {
    this.output.sendTo(this.transport)
    this.transport.end()
  }

  clear(): void {
    this.ring.length = this.waiting.length = 0
  }
}

const nothing = Buffer.alloc(0)
