import { CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME_BYTES, FRAME_HEADER, HEADERS } from './codes.ts'
import { TURN_BYTES } from './limits.ts'

/** Where the bytes of a session go; a socket, TLS, or a test. */
export interface Transport {
  /** The bytes stay as they are until `heldBytes` has been 0 after a flush. */
  write(bytes: Buffer): void
  /** Sends what was written. False when the peer is slow: the owner then calls the session's `drained`. */
  flush(): boolean
  /** Sends what was written and ends our direction; the owner closes the connection after a while. */
  end(): void
  destroy(): void
  /** Bytes that were written and are still needed. */
  readonly heldBytes: number
  /** Stops and restarts reading; what was read already may still come. */
  pause(): void
  resume(): void
}

/**
 * Small frames of all sessions of a worker are written one after another into a
 * slab; a session sends its part of it, which costs no copy and no buffer per
 * frame or connection. What a socket took at once, which is nearly always, is
 * written again; what waits in a socket is not, and the slab's size bounds what
 * it can keep in memory.
 */
const SLAB_BYTES = 16 * 1024
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
let slabAt = 0
/** Whose frames are being written at slabAt. */
const open: { writer: FrameOutput | null } = { writer: null }

/** The same for copies of large payloads: allocating 64 KiB costs more than filling them (measured). Null is in use. */
let spare: Buffer | null = null

/** Up to this many bytes a DATA payload is copied behind its header; above, the buffer itself is sent. */
const COPY_BYTES = 4096
/** What a turn writes at most, and headers. */
const COPY_ROOM = TURN_BYTES + FRAME_HEADER * Math.ceil(TURN_BYTES / FRAME_BYTES)

/** What a session has written in this turn. */
export class FrameOutput {
  /** Bytes written and not yet sent. */
  bytes = 0
  private parts: Buffer[] = []
  private from = 0
  /** A copy that is on its way and may be used again. */
  private copied: Buffer | null = null
  /** Stream of the DATA frame written last, while nothing follows it and its header can still be changed; 0 is none. */
  private lastStream = 0
  private lastBuffer: Buffer = slab
  private lastFlags = 0

  /** Room for `bytes`; returns the offset in `buffer` to write at. `commit` follows. */
  reserve(bytes: number): number {
    this.lastStream = 0
    if (open.writer !== this || slabAt + bytes > slab.length) this.open(bytes)
    return slabAt
  }

  get buffer(): Buffer {
    return slab
  }

  /** What was written ends at `end`. */
  commit(end: number): void {
    this.bytes += end - slabAt
    slabAt = end
  }

  /** A frame whose payload is 32-bit numbers (WINDOW_UPDATE, RST_STREAM, GOAWAY). */
  numbers(type: number, stream: number, first: number, second = -1): void {
    const length = second === -1 ? 4 : 8
    const begin = this.reserve(FRAME_HEADER + length)
    const at = writeHeader(slab, begin, length, type, 0, stream)
    slab.writeUInt32BE(first, at)
    if (second !== -1) slab.writeUInt32BE(second, at + 4)
    this.commit(at + length)
  }

  /** A frame with this payload, which is copied. */
  frame(type: number, flags: number, stream: number, payload: Buffer, start = 0, end = payload.length): void {
    const begin = this.reserve(FRAME_HEADER + end - start)
    const at = writeHeader(slab, begin, end - start, type, flags, stream)
    payload.copy(slab, at, start, end)
    this.commit(at + end - start)
  }

  /**
   * The field block that has been encoded in `buffer` from `begin` + FRAME_HEADER
   * to `end`, `begin` being what `reserve` returned, becomes a HEADERS frame, and
   * CONTINUATION frames where it is longer than the peer takes.
   */
  headers(stream: number, begin: number, end: number, endStream: boolean, frameBytes: number): void {
    const flags = endStream ? END_STREAM : 0
    const length = end - begin - FRAME_HEADER
    if (length <= frameBytes) {
      writeHeader(slab, begin, length, HEADERS, flags | END_HEADERS, stream)
      return this.commit(end)
    }
    const block = Buffer.from(slab.subarray(begin + FRAME_HEADER, end))
    for (let at = 0; at < length; at += frameBytes) {
      const next = Math.min(length, at + frameBytes)
      const last = next === length ? END_HEADERS : 0
      this.frame(at === 0 ? HEADERS : CONTINUATION, (at === 0 ? flags : 0) | last, stream, block, at, next)
    }
  }

