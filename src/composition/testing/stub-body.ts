import type { Cancellation } from '../../shared/cancellation.ts'
import { CallFailure } from '../calls/failure.ts'
import type { AnswerBody } from '../transport/transport.ts'
import { bodyTooLarge } from '../transport/whole-body.ts'

/** A body of a stub that comes as it is made; it ends where its call does. */
export class StubBody implements AnswerBody {
  private readonly call: string
  private readonly chunks: AsyncIterator<Uint8Array>
  private readonly signal: Cancellation

  constructor(call: string, chunks: AsyncIterable<Uint8Array>, signal: Cancellation) {
    this.call = call
    this.chunks = chunks[Symbol.asyncIterator]()
    this.signal = signal
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const next = await this.orAborted(this.chunks.next())
        if (next.done === true) return
        yield next.value
      }
    } catch (error) {
      if (error instanceof CallFailure) throw error
      throw new CallFailure('http_response_incomplete', this.call, 'by the test', { cause: error })
    } finally {
      this.cancel()
    }
  }

  async bytes(limitBytes: number): Promise<Uint8Array> {
    const content = Buffer.concat(await Array.fromAsync(this))
    if (content.length > limitBytes) throw bodyTooLarge(this.call, limitBytes)
    return content
  }

  cancel(): void {
    this.chunks.return?.().then(undefined, () => undefined)
  }

  private orAborted<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(this.signal.reason as CallFailure)
      if (this.signal.aborted) return abort()
      this.signal.addEventListener('abort', abort, { once: true })
      work.then(resolve, reject).finally(() => this.signal.removeEventListener('abort', abort))
    })
  }
}
