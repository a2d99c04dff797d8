import type { Socket } from 'node:net'
import type { Rejection } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE, type RequestHead, type ResponseHead } from '../../http/head.ts'
import { serializeResponse, trailerText, wireLength } from '../../http/h1/serialize.ts'
import { TurnWriter } from '../../http/h1/writer.ts'
import { localHead } from '../../http/local.ts'
import { rejectionResponse } from '../failure.ts'

/** What goes to a client of HTTP/1: one response after another, each framed as its request wants it. */
export class Http1Response {
  private readonly writer: TurnWriter
  /** The one in hand has no body on the wire (HEAD, 204, 304). */
  private bodiless = false
  /** The one in hand ends with the connection (HTTP/1.0 clients). */
  untilClose = false
  /** 100 has been said for the request in hand. */
  private continued = false

  constructor(socket: Socket) {
    this.writer = new TurnWriter(socket)
  }

  /** Another request: what was said for the last one is over. */
  reset(): void {
    this.continued = false
  }

  /** An interim response, or the 101 after which bytes are no HTTP. */
  interim(head: ResponseHead): void {
    this.writer.chunked = false
    this.bodiless = false
    this.writer.head(serializeResponse(head, true, 11, 'GET'))
  }

  continue(): void {
    if (this.continued) return
    this.continued = true
    this.writer.chunked = false
    this.writer.head('HTTP/1.1 100 Continue\r\n\r\n')
    this.writer.flush()
  }

  /** The answer to a head that the codec refused; the connection ends with it. */
  refuse(rejection: Rejection, id: string): void {
    const answer = rejectionResponse(rejection, id)
    const body = Buffer.from(answer.body)
    const head = localHead(answer.status, answer.fields, body.length)
    this.writer.chunked = false
    this.writer.head(serializeResponse(head, false, 11, 'GET'))
    this.writer.data(body, 0, body.length, true)
  }

  /** Begins the answer to `request`; false where the connection is to end with it. */
  begin(head: ResponseHead, request: RequestHead, keepAlive: boolean): boolean {
    const length = wireLength(head, request.version, request.method)
    this.bodiless = length === NO_BODY
    this.untilClose = length === UNTIL_CLOSE
    const kept = keepAlive && !this.untilClose
    this.writer.head(serializeResponse(head, kept, request.version, request.method))
    this.writer.chunked = length === CHUNKED
    return kept
  }

  data(chunk: Buffer, start: number, end: number, lent: boolean): void {
    if (!this.bodiless) this.writer.data(chunk, start, end, lent)
  }

  end(trailers: Fields | null): void {
    if (this.writer.chunked) this.writer.lastChunk(trailers === null ? '' : trailerText(trailers))
    this.writer.chunked = false
  }

  /** Bytes of a tunnel take the same way as a body's. */
  flush(): boolean {
    return this.writer.flush()
  }

  /** Sends now, for what is to follow at once: the end of the connection. */
  send(): void {
    this.writer.send()
  }

  /**
   * Whether what is left of a body that nobody wants is known to come: a client that waits for 100 and gets something
   * else may or may not send it (RFC 9110 §10.1.1).
   */
  mayExpectBody(request: RequestHead): boolean {
    return !request.expectContinue || this.continued
  }
}
