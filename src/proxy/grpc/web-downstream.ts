import type { Fields } from '../../http/fields.ts'
import { grpcFormat, withFormat } from '../../http/grpc/content-type.ts'
import { trailersFrame } from '../../http/grpc/web-trailers.ts'
import { CHUNKED, NO_BODY, type ResponseHead } from '../../http/head.ts'
import type { Downstream } from '../downstream.ts'

/**
 * A client of gRPC-Web in front of the one of HTTP: trailers become the last
 * frame of the body, and in the text format all of it is base64. What is not
 * gRPC, an upstream's 503 of HTML, goes on as it is.
 */
export class GrpcWebDownstream implements Downstream {
  private readonly inner: Downstream
  private readonly format: 'web' | 'web-text'
  /** A body of messages is on its way. */
  private framed = false

  constructor(inner: Downstream, format: 'web' | 'web-text') {
    this.inner = inner
    this.format = format
  }

  head(head: ResponseHead): void {
    const type = head.fields.get('content-type')
    if (type !== undefined && grpcFormat(type) === 'grpc') {
      head.fields.set('Content-Type', withFormat(type, this.format))
      this.framed = head.length !== NO_BODY
      if (this.framed) {
        head.length = CHUNKED
        head.hasLength = false
        head.trailer = ''
      }
    }
    this.inner.head(head)
  }

  data(chunk: Buffer, start: number, end: number, lent: boolean): void {
    if (this.framed && this.format === 'web-text') this.text(chunk.subarray(start, end))
    else this.inner.data(chunk, start, end, lent)
  }

  end(trailers: Fields | null): void {
    if (!this.framed) return this.inner.end(trailers)
    if (trailers !== null) {
      const frame = trailersFrame(trailers)
      if (this.format === 'web-text') this.text(frame)
      else this.inner.data(frame, 0, frame.length, true)
    }
    this.inner.end(null)
  }

  /** Each piece is padded, so that nothing of it has to wait for the next. */
  private text(bytes: Buffer): void {
    const encoded = Buffer.from(bytes.toString('base64'), 'latin1')
    this.inner.data(encoded, 0, encoded.length, true)
  }

  informational(head: ResponseHead): void {
    this.inner.informational(head)
  }

  flush(): boolean {
    return this.inner.flush()
  }

  get clear(): boolean {
    return this.inner.clear
  }

  abort(code?: number): void {
    this.inner.abort(code)
  }

  refuse(): boolean {
    return this.inner.refuse()
  }

  pause(): void {
    this.inner.pause()
  }

  resume(): void {
    this.inner.resume()
  }

  continue(): void {
    this.inner.continue()
  }

  upgrade(head: ResponseHead): void {
    this.inner.upgrade(head)
  }

  endTunnel(): void {
    this.inner.endTunnel()
  }
}
