import { BlockGatherer } from './block-gatherer.ts'
import { RESET_BY_PEER, RESET_BY_US } from './closed-streams.ts'
import * as codes from './codes.ts'
import { Connection, drainPing, type SessionClock } from './connection.ts'
import type { FaultName } from './faults.ts'
import { FieldSection, type SectionLimits } from './field-section.ts'
import type { Transport } from './frame-output.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import type { Http2Limits } from './limits.ts'
import { INITIAL_WINDOW } from './sender.ts'
import { PeerSettings } from './settings.ts'
import type { SharedStreams } from './shared-streams.ts'
import type { Http2Stream } from './stream.ts'

/**
 * The half of HTTP/2 that client and server have in common (RFC 9113 §4–§6). It
 * is given what arrives by `receive`, and writes to a transport; it knows
 * nothing of sockets and starts no timer: its owner calls `sweep` about once a
 * second, `drained` when a slow peer reads again, and `lost` when the transport
 * is gone.
 */
export abstract class Session extends Connection implements FrameSink {
  readonly peer = new PeerSettings()
  protected readonly section: FieldSection
  protected abstract readonly peerIsServer: boolean
  private readonly reader: FrameReader
  private readonly decoder = new HpackDecoder()
  private readonly block: BlockGatherer
  /** The first frame has come. */
  private started = false
  // The DATA frame that is being read.
  private dataStream: Http2Stream | null = null
  private dataLength = 0
  private dataBytes = 0

  constructor(
    transport: Transport,
    limits: Http2Limits,
    section: SectionLimits,
    shared: SharedStreams,
    nowMs: number,
    clock?: SessionClock,
  ) {
    super(transport, limits, shared, nowMs, clock)
    this.section = new FieldSection(section)
    this.block = new BlockGatherer(limits, shared)
    this.reader = new FrameReader(this)
  }

  /** A whole field block for this stream; it must be given to `decode`, whatever becomes of the stream. */
  protected abstract onBlock(
    stream: number,
    endStream: boolean,
    block: Buffer,
    start: number,
    end: number,
  ): void
  /** Whether this stream has never been used (§5.1, idle). */
  protected abstract isIdle(stream: number): boolean
  protected abstract onGoaway(lastStream: number, code: number): void
  protected abstract onSettings(): void

  protected get headUnderWay(): boolean {
    return this.block.stream !== 0
  }

  protected override over(fault: FaultName | '', reason?: string): void {
    if (!this.closed) this.block.drop()
    super.over(fault, reason)
  }

  protected lateSinceMs(nowMs: number): number {
    return this.headUnderWay ? this.block.sinceMs : this.reader.lateSinceMs(nowMs)
  }

  /** Takes what has arrived. The chunk is borrowed: what has to wait is copied. */
  receive(chunk: Buffer, from = 0): void {
    if (this.closed) return
    this.receivedMs = this.nowMs
    this.reading = true
    this.reader.read(chunk, from)
    this.endTurn()
  }

  // FrameSink.

  onFrameStart(type: number, flags: number, stream: number, length: number): void {
    if (!this.started) {
      // §3.4: an acknowledgement is not what a preface consists of.
      if (type !== codes.SETTINGS || (flags & codes.ACK) !== 0) return this.fail('first-frame')
      this.started = true
    }
    if (this.block.stream !== 0) {
      if (type !== codes.CONTINUATION || stream !== this.block.stream) this.fail('continuation-missing')
    } else if (type === codes.CONTINUATION) this.fail('continuation-unexpected')
    else if (type === codes.DATA) this.onDataStart(stream, length)
  }

  private onDataStart(id: number, length: number): void {
    if (id === 0) return this.fail('frame-stream')
    if (!this.window.take(length)) return this.fail('window-exceeded')
    this.dataLength = length
    this.dataBytes = 0
    const stream = this.streams.get(id)
    this.dataStream = null
    if (stream === undefined) this.onStray(id, codes.DATA)
    else if (stream.remoteEnded) this.streamError(id, codes.STREAM_CLOSED)
    else if (!stream.takeWindow(length)) this.streamError(id, codes.FLOW_CONTROL_ERROR)
    else this.dataStream = stream
  }

  /** HEADERS or DATA for a stream that is not open (§5.1). */
  protected onStray(id: number, type: number): void {
    if (this.isIdle(id)) return this.fail('stream-idle')
    const kind = this.closedStreams.kind(id)
    if (kind === RESET_BY_US) {
      // What was on its way: data of any amount, which costs nothing, and one trailer section, which had to be decoded.
      if (type === codes.HEADERS && !this.floods.errors.take()) this.fail('flood-errors')
    } else if (kind === RESET_BY_PEER) this.streamError(id, codes.STREAM_CLOSED)
    else this.fail('stream-closed')
  }

