import type { BodyNext, BodyTransform } from '../filters/body.ts'
import { CallFailure, type StreamedResponse } from '../filters/kit.ts'
import type { FailureName } from '../http/failures.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'
import { Call } from './call.ts'
import { CrossingBody, type CallReader, type OpenCall } from './crossing-body.ts'

/** The body is sent once the head of the answer is here, by who then has the rest of it. */
export class StreamedCall extends Call<StreamedCall> implements StreamedResponse, OpenCall {
  private reader: CallReader | null = null
  private early: Buffer[] = []
  private isEnded = false
  private failure: CallFailure | null = null

  get status(): number {
    return this.answer!.status
  }

  get fields(): Fields {
    return this.answer!.fields
  }

  // StreamedResponse.

  whole(): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const pieces: Buffer[] = []
    let bytes = 0
    this.readBy({
      data: chunk => {
        bytes += chunk.length
        if (bytes > this.options.limitBytes) return this.fail('http_response_body_size', '')
        pieces.push(chunk)
      },
      flush: () => true,
      writable: () => {},
      ended: () => resolve(Buffer.concat(pieces)),
      failed: (failure, detail) => reject(new CallFailure(failure, detail)),
    })
    return promise
  }

  transform(next: BodyNext, failure: FailureName, stallMs: number): BodyTransform {
    return new CrossingBody(this, next, failure, stallMs)
  }

  close(): void {
    if (!this.over) this.finish()
  }

  // OpenCall.

  readBy(reader: CallReader): void {
    this.reader = reader
    const { early } = this
    this.early = []
    for (const chunk of early) reader.data(chunk)
    if (this.failure !== null) reader.failed(this.failure.failure, this.failure.detail)
    else if (this.isEnded) reader.ended()
    else if (early.length === 0 || reader.flush()) this.stream?.resume()
  }

  send(chunk: Buffer): void {
    this.stream?.write(chunk, 0, chunk.length)
  }

  sendEnd(): void {
    this.stream?.end(null)
    this.stream?.flush()
  }

  sent(): boolean {
    return this.stream?.flush() ?? true
  }

  get waitingBytes(): number {
    return this.stream?.queuedBytes ?? 0
  }

  resume(): void {
    this.stream?.resume()
  }

  // UpstreamHandler.

  override onData(chunk: Buffer, start: number, end: number): void {
    const { reader } = this
    // What crosses is in memory of its own.
    const piece = chunk.subarray(start, end)
    if (reader === null) this.early.push(piece)
    else reader.data(piece)
  }

  override onFlush(): boolean {
    if (this.reader?.flush() === true) return true
    this.stream?.pause()
    return false
  }

  override onWritable(): void {
    this.reader?.writable()
  }

  protected override headed(_: ResponseHead): void {
    // Until somebody reads it.
    this.stream!.pause()
    this.untimed()
    // What is under way is counted by what streams, and gives way by that.
    this.settle()
    this.outcome.resolve(this)
  }

  protected override ended(): void {
    this.isEnded = true
    this.reader?.ended()
  }

  protected override failed(failure: FailureName, detail: string): void {
    if (this.answer === null) return super.failed(failure, detail)
    this.failure = new CallFailure(failure, detail)
    this.reader?.failed(failure, detail)
  }
}
