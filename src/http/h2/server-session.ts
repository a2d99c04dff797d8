import type { Rejection } from '../failures.ts'
import type { RequestHead } from '../head.ts'
import { NEVER_OPENED } from './closed-streams.ts'
import { HEADERS, MAX_STREAM_ID, PREFACE, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './codes.ts'
import type { SessionClock } from './connection.ts'
import type { FaultName } from './faults.ts'
import { REQUEST, TRAILERS } from './field-section.ts'
import { ENTRY_OVERHEAD } from './field-table.ts'
import type { Transport } from './frame-output.ts'
import { http2Limits, type Http2Limits } from './limits.ts'
import { isMalformed, malformed, tooManyStreams } from './rejections.ts'
import { requestHead, type RequestPolicy } from './request-head.ts'
import { ServerStream } from './server-stream.ts'
import { Session } from './session.ts'
import * as settings from './settings.ts'
import { unshared, type SharedStreams } from './shared-streams.ts'
import type { Http2Stream } from './stream.ts'

/** Whom a server's session tells. */
export interface ServerHandler {
  /** A request. `stream.handler` is to be set for its body and its loss. */
  onRequest(stream: ServerStream, head: RequestHead): void
  /** A head that is refused with an answer: the rejection's status, in the way of this Content-Type (gRPC has its own). */
  onRefused(stream: ServerStream, rejection: Rejection, contentType: string | undefined): void
  /** A message that is malformed, or a stream that passes a limit; it is reset without an answer, unless that had begun. For log and metrics. */
  onMalformed(rejection: Rejection): void
  /** The connection is over; `fault` is '' in good order. Its streams have been told before. */
  onClosed(fault: FaultName | ''): void
}

export interface ServerOptions {
  readonly transport: Transport
  readonly handler: ServerHandler
  readonly policy: RequestPolicy
  readonly scheme: 'http' | 'https'
  readonly limits?: Http2Limits
  /** With the other connections of this worker; absent: by itself. */
  readonly shared?: SharedStreams
  /** Coarse time, of the origin that `sweep` uses. */
  readonly nowMs: number
  readonly clock?: SessionClock
}

/** As RFC 9113 §6.5.2 counts what we count as HTTP/1 does: 32 bytes for each field and each of four pseudo-header fields. */
function listSize({ headBytes, fieldCount }: RequestPolicy): number {
  return headBytes + ENTRY_OVERHEAD * (fieldCount + 4)
}

/**
 * The server's side of an HTTP/2 connection (RFC 9113; RFC 8441). Begins with
 * the client's preface, which the owner may have looked at (codes.ts: PREFACE)
 * but must not have taken off.
 */
export class ServerSession extends Session {
  /** May be replaced between requests. */
  policy: RequestPolicy
  readonly lending = true
  protected readonly peerIsServer = false
  private readonly handler: ServerHandler
  private readonly scheme: string
  /** Bytes of the preface seen. */
  private prefaced = 0
  /** Streams beyond the limit that came before the client had our settings. */
  private early = 0

  constructor(options: ServerOptions) {
    const limits = options.limits ?? http2Limits
    const shared = options.shared ?? unshared()
    super(options.transport, limits, options.policy, shared, options.nowMs, options.clock)
    this.handler = options.handler
    this.policy = options.policy
    this.scheme = options.scheme
    this.greet([
      [settings.HEADER_TABLE_SIZE, limits.tableBytes],
      [settings.MAX_CONCURRENT_STREAMS, limits.streams],
      [settings.INITIAL_WINDOW_SIZE, limits.windowBytes],
      [settings.MAX_HEADER_LIST_SIZE, listSize(options.policy)],
      [settings.ENABLE_CONNECT_PROTOCOL, 1],
      [settings.NO_RFC7540_PRIORITIES, 1],
    ])
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.streams.size === 0 && !this.headUnderWay
  }

  /** For the owner's time limits; see the streams' `receivedMs`, `sentMs` and `held`. */
  eachStream(visit: (stream: ServerStream) => void): void {
    for (const stream of this.streams.values()) if (stream instanceof ServerStream) visit(stream)
  }

  override receive(chunk: Buffer): void {
    let at = 0
    if (this.prefaced < PREFACE.length) {
      const bytes = Math.min(chunk.length, PREFACE.length - this.prefaced)
      if (PREFACE.compare(chunk, 0, bytes, this.prefaced, this.prefaced + bytes) !== 0)
        return this.fail('preface')
      this.prefaced += bytes
      at = bytes
      if (at === chunk.length) return
    }
    super.receive(chunk, at)
  }

  protected isIdle(id: number): boolean {
    return id > this.lastPeerStream || (id & 1) === 0
  }

  protected onBlock(id: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.streams.get(id)
    if (!this.decode(stream === undefined ? REQUEST : TRAILERS, this.policy, block, start, end)) return
    if (stream !== undefined) this.onTrailers(stream, endStream)
    else if ((id & 1) === 0) this.fail('stream-unknown')
    else if (id > this.lastPeerStream) this.open(id, endStream)
    else if (this.closedStreams.kind(id) === NEVER_OPENED) this.fail('stream-order')
    else this.onStray(id, HEADERS)
  }

  private onTrailers(stream: Http2Stream, endStream: boolean): void {
    const { section } = this
    if (stream.remoteEnded) this.streamError(stream.id, STREAM_CLOSED)
    else if (section.malformed !== null) this.reject(stream, section.malformed)
    else if (!endStream) this.reject(stream, malformed['h2-trailers-open'])
    else if (section.refusal !== null) this.reject(stream, section.refusal)
    else stream.receiveEnd(section.fields.list.length === 0 ? null : section.fields)
  }

  private open(id: number, endStream: boolean): void {
    this.closedStreams.opened(id, this.lastPeerStream)
    this.lastPeerStream = id
    // §6.8: what comes after the last GOAWAY is not processed.
    if (this.draining) return this.streamError(id, REFUSED_STREAM)
    if (this.streams.size >= this.shared.allowance(this.limits.streams)) return this.refuse(id)
    this.lastProcessed = id
    const head = requestHead(this.section, endStream, this.policy, this.scheme)
    const refused = 'rule' in head
    if (refused && isMalformed(head)) {
      this.handler.onMalformed(head)
      return this.streamError(id, PROTOCOL_ERROR)
    }
    const stream = new ServerStream(
      this,
      this.sender.heads,
      id,
      this.peer.windowBytes,
      this.section.method ?? '',
      refused ? null : head,
      refused ? 0 : this.section.bytes,
      endStream,
    )
    this.streams.add(stream)
    this.floods.streamOpened()
    this.touch(stream)
    if (refused) this.handler.onRefused(stream, head, this.section.contentType)
    else this.handler.onRequest(stream, head)
    if (id === MAX_STREAM_ID) this.shutdown()
  }

  /** §5.1.2: one stream too many, which the client may send again. It cannot know better before it has our settings (§6.5.3). */
  private refuse(id: number): void {
    this.handler.onMalformed(tooManyStreams)
    if (this.settled || this.early === this.limits.earlyStreams) return this.streamError(id, REFUSED_STREAM)
    this.early++
    this.refuseStream(id)
  }

  protected onMalformed(rejection: Rejection): void {
    this.handler.onMalformed(rejection)
  }

  // A client's GOAWAY is about pushes, of which there are none; it goes when its streams have ended.
  protected onGoaway(): void {}
  protected onSettings(): void {}
  protected onStreamGone(): void {}

  protected onClosed(fault: FaultName | ''): void {
    this.handler.onClosed(fault)
  }
}
