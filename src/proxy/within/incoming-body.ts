import { CallFailure } from '../../filters/kit.ts'
import type { Fields } from '../../http/fields.ts'

/** What waits for its reader before the backend is told to pause. */
const HIGH_WATER_BYTES = 64 * 1024

/** Small pieces are put together up to so much. */
const TOGETHER_BYTES = 8 * 1024

/** Behind another one, what is smaller is copied into a block of so much: a stream has many of a few bytes. */
const BLOCK_BYTES = 1024

/** Who is told of its reader. */
export interface Source {
  /** There is room again. */
  drained(): void
  /** Nobody reads the rest. */
  unread(): void
}

const nothing = Buffer.alloc(0)

const asIs = (error: unknown): unknown => error

/** The body of an answer on its way to whoever has asked, read once: piece by piece, or all of it. */
export class IncomingBody implements AsyncIterable<Buffer> {
  trailers: Fields | null = null
  ended = false
  /** What its reader has had. */
  takenBytes = 0
  waitingBytes = 0
  private readonly source: Source
  private readonly holding: { add(bytes: number): void } | null
  private pieces: Buffer[] = []
  /** Where the last pieces are put together. */
  private block: Buffer | null = null
  private blockBytes = 0
  private failure: unknown = undefined
  private failed = false
  private blocked = false
  private wake: (() => void) | null = null
  /** All of it is wanted, up to so much. */
  private most = HIGH_WATER_BYTES
  private tooLong: (() => Error) | null = null

  /** `holding` is told of bytes that wait. */
  constructor(source: Source, holding: { add(bytes: number): void } | null = null) {
    this.source = source
    this.holding = holding
  }

  /** Copies a piece: upstream connections read into the same memory again. */
  push(chunk: Buffer, start: number, end: number): void {
    if (this.ended) return
    const length = end - start
    this.keep(chunk, start, end)
    this.waitingBytes += length
    this.holding?.add(length)
    if (this.tooLong !== null && this.waitingBytes > this.most) return this.giveUp(this.tooLong())
    if (this.tooLong === null) this.woken()
  }

  private keep(chunk: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.block !== null && this.blockBytes + length > BLOCK_BYTES) this.closeBlock()
    if (this.block === null) {
      if (this.pieces.length === 0 || length >= BLOCK_BYTES)
        return void this.pieces.push(Buffer.from(chunk.subarray(start, end)))
      this.block = Buffer.allocUnsafe(BLOCK_BYTES)
    }
    chunk.copy(this.block, this.blockBytes, start, end)
    this.blockBytes += length
  }

  private closeBlock(): void {
    if (this.block === null) return
    this.pieces.push(this.block.subarray(0, this.blockBytes))
    this.block = null
    this.blockBytes = 0
  }

  /** Something waits for its reader. Who wants all of it reads nothing before the end, and is not slow. */
  get isUnread(): boolean {
    return this.tooLong === null && this.waitingBytes > 0
  }

  /** False: wait for Source.drained. */
  get hasRoom(): boolean {
    this.blocked = this.tooLong === null && this.waitingBytes > this.most
    return !this.blocked
  }

  end(trailers: Fields | null): void {
    if (this.ended) return
    this.ended = true
    this.trailers = trailers
    this.woken()
  }

  /** What has come before is still read. */
  fail(reason: unknown): void {
    if (this.ended) return
    this.ended = true
    this.failed = true
    this.failure = reason
    this.woken()
  }

  /** All of it. Fails with what `tooLong` makes, where it is more than `limitBytes`, and gives the rest up; `failure` is what any failure is told as. */
  all(
    limitBytes: number,
    tooLong: () => Error,
    failure: (error: unknown) => unknown = asIs,
  ): Promise<Buffer> {
    this.most = limitBytes
    this.tooLong = tooLong
    if (this.waitingBytes > limitBytes) this.giveUp(tooLong())
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (this.failed) reject(failure(this.failure) as Error)
        else resolve(this.takeAll())
      }
      if (this.ended) return settle()
      this.wake = settle
      this.unblock()
    })
  }

  /** All of it where it has ended well and is no more than small pieces make together; else null. */
  whole(): Buffer | null {
    return this.ended && !this.failed && this.waitingBytes <= TOGETHER_BYTES ? this.takeAll() : null
  }

  private takeAll(): Buffer {
    this.closeBlock()
    const { pieces } = this
    this.taken(this.waitingBytes)
    this.pieces = []
    if (pieces.length === 0) return nothing
    return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  }

  /** Small pieces that have come together are one: each turn of who reads costs more than a copy of them. */
  private takeSome(): Buffer {
    this.closeBlock()
    const { pieces } = this
    let count = 1
    let bytes = pieces[0]!.length
    while (count < pieces.length && bytes + pieces[count]!.length <= TOGETHER_BYTES)
      bytes += pieces[count++]!.length
    this.taken(bytes)
    return count === 1 ? pieces.shift()! : Buffer.concat(pieces.splice(0, count), bytes)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, undefined> {
    try {
      for (;;) {
        if (this.pieces.length > 0) yield this.takeSome()
        else if (this.failed) throw this.failure
        else if (this.ended) return
        else await new Promise<void>(resolve => (this.wake = resolve))
      }
    } finally {
      this.cancel()
    }
  }

  /** Nobody reads it, or the rest of it. */
  cancel(): void {
    this.drop()
    if (this.ended) return
    this.fail(new CallFailure('client_gone', 'not read'))
    this.source.unread()
  }

  private giveUp(reason: Error): void {
    this.fail(reason)
    this.drop()
    this.source.unread()
  }

  private drop(): void {
    this.pieces = []
    this.block = null
    this.blockBytes = 0
    this.holding?.add(-this.waitingBytes)
    this.waitingBytes = 0
  }

  private taken(bytes: number): void {
    this.takenBytes += bytes
    this.waitingBytes -= bytes
    this.holding?.add(-bytes)
    if (this.waitingBytes <= this.most / 2) this.unblock()
  }

  private unblock(): void {
    if (!this.blocked) return
    this.blocked = false
    this.source.drained()
  }

  private woken(): void {
    const { wake } = this
    this.wake = null
    wake?.()
  }
}
