import { DATA, FRAME_BYTES, FRAME_HEADER, PADDED } from './codes.ts'
import type { FaultName } from './faults.ts'

/** Takes the frames of a connection as they come. Buffers are borrowed: they are valid during the call. */
export interface FrameSink {
  /** The connection has failed: nothing more is read. */
  readonly closed: boolean
  /** A frame's header, before its payload. */
  onFrameStart(type: number, flags: number, stream: number, length: number): void
  /** A piece of the payload of the DATA frame begun, without padding. */
  onDataPiece(chunk: Buffer, start: number, end: number): void
  onDataEnd(flags: number): void
  /** Any other frame, with its whole payload. */
  onFrame(type: number, flags: number, stream: number, chunk: Buffer, start: number, end: number): void
  fail(fault: FaultName): void
}

const HEADER = 0
const PAD_LENGTH = 1
const BODY = 2
const PADDING = 3
const PAYLOAD = 4

const nothing = Buffer.alloc(0)

/**
 * Cuts what arrives into frames (RFC 9113 §4), wherever the packets end. The
 * payload of DATA is passed on in the pieces in which it comes, without a copy;
 * other frames are put together where they were cut, in at most FRAME_BYTES.
 */
export class FrameReader {
  private readonly sink: FrameSink
  private state = HEADER
  private type = 0
  private flags = 0
  private stream = 0
  /** Bytes of the payload still to come; in BODY, without the padding. */
  private left = 0
  private padding = 0
  /** A header or a payload that is not complete. */
  private held: Buffer = nothing
  private heldBytes = 0
  /** Frames begun; the one that was on its way at the last `lateSinceMs`, and when that was asked for the first time. */
  private frames = 0
  private lateFrame = -1
  private lateMs = 0

  constructor(sink: FrameSink) {
    this.sink = sink
  }

  read(chunk: Buffer, from = 0): void {
    const { sink } = this
    let at = from
    while (at < chunk.length && !sink.closed) {
      if (this.state === HEADER) at = this.readHeader(chunk, at)
      else if (this.state === PAYLOAD) at = this.readPayload(chunk, at)
      else if (this.state === BODY) at = this.readBody(chunk, at)
      else if (this.state === PAD_LENGTH) this.readPadLength(chunk[at++]!)
      else {
        const next = Math.min(chunk.length, at + this.padding)
        this.padding -= next - at
        at = next
        if (this.padding === 0) this.endData()
      }
    }
  }

  /**
   * To be asked about once a second: since which time the same frame has been on
   * its way, or -1. DATA does not count, since its stream has a time limit, and
   * is told of every byte.
   */
  lateSinceMs(nowMs: number): number {
    const late = this.state === PAYLOAD || (this.state === HEADER && this.heldBytes > 0)
    if (!late || this.lateFrame !== this.frames) {
      this.lateFrame = late ? this.frames : -1
      this.lateMs = nowMs
    }
    return late ? this.lateMs : -1
  }

  private readHeader(chunk: Buffer, at: number): number {
    if (this.heldBytes === 0 && chunk.length - at >= FRAME_HEADER) {
      this.start(chunk, at)
      return at + FRAME_HEADER
    }
    const next = this.hold(chunk, at, FRAME_HEADER)
    if (this.heldBytes === FRAME_HEADER) {
      const header = this.release()
      this.start(header, 0)
    }
    return next
  }

  private start(from: Buffer, at: number): void {
    this.frames++
    const length = (from[at]! << 16) | (from[at + 1]! << 8) | from[at + 2]!
    const type = from[at + 3]!
    const flags = from[at + 4]!
    // The highest bit is reserved and ignored (§4.1).
    const stream =
      ((from[at + 5]! & 127) << 24) | (from[at + 6]! << 16) | (from[at + 7]! << 8) | from[at + 8]!
    if (length > FRAME_BYTES) return this.sink.fail('frame-size')
    this.sink.onFrameStart(type, flags, stream, length)
    if (this.sink.closed) return
    this.type = type
    this.flags = flags
    this.stream = stream
    this.left = length
    if (type === DATA) this.startData()
    else if (length > 0) this.state = PAYLOAD
    else this.sink.onFrame(type, flags, stream, nothing, 0, 0)
  }

  private startData(): void {
    this.padding = 0
    if ((this.flags & PADDED) !== 0) {
      if (this.left === 0) this.sink.fail('frame-size')
      else this.state = PAD_LENGTH
    } else if (this.left > 0) this.state = BODY
    else this.endData()
  }

  private readPadLength(padding: number): void {
    this.left -= 1 + padding
    this.padding = padding
    // §6.1: padding as long as the payload or longer.
    if (this.left < 0) return this.sink.fail('frame-padding')
    if (this.left > 0) this.state = BODY
    else if (padding > 0) this.state = PADDING
    else this.endData()
  }

  private readBody(chunk: Buffer, at: number): number {
    const next = Math.min(chunk.length, at + this.left)
    this.left -= next - at
    this.sink.onDataPiece(chunk, at, next)
    if (this.left > 0) return next
    if (this.padding > 0) this.state = PADDING
    else this.endData()
    return next
  }

  private endData(): void {
    this.state = HEADER
    this.sink.onDataEnd(this.flags)
  }

  private readPayload(chunk: Buffer, at: number): number {
    const { left } = this
    if (this.heldBytes === 0 && chunk.length - at >= left) {
      this.state = HEADER
      this.sink.onFrame(this.type, this.flags, this.stream, chunk, at, at + left)
      return at + left
    }
    const next = this.hold(chunk, at, left)
    if (this.heldBytes === left) {
      const payload = this.release()
      this.state = HEADER
      this.sink.onFrame(this.type, this.flags, this.stream, payload, 0, left)
    }
    return next
  }

  private hold(chunk: Buffer, at: number, bytes: number): number {
    if (this.heldBytes === 0) this.held = Buffer.allocUnsafe(bytes)
    const next = Math.min(chunk.length, at + bytes - this.heldBytes)
    chunk.copy(this.held, this.heldBytes, at, next)
    this.heldBytes += next - at
    return next
  }

  private release(): Buffer {
    const { held } = this
    this.held = nothing
    this.heldBytes = 0
    return held
  }
}