  onDataPiece(chunk: Buffer, start: number, end: number): void {
    this.dataBytes += end - start
    if (this.dataStream === null) this.consume(end - start)
    else this.dataStream.receiveData(chunk, start, end)
  }

  onDataEnd(flags: number): void {
    const stream = this.dataStream
    const padding = this.dataLength - this.dataBytes
    if (padding > 0) {
      if (stream === null) this.consume(padding)
      else stream.consumed(padding)
    }
    if ((flags & codes.END_STREAM) !== 0) stream?.receiveEnd(null)
    else if (this.dataBytes === 0 && !this.floods.emptyData.take()) this.fail('flood-empty-data')
    this.dataStream = null
  }

  onFrame(type: number, flags: number, stream: number, chunk: Buffer, start: number, end: number): void {
    switch (type) {
      case codes.HEADERS:
        return this.onHeaders(flags, stream, chunk, start, end)
      case codes.CONTINUATION:
        return this.onContinuation(flags, chunk, start, end)
      case codes.WINDOW_UPDATE:
        return this.onWindowUpdate(stream, chunk, start, end)
      case codes.SETTINGS:
        return this.onSettingsFrame(flags, stream, chunk, start, end)
      case codes.PING:
        return this.onPing(flags, stream, chunk, start, end)
      case codes.RST_STREAM:
        return this.onReset(stream, chunk, start, end)
      case codes.PRIORITY:
        return this.onPriority(stream, chunk, start, end)
      case codes.GOAWAY:
        if (stream !== 0) return this.fail('goaway-stream')
        if (end - start < 8) return this.fail('frame-size')
        return this.onGoaway(chunk.readUInt32BE(start) & codes.MAX_STREAM_ID, chunk.readUInt32BE(start + 4))
      case codes.PUSH_PROMISE:
        // §8.4: clients do not push, and we have said that we do not take any.
        return this.fail('push')
      default:
        // §5.5: ignored.
        if (!this.floods.extensions.take()) this.fail('flood-extensions')
    }
  }

  private onHeaders(flags: number, stream: number, chunk: Buffer, start: number, end: number): void {
    if (stream === 0) return this.fail('frame-stream')
    let from = start
    let to = end
    if ((flags & codes.PADDED) !== 0) {
      if (from === to) return this.fail('frame-size')
      to -= chunk[from++]!
    }
    let ownParent = false
    if ((flags & codes.PRIORITISED) !== 0) {
      if (end - from < 5) return this.fail('frame-size')
      ownParent = (chunk.readUInt32BE(from) & codes.MAX_STREAM_ID) === stream
      from += 5
    }
    if (from > to) return this.fail('frame-padding')
    const endStream = (flags & codes.END_STREAM) !== 0
    if ((flags & codes.END_HEADERS) === 0)
      return this.block.begin(stream, endStream, this.nowMs, chunk, from, to)
    this.onBlock(stream, endStream, chunk, from, to)
    // RFC 7540 §5.3.1; the block had to be decoded all the same.
    if (ownParent) this.streamError(stream, codes.PROTOCOL_ERROR)
  }

  private onContinuation(flags: number, chunk: Buffer, start: number, end: number): void {
    const fault = this.block.add(chunk, start, end)
    if (fault !== '') return this.fail(fault)
    if ((flags & codes.END_HEADERS) === 0) return
    const { stream, endStream } = this.block
    const block = this.block.take()
    this.onBlock(stream, endStream, block, 0, block.length)
  }

  /** Decodes a block into `section`; false where the connection has failed over it. */
  protected decode(kind: number, limits: SectionLimits, block: Buffer, start: number, end: number): boolean {
    this.section.begin(kind, limits)
    if (this.decoder.decode(block, start, end, this.section)) return true
    this.fail('compression')
    return false
  }

  private onWindowUpdate(id: number, chunk: Buffer, start: number, end: number): void {
    if (end - start !== 4) return this.fail('frame-size')
    const increment = chunk.readUInt32BE(start) & codes.MAX_WINDOW
    if (!this.floods.windowUpdates.take()) return this.fail('flood-window-updates')
    if (id === 0) {
      if (increment === 0) return this.fail('window-increment')
      if (!this.sender.grow(increment)) this.fail('window-overflow')
      return
    }
    const stream = this.streams.get(id)
    if (stream === undefined) {
      if (this.isIdle(id)) this.fail('stream-idle')
    } else if (increment === 0) this.streamError(id, codes.PROTOCOL_ERROR)
    else if (!stream.grow(increment)) this.streamError(id, codes.FLOW_CONTROL_ERROR)
  }

