import type { Holding } from '../../../composition/calls/holding.ts'
import { CREDIT_BYTES } from '../../../shared/crossing/messages.ts'

/**
 * What comes across piece by piece, for one reader. As it is read the other side may send more; what nobody reads, and
 * what is left when the reader returns, keeps the other side waiting, and never grows.
 */
export class Incoming implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  private readonly holding: Holding
  private readonly credit: (bytes: number) => void
  private readonly returned: () => void
  private pieces: Uint8Array[] = []
  private readBytes = 0
  private ended = false
  private failure: Error | null = null
  private waiting: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | null = null

  /** `holding` is told of bytes that wait to be read, `credit` of those that were; `returned` of a reader that wants no more. */
  constructor(holding: Holding, credit: (bytes: number) => void, returned: () => void = nothing) {
    this.holding = holding
    this.credit = credit
    this.returned = returned
  }

  // Of who sends.

  push(bytes: Uint8Array): void {
    const { waiting } = this
    if (waiting === null) {
      this.pieces.push(bytes)
      this.holding.add(bytes.byteLength)
      return
    }
    this.waiting = null
    waiting.resolve(this.read(bytes))
  }

  end(): void {
    this.ended = true
    this.waiting?.resolve(over)
    this.waiting = null
  }

  fail(reason: Error): void {
    if (this.ended || this.failure !== null) return
    this.failure = reason
    this.drop()
    this.waiting?.reject(reason)
    this.waiting = null
  }

  // Of who reads.

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const piece = this.pieces.shift()
    if (piece !== undefined) {
      this.holding.add(-piece.byteLength)
      return Promise.resolve(this.read(piece))
    }
    if (this.failure !== null) return Promise.reject(this.failure)
    if (this.ended) return Promise.resolve(over)
    // Two at once wait for the same piece: a body has one reader, who asks when he has the one before.
    this.waiting ??= Promise.withResolvers()
    return this.waiting.promise
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.drop()
    if (!this.ended && this.failure === null) {
      this.ended = true
      this.waiting?.resolve(over)
      this.waiting = null
      this.returned()
    }
    return Promise.resolve(over)
  }

  private drop(): void {
    for (const { byteLength } of this.pieces) this.holding.add(-byteLength)
    this.pieces = []
  }

  private read(piece: Uint8Array): IteratorResult<Uint8Array, undefined> {
    this.readBytes += piece.byteLength
    if (this.readBytes >= CREDIT_BYTES && !this.ended) {
      this.credit(this.readBytes)
      this.readBytes = 0
    }
    return { done: false, value: piece }
  }
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

function nothing(): void {}
