import type { FailureName, Rejection } from '../failures.ts'
import { Fields } from '../fields.ts'
import { NO_BODY, type RequestHead, type ResponseHead } from '../head.ts'
import { CANCEL, REFUSED_STREAM, errorName } from './codes.ts'
import type { FieldSection } from './field-section.ts'
import { malformed } from './rejections.ts'
import { responseHead } from './response-head.ts'
import { Http2Stream, type StreamOwner } from './stream.ts'
import { websocketAccept } from './websocket.ts'

/** What a client's stream tells: the proxy's UpstreamHandler. `onEnd` or `onFailure` comes exactly once, and last. */
export interface ClientStreamHandler {
  onInformational(head: ResponseHead): void
  onHead(head: ResponseHead): void
  /** The chunk is valid only during the call, unless it is `lent`: then nobody writes it again. */
  onData(chunk: Buffer, start: number, end: number, lent: boolean): void
  onEnd(trailers: Fields | null): void
  /** End of a turn in which something came and neither `onEnd` nor `onFailure`. */
  onFlush(): unknown
  /** The peer has taken an extended CONNECT; as HTTP/1 would have said it, with status 101. */
  onUpgrade(head: ResponseHead): void
  onFailure(failure: FailureName, detail: string): void
  onWritable(): void
}

/** What a client's stream needs of its session beside what every stream needs. */
export interface ClientStreamOwner extends StreamOwner {
  /** When the connection was there, as performance.now() tells time. */
  readonly connectedMs: number
  /** Gives the stream its id and sends the head, now or as soon as it may. */
  begin(stream: ClientStream, head: RequestHead): void
  /** The stream is given up before it was opened. */
  withdraw(stream: ClientStream): void
}

/** Interim responses that one request may get. */
const MAX_INTERIM = 32

/** One request on a client's connection; it has the shape of the proxy's UpstreamStream. */
export class ClientStream extends Http2Stream {
  /** False once the head has gone to a connection that had served others before. */
  fresh = true
  private readonly owner: ClientStreamOwner
  private handler: ClientStreamHandler | null = null
  private method = ''
  /** The protocol of an extended CONNECT, and its Sec-WebSocket-Key. */
  private protocol = ''
  private key: string | undefined
  private answered = false
  private tunnel = false
  private interim = 0
  /** The field that broke a rule, where one did. */
  private brokenField = ''

  constructor(session: ClientStreamOwner, window: number) {
    super(session, 0, window)
    this.owner = session
  }

  get connectedMs(): number {
    return this.owner.connectedMs
  }

  /** Takes the request's head; a body follows if `head.length` says so. */
  send(head: RequestHead, handler: ClientStreamHandler): void {
    this.handler = handler
    this.method = head.method
    if (head.upgrade !== '') return this.owner.begin(this, this.connectHead(head))
    if (head.length === NO_BODY) this.localEnded = true
    this.owner.begin(this, head)
  }

  /** Without the key that HTTP/2 has none of (RFC 8441 §5). A copy: another attempt may need what this one does not. */
  private connectHead(head: RequestHead): RequestHead {
    const fields = new Fields([...head.fields.list])
    this.key = fields.get('sec-websocket-key')
    fields.remove('sec-websocket-key')
    // Of several the client likes the first best (RFC 9110 §7.8), and :protocol names one.
    this.protocol = head.upgrade.split(',')[0]!.trim().toLowerCase()
    return { ...head, fields, upgrade: this.protocol }
  }

  /** The chunk belongs to the stream from here on. */
  write(chunk: Buffer, start: number, end: number): void {
    this.transmit(chunk, start, end, true)
  }

  end(trailers: Fields | null): void {
    this.finish(trailers)
  }

  /** Gives the request up; the handler hears nothing more. */
  abort(): void {
    this.handler = null
    if (this.id === 0) this.owner.withdraw(this)
    else this.session.reset(this, CANCEL)
  }

