import type { IncomingResponse } from '../filters/kit.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'
import { Call } from './call.ts'

/** Head and body are here, and the answer is collected up to a limit. */
export class WholeCall extends Call<IncomingResponse> {
  private readonly pieces: Buffer[] = []
  private bytes = 0

  protected override headed({ length }: ResponseHead): void {
    if (length > this.options.limitBytes) this.fail('http_response_body_size', '')
  }

  override onData(chunk: Buffer, start: number, end: number): void {
    this.bytes += end - start
    if (this.bytes > this.options.limitBytes) return this.fail('http_response_body_size', '')
    this.pieces.push(Buffer.from(chunk.subarray(start, end)))
  }

  override onFlush(): boolean {
    return true
  }

  override onWritable(): void {}

  protected override ended({ status, fields }: ResponseHead, trailers: Fields | null): void {
    this.outcome.resolve({ status, fields, body: Buffer.concat(this.pieces), trailers })
  }
}