  /** One DATA frame whose payload's memory will not be written again. */
  data(stream: number, chunk: Buffer, start: number, end: number): void {
    const length = end - start
    const small = length <= COPY_BYTES
    const header = this.reserve(FRAME_HEADER + (small ? length : 0))
    const at = writeHeader(slab, header, length, DATA, 0, stream)
    this.last(stream, slab, header)
    if (small) {
      chunk.copy(slab, at, start, end)
      return this.commit(at + length)
    }
    this.commit(at)
    this.seal()
    this.push(chunk.subarray(start, end))
  }

  /** DATA frames with a copy of these bytes: one buffer for all of them, headers between the pieces. */
  copy(stream: number, chunk: Buffer, start: number, end: number): void {
    if (end - start <= COPY_BYTES) return this.data(stream, chunk, start, end)
    this.seal()
    const bytes = end - start + FRAME_HEADER * Math.ceil((end - start) / FRAME_BYTES)
    const buffer =
      spare !== null && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(Math.max(bytes, COPY_ROOM))
    spare = null
    this.copied = buffer
    let at = 0
    for (let from = start; from < end; from += FRAME_BYTES) {
      const next = Math.min(end, from + FRAME_BYTES)
      this.last(stream, buffer, at)
      at = writeHeader(buffer, at, next - from, DATA, 0, stream)
      chunk.copy(buffer, at, from, next)
      at += next - from
    }
    this.push(buffer.subarray(0, at))
  }

  private last(stream: number, buffer: Buffer, header: number): void {
    this.lastStream = stream
    this.lastBuffer = buffer
    this.lastFlags = header + 4
  }

  private push(part: Buffer): void {
    this.bytes += part.length
    this.parts.push(part)
  }

  /** Makes the DATA frame written last the stream's last one; false where it cannot be reached any more. */
  endLast(stream: number): boolean {
    if (this.lastStream !== stream) return false
    this.lastBuffer[this.lastFlags]! |= END_STREAM
    this.lastStream = 0
    return true
  }

  /** Sends everything; false when the peer is slow. */
  sendTo(transport: Transport): boolean {
    let again = -1
    if (open.writer === this && this.parts.length === 0) {
      const part = slab.subarray(this.from, slabAt)
      again = this.from
      open.writer = null
      if (part.length > 0) transport.write(part)
    } else {
      this.seal()
      const { parts } = this
      this.parts = []
      for (const part of parts) transport.write(part)
    }
    this.bytes = 0
    this.lastStream = 0
    const taken = transport.flush()
    if (transport.heldBytes === 0) this.reuse(again)
    this.copied = null
    return taken
  }

  /** The transport needs nothing of it any more. */
  private reuse(at: number): void {
    if (at !== -1 && open.writer === null) slabAt = at
    spare ??= this.copied
  }

  private open(bytes: number): void {
    open.writer?.seal()
    if (slabAt + bytes > slab.length) {
      slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
      slabAt = 0
    }
    open.writer = this
    this.from = slabAt
  }

  /** Ends the part that is being written. */
  private seal(): void {
    if (open.writer !== this) return
    open.writer = null
    if (slabAt > this.from) this.parts.push(slab.subarray(this.from, slabAt))
  }
}

/** Writes a frame's header; returns the offset after it. */
function writeHeader(
  to: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  to[at] = length >>> 16
  to[at + 1] = length >>> 8
  to[at + 2] = length
  to[at + 3] = type
  to[at + 4] = flags
  to[at + 5] = stream >>> 24
  to[at + 6] = stream >>> 16
  to[at + 7] = stream >>> 8
  to[at + 8] = stream
  return at + FRAME_HEADER
}
