import type { BodyNext, BodyTransform } from '../../filters/body.ts'
import type { Rejection } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { Base64Decoder } from '../../http/grpc/base64.ts'
import { refusals } from '../../http/rejections.ts'

/** The body of a gRPC-Web request in base64: decoded as it comes, so that nobody behind it knows. */
export class TextBody implements BodyTransform {
  private readonly decoder = new Base64Decoder()
  private readonly next: BodyNext
  private readonly refuse: (rejection: Rejection) => void

  constructor(next: BodyNext, refuse: (rejection: Rejection) => void) {
    this.next = next
    this.refuse = refuse
  }

  write(chunk: Buffer): void {
    const bytes = this.decoder.decode(chunk, 0, chunk.length)
    if (bytes === null) this.refuse(refusals['grpc-web-text'])
    else if (bytes.length > 0) this.next.write(bytes)
  }

  flush(): boolean {
    return this.next.flush()
  }

  end(trailers: Fields | null): void {
    if (this.decoder.whole) this.next.end(trailers)
    else this.refuse(refusals['grpc-web-text'])
  }

  resume(): void {
    this.next.resume()
  }

  destroy(): void {}
}