  private onSettingsFrame(flags: number, stream: number, chunk: Buffer, start: number, end: number): void {
    if (stream !== 0) return this.fail('frame-stream')
    const ack = (flags & codes.ACK) !== 0
    if (ack ? end !== start : (end - start) % 6 !== 0) return this.fail('frame-size')
    if (ack && !this.settled) return this.settle()
    if (!this.floods.settings.take()) return this.fail('flood-settings')
    if (!ack) this.applySettings(chunk, start, end)
  }

  /** The peer has taken our settings. */
  private settle(): void {
    this.settled = true
    this.decoder.allow(this.limits.tableBytes)
    const delta = this.limits.windowBytes - INITIAL_WINDOW
    if (delta !== 0) for (const stream of this.streams.values()) stream.shiftWindow(delta)
  }

  private applySettings(chunk: Buffer, start: number, end: number): void {
    const { peer } = this
    const before = peer.windowBytes
    const fault = peer.apply(chunk, start, end, this.peerIsServer)
    if (fault !== '') return this.fail(fault)
    // RFC 7541 §4.2: the smallest is told too, since at that the peer has dropped entries.
    this.sender.encoder.limit(peer.leastTableBytes)
    this.sender.encoder.limit(peer.headerTableBytes)
    this.sender.heads.frameBytes = Math.min(peer.frameBytes, codes.FRAME_BYTES)
    this.sender.heads.listBytes = peer.headerListBytes
    const delta = peer.windowBytes - before
    if (delta !== 0)
      for (const stream of this.streams.values()) if (!stream.grow(delta)) return this.fail('settings-window')
    this.sender.answer(codes.SETTINGS, codes.ACK, 0, nothing)
    this.onSettings()
  }

  private onPing(flags: number, stream: number, chunk: Buffer, start: number, end: number): void {
    if (stream !== 0) return this.fail('frame-stream')
    if (end - start !== 8) return this.fail('frame-size')
    if ((flags & codes.ACK) !== 0 && this.announced && drainPing.compare(chunk, start, end) === 0)
      return this.drain()
    if (!this.floods.pings.take()) return this.fail('flood-pings')
    if ((flags & codes.ACK) !== 0) return
    this.sender.answer(codes.PING, codes.ACK, 0, chunk, start, end)
  }

  private onReset(id: number, chunk: Buffer, start: number, end: number): void {
    if (id === 0) return this.fail('frame-stream')
    if (end - start !== 4) return this.fail('frame-size')
    if (this.isIdle(id)) return this.fail('stream-idle')
    const stream = this.streams.get(id)
    if (stream === undefined) {
      // It crossed our last frame, or repeats itself: nothing to undo, so that it counts as the cheap frames do.
      if (!this.floods.windowUpdates.take()) this.fail('flood-resets')
      return
    }
    this.closedStreams.reset(id, RESET_BY_PEER)
    // §8.1: after a complete response the rest of the request is not wanted.
    if (stream.outlives) {
      this.streams.delete(id)
      stream.orphan()
    } else {
      this.release(stream)
      stream.onLost(chunk.readUInt32BE(start), false)
    }
    this.onStreamGone()
    // Where it has been answered it was no work for nothing, and what is said of its rest is as cheap as above.
    const answered = stream.discardingMs >= 0
    if (!(answered ? this.floods.windowUpdates : this.floods.resets).take()) this.fail('flood-resets')
  }

  /** §5.3: not followed; only its form is looked at. */
  private onPriority(id: number, chunk: Buffer, start: number, end: number): void {
    if (id === 0) return this.fail('frame-stream')
    if (!this.floods.priorities.take()) return this.fail('flood-priority')
    const sized = end - start === 5
    if (sized && (chunk.readUInt32BE(start) & codes.MAX_STREAM_ID) !== id) return
    // §6.4: an idle stream cannot be reset.
    if (this.isIdle(id)) return this.fail(sized ? 'priority-self' : 'frame-size')
    this.streamError(id, sized ? codes.PROTOCOL_ERROR : codes.FRAME_SIZE_ERROR)
  }
}

const nothing = Buffer.alloc(0)
