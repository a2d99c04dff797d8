import { CallFailure } from '../calls/failure.ts'
import type { AnswerBody } from './transport.ts'

/** A body that is here already. */
export class WholeBody implements AnswerBody {
  private readonly call: string
  private readonly content: Uint8Array

  constructor(call: string, content: Uint8Array) {
    this.call = call
    this.content = content
  }

  // oxlint-disable-next-line typescript/require-await -- a body comes asynchronously, this one at once
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.content.length > 0) yield this.content
  }

  bytes(limitBytes: number): Promise<Uint8Array> {
    return this.content.length <= limitBytes
      ? Promise.resolve(this.content)
      : Promise.reject(bodyTooLarge(this.call, limitBytes))
  }

  cancel(): void {
    // There is nothing to stop.
  }
}

export const bodyTooLarge = (call: string, limitBytes: number): CallFailure =>
  new CallFailure('http_response_body_size', call, `more than ${limitBytes} bytes`)
