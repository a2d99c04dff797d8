import type { Rejection } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { Base64Decoder } from '../../http/grpc/base64.ts'
import { refusals } from '../../http/rejections.ts'
import type { UpstreamStream } from '../../upstream/stream.ts'
import { RequestBody, type Copies } from '../body.ts'

/** The body of a gRPC-Web request in base64: decoded as it comes, so that nobody behind it knows. */
export class TextBody extends RequestBody {
  private readonly decoder = new Base64Decoder()
  private readonly refuse: (rejection: Rejection) => void

  constructor(complete: boolean, refuse: (rejection: Rejection) => void) {
    super(complete)
    this.refuse = refuse
  }

  override push(
    chunk: Buffer,
    start: number,
    end: number,
    stream: UpstreamStream | null,
    copies: Copies | null,
  ): void {
    const bytes = this.decoder.decode(chunk, start, end)
    if (bytes === null) this.refuse(refusals['grpc-web-text'])
    else if (bytes.length > 0) super.push(bytes, 0, bytes.length, stream, copies)
  }

  override end(trailers: Fields | null, stream: UpstreamStream | null, copies: Copies | null): void {
    if (this.decoder.whole) super.end(trailers, stream, copies)
    else this.refuse(refusals['grpc-web-text'])
  }
}
