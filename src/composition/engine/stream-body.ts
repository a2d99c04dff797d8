import type { Clock } from '../../upstream/clock.ts'
import { CallFailure } from '../calls/failure.ts'
import { SlowClient } from '../streams/bounded-queue.ts'
import type { StreamFormat } from '../streams/formats.ts'
import type { Course } from './course.ts'
import type { Feed, Piece, QueuedFeed } from './feed.ts'

export interface StreamBodyOptions {
  readonly course: Course
  readonly clock: Clock
  readonly feed: Feed | QueuedFeed
  readonly format: StreamFormat
  /** JSON of the problem that a failure is. */
  readonly problem: (error: unknown) => string
  /** After so much silence something is written that says nothing. */
  readonly keepaliveMs: number
  /** How long a client may take nothing while there is something for it. */
  readonly stallMs: number
}

type Chunk = IteratorResult<Uint8Array, undefined>

const DONE: Chunk = { done: true, value: undefined }

/**
 * A stream as the body of an answer: a chunk for each item, when whoever carries the answer asks for one. Thousands may wait
 * for the same item: what each waits with is one promise, and timers that are made anew only when they have come.
 */
export class StreamBody implements AsyncIterableIterator<Uint8Array> {
  private readonly options: StreamBodyOptions
  private piece: Piece | null = null
  private asked = false
  private resolve: ((chunk: Chunk) => void) | null = null
  private reject: ((reason: unknown) => void) | null = null
  private begun = false
  private hasItems = false
  private over = false
  private takenMs: number | null
  private waitsMs = 0
  private stopWatch: () => void
  private stopSilence: (() => void) | null = null

  constructor(options: StreamBodyOptions) {
    this.options = options
    this.takenMs = options.clock.now()
    this.stopWatch =
      options.stallMs === Infinity ? () => undefined : options.clock.after(options.stallMs, this.look)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Chunk> {
    if (this.over) return Promise.resolve(DONE)
    const { clock, feed, format, keepaliveMs } = this.options
    this.takenMs = null
    this.waitsMs = clock.now()
    return new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
      if (this.piece !== null) return this.give(this.piece)
      if (format.idle !== null) this.stopSilence ??= clock.after(keepaliveMs, this.silent)
      if (this.asked) return
      this.asked = true
      feed.take(this.took)
    })
  }

  /** Whoever carried it wants no more. */
  return(): Promise<Chunk> {
    this.end()
    return Promise.resolve(DONE)
  }

  private readonly took = (piece: Piece): void => {
    this.asked = false
    this.piece = piece
    if (this.resolve !== null) this.give(piece)
  }

  /** Null: there is nothing, for so long that it is to be said. */
  private give(piece: Piece | null): void {
    const { resolve, reject } = this
    this.resolve = this.reject = this.piece = null
    this.takenMs = this.options.clock.now()
    try {
      resolve!(this.chunkOf(piece))
    } catch (error) {
      reject!(error)
    }
  }

  private chunkOf(piece: Piece | null): Chunk {
    const { format } = this.options
    const before = this.begun ? '' : format.open
    this.begun = true
    if (piece === null) return chunkOf(before + format.idle!)
    if (piece.kind === 'gap') return this.gap(before, piece)
    if (piece.kind !== 'item') return this.last(before, piece)
    const isFirst = !this.hasItems
    this.hasItems = true
    if (before === '') return { done: false, value: piece.chunkIn(format, isFirst) }
    return chunkOf(before + format.item(piece.json, piece.of, isFirst))
  }

  private gap(before: string, { gap }: Extract<Piece, { kind: 'gap' }>): Chunk {
    const text = this.options.format.gap(gap)
    if (text !== null) return chunkOf(before + text)
    this.end()
    throw new Error('items of an answer are missing, and it has no place to say so')
  }

  private last(before: string, piece: Extract<Piece, { kind: 'end' | 'failed' }>): Chunk {
    const { format, problem } = this.options
    this.end()
    if (piece.kind === 'end') return before + format.close === '' ? DONE : chunkOf(before + format.close)
    // A client of events comes back by itself, and says where it was.
    if (piece.error instanceof SlowClient && format.type === 'text/event-stream') return DONE
    const text = format.error(problem(piece.error))
    if (text === null) throw piece.error
    return chunkOf(before + text)
  }

  /** As `look` does, for what the route is silent about. */
  private readonly silent = (): void => {
    const { clock, keepaliveMs } = this.options
    const stillMs = this.resolve === null ? 0 : clock.now() - this.waitsMs
    const isSilent = stillMs >= keepaliveMs
    this.stopSilence = clock.after(isSilent ? keepaliveMs : keepaliveMs - stillMs, this.silent)
    if (isSilent) this.give(null)
  }

  /** Looks now and then, since a timer for each chunk would cost more than the chunk. */
  private readonly look = (): void => {
    const { clock, stallMs, course } = this.options
    const waitedMs = this.takenMs === null ? 0 : clock.now() - this.takenMs
    if (waitedMs >= stallMs) course.scope.cancel(new CallFailure('http_response_not_taken', ''))
    else this.stopWatch = clock.after(stallMs - waitedMs, this.look)
  }

  private end(): void {
    this.over = true
    this.stopWatch()
    this.stopSilence?.()
    this.stopSilence = null
    this.options.feed.stop()
  }
}

const chunkOf = (text: string): Chunk => ({ done: false, value: Buffer.from(text) })
