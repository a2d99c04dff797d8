import type { FailureName, Rejection } from '../failures.ts'
import type { Fields } from '../fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../head.ts'
import { localHead } from '../local.ts'
import { CONNECT_ERROR, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from './codes.ts'
import type { HeadWriter } from './head-writer.ts'
import { Http2Stream, type StreamOwner } from './stream.ts'
import { websocketAccept } from './websocket.ts'

/** What a server's stream tells of its request. `onRequestEnd` comes at most once; `onGone` last, where it comes. */
export interface ServerStreamHandler {
  /** The chunk is valid only during the call. */
  onRequestData(chunk: Buffer, start: number, end: number): void
  onRequestEnd(trailers: Fields | null): void
  /** End of a turn in which the request began or something of it came. */
  onRequestFlush(): void
  /** After a `flush` that was false. */
  onDownstreamWritable(): void
  /** The body broke a rule; the stream may still be answered, or aborted. */
  onRejection(rejection: Rejection): void
  /** The head of an answer must not be sent, and has not been; another one is to follow. */
  onHeadRefused(failure: FailureName, detail: string): void
  /** The client has reset the stream, or the connection is gone: nobody wants the answer. */
  onGone(): void
}

const CONTINUE: ResponseHead = localHead(100, [], 0)

/** A request and its response on a server's connection; it has the shape of the proxy's Downstream. */
export class ServerStream extends Http2Stream {
  /** To be set when the request is told; null drops what else comes. */
  handler: ServerStreamHandler | null = null
  private readonly writer: HeadWriter
  private readonly method: string
  /** An extended CONNECT (RFC 8441): the key that its Sec-WebSocket-Accept belongs to, or "" without one; null for all others. */
  private readonly tunnelKey: string | null
  private readonly hasBody: boolean
  /** Of a head whose request waits for an answer. */
  private headBytes: number
  private continued = false
  private headSent = false
  private tunnel = false
  /** What the rest of a request that is not complete is refused with. */
  private resetCode: number = NO_ERROR

  /** `head` is null where the request is refused. */
  constructor(
    session: StreamOwner,
    writer: HeadWriter,
    id: number,
    window: number,
    method: string,
    head: RequestHead | null,
    headBytes: number,
    endStream: boolean,
  ) {
    super(session, id, window)
    this.writer = writer
    this.method = method
    this.hasBody = head !== null && (head.length !== NO_BODY || head.upgrade !== '')
    this.tunnelKey =
      head === null || head.upgrade === '' ? null : (head.fields.get('sec-websocket-key') ?? '')
    this.remoteEnded = endStream
    this.headBytes = headBytes
    session.shared.headBytes += headBytes
    session.shared.open++
    if (head !== null && head.upgrade === '' && (head.length > 0 || head.hasLength))
      this.expected = head.length
    if (this.tunnelKey !== null) this.pause()
  }

  // The response.

  informational(head: ResponseHead): void {
    if (this.closed || this.headSent || head.status === 101 || !this.writer.takesResponse(head)) return
    this.writer.response(this.id, head, false)
  }

  continue(): void {
    if (this.continued) return
    this.continued = true
    this.informational(CONTINUE)
    this.session.flushSoon()
  }

  head(head: ResponseHead): void {
    if (this.closed || this.headSent) return
    // RFC 8441 §4: a 2xx would open the tunnel that the upstream has not agreed to.
    if (this.tunnelKey !== null && head.status < 300) return this.refuseTunnel()
    if (!this.writer.takesResponse(head)) return this.refuseHead('response_header_section_size', 'client')
    this.headSent = true
    this.releaseHead()
    const bodiless =
      this.method === 'HEAD' || head.length === NO_BODY || head.status === 204 || head.status === 304
    this.writer.response(this.id, head, bodiless)
    if (bodiless) this.localEnded = true
  }

  /** The chunk is valid only during the call, so that it is copied; a `lent` one as long as `clear` is false. */
  data(chunk: Buffer, start: number, end: number, lent = false): void {
    this.transmit(chunk, start, end, lent)
  }

  end(trailers: Fields | null): void {
    if (this.closed) return
    this.handler = null
    if (this.localEnded) this.onLocalEnd()
    else this.finish(trailers)
    this.session.flushSoon()
  }

  /** The response cannot be completed, and the client must see that; `code` is of h2/codes.ts. */
  /** §8.7: what is refused so "can be safely retried"; after a GOAWAY that is on another connection. */
  refuse(): boolean {
    if (!this.session.leaving) return false
    this.abort(REFUSED_STREAM)
    return true
  }

  abort(code: number = INTERNAL_ERROR): void {
    this.handler = null
    this.session.reset(
      this,
      this.tunnelKey !== null ? CONNECT_ERROR : this.resetCode === NO_ERROR ? code : this.resetCode,
    )
  }

  /** The upstream's 101 is a 200 here (RFC 8441 §5), without what HTTP/1 needed for the handshake. */
  upgrade(head: ResponseHead): void {
    if (this.closed || this.tunnelKey === null) return this.abort()
    const accept = head.fields.get('sec-websocket-accept')
    if (this.tunnelKey !== '' && accept !== websocketAccept(this.tunnelKey)) return this.refuseTunnel()
    if (!this.writer.takesResponse(head)) return this.refuseHead('response_header_section_size', 'client')
    head.fields.remove('sec-websocket-accept')
    this.headSent = this.tunnel = true
    this.releaseHead()
    this.writer.response(this.id, { ...head, status: 200, length: -1, hasLength: false }, false)
    this.session.flushSoon()
    // What the client has said since, and its end, may go on now.
    if (this.held) this.resume()
  }

  /** A tunnel's bytes wait until it is open: an upstream of HTTP/1 that does not switch would read them as requests. */
  override resume(): void {
    if (this.tunnelKey === null || this.tunnel) super.resume()
  }

  endTunnel(): void {
    if (this.tunnel) this.finish(null)
    this.session.flushSoon()
  }

  private refuseTunnel(): void {
    this.refuseHead('http_upgrade_failed', 'no_tunnel')
  }

  private refuseHead(failure: FailureName, detail: string): void {
    if (this.handler === null) this.abort()
    else this.handler.onHeadRefused(failure, detail)
  }

  // Http2Stream.

  override close(): void {
    if (!this.closed) this.session.shared.open--
    this.releaseHead()
    super.close()
  }

  private releaseHead(): void {
    this.session.shared.headBytes -= this.headBytes
    this.headBytes = 0
  }

  onLocalEnd(): void {
    if (this.tunnel ? this.delivered : this.remoteEnded && this.resetCode === NO_ERROR)
      this.session.ended(this)
    else if (this.tunnel) return
    else if (this.resetCode !== NO_ERROR) this.session.reset(this, this.resetCode)
    // §8.1: the response is complete, and the rest of the request is of no use to anybody. Told so together with the
    // response's end, curl 7.88 drops the response; the session resets what has not ended after a while.
    else this.discard()
  }

  onLost(): void {
    const { handler } = this
    this.handler = null
    handler?.onGone()
  }

  onRejected(rejection: Rejection): boolean {
    if (this.handler === null || this.tunnel) return false
    this.resetCode = PROTOCOL_ERROR
    this.expected = -1
    this.handler.onRejection(rejection)
    return true
  }

  protected onData(chunk: Buffer, start: number, end: number): void {
    if (this.resetCode === NO_ERROR) this.handler?.onRequestData(chunk, start, end)
  }

  protected onEnd(trailers: Fields | null): void {
    if (this.hasBody && this.resetCode === NO_ERROR) this.handler?.onRequestEnd(trailers)
  }

  protected onFlush(): void {
    this.handler?.onRequestFlush()
  }

  protected onWritable(): void {
    this.handler?.onDownstreamWritable()
  }
}