  endTunnel(): void {
    if (this.tunnel) this.finish(null)
    this.session.flushSoon()
  }

  // What the session tells.

  /** The final head has come: the next field section is trailers. */
  get expectsTrailers(): boolean {
    return this.answered
  }

  receiveHead(section: FieldSection, endStream: boolean): void {
    const head = responseHead(section, this.method, endStream)
    if ('rule' in head) {
      this.brokenField = section.brokenField
      return this.owner.reject(this, head)
    }
    this.receivedMs = this.owner.nowMs
    this.owner.touch(this)
    if (head.status < 200) return this.receiveInterim(head)
    this.answered = true
    if (this.protocol !== '' && head.status < 300) return this.open(head, endStream)
    if (head.length >= 0) this.expected = head.length
    this.handler?.onHead(head)
    if (endStream) this.receiveEnd(null)
  }

  private receiveInterim(head: ResponseHead): void {
    if (++this.interim > MAX_INTERIM) this.owner.reject(this, malformed['h2-interim'])
    else this.handler?.onInformational(head)
  }

  private open(head: ResponseHead, endStream: boolean): void {
    if (endStream) return this.owner.reject(this, malformed['h2-connect'])
    this.tunnel = true
    if (this.key !== undefined) head.fields.set('sec-websocket-accept', websocketAccept(this.key))
    this.handler?.onUpgrade({
      ...head,
      status: 101,
      upgrade: this.protocol,
      length: NO_BODY,
      hasLength: false,
    })
  }

  override receiveData(chunk: Buffer, start: number, end: number): void {
    if (this.answered || this.closed) return super.receiveData(chunk, start, end)
    this.owner.consume(end - start)
    this.owner.reject(this, malformed['h2-data-early'])
  }

  override receiveEnd(trailers: Fields | null): void {
    if (this.answered || this.closed) super.receiveEnd(trailers)
    else this.owner.reject(this, malformed['h2-data-early'])
  }

  /** The request could not even be sent. */
  refuse(failure: FailureName, detail: string): void {
    const { handler } = this
    this.handler = null
    this.close()
    handler?.onFailure(failure, detail)
  }

  onLocalEnd(): void {
    if (this.delivered) this.owner.ended(this)
  }

  override get outlives(): boolean {
    return this.remoteEnded && !this.delivered
  }

  onLost(code: number, local: boolean, reason: string = ''): void {
    const { handler } = this
    this.handler = null
    // The peer has met this very request (§8.7 but for REFUSED_STREAM): no race with a connection that it closes.
    if (code !== -1 && !local) this.fresh = true
    const detail = code === -1 ? reason || 'connection' : errorName(code)
    handler?.onFailure(this.failureOf(code, local), detail)
  }

  private failureOf(code: number, local: boolean): FailureName {
    if (this.answered) return 'http_response_incomplete'
    if (local) return 'http_protocol_error'
    // §8.7: not processed, so that it may be sent again, whatever it is.
    return code === REFUSED_STREAM ? 'connection_limit_reached' : 'connection_terminated'
  }

  onRejected(rejection: Rejection): boolean {
    const { handler } = this
    this.handler = null
    handler?.onFailure(
      rejection.status === 431 ? 'response_header_section_size' : 'http_protocol_error',
      this.brokenField === '' ? rejection.rule : `${rejection.rule} (${this.brokenField})`,
    )
    return false
  }

  protected onData(chunk: Buffer, start: number, end: number, lent: boolean): void {
    this.handler?.onData(chunk, start, end, lent)
  }

  protected onEnd(trailers: Fields | null): void {
    const { handler } = this
    if (!this.tunnel) {
      this.handler = null
      // The response is complete: nobody needs the rest of the request.
      if (!this.localEnded) this.owner.reset(this, CANCEL)
      else this.owner.ended(this)
    }
    handler?.onEnd(trailers)
  }

  protected onFlush(): void {
    this.handler?.onFlush()
  }

  protected onWritable(): void {
    this.handler?.onWritable()
  }
}
