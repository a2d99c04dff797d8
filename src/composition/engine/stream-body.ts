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

/** A stream as the body of an answer: a chunk for each item, when whoever carries the answer asks for one. */
export class StreamBody implements AsyncIterableIterator<Uint8Array> {
  private readonly options: StreamBodyOptions
  private piece: Piece | null = null
  private asked = false
  private wake: (() => void) | null = null
  private begun = false
  private hasItems = false
  private over = false
  private takenMs: number | null
  private stopWatch: () => void

  constructor(options: StreamBodyOptions) {
    this.options = options
    this.takenMs = options.clock.now()
    this.stopWatch =
      options.stallMs === Infinity ? () => undefined : options.clock.after(options.stallMs, this.look)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<Chunk> {
    if (this.over) return DONE
    this.takenMs = null
    this.ask()
    if (this.piece === null) await this.pieceOrSilence()
    const { piece } = this
    this.piece = null
    this.takenMs = this.options.clock.now()
    const { open, idle } = this.options.format
    const before = this.begun ? '' : open
    this.begun = true
    if (piece === null) return chunkOf(before + idle!)
    if (piece.kind === 'item') {
      const text = this.options.format.item(piece.json, piece.of, !this.hasItems)
      this.hasItems = true
      return chunkOf(before + text)
    }
    if (piece.kind === 'gap') return this.gap(before, piece)
    return this.last(before, piece)
  }

  /** Whoever carried it wants no more. */
  return(): Promise<Chunk> {
    this.end()
    return Promise.resolve(DONE)
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

  private ask(): void {
    if (this.asked || this.piece !== null) return
    this.asked = true
    void this.options.feed.next().then(piece => {
      this.asked = false
      this.piece = piece
      this.wake?.()
    })
  }

  /** A promise of its own each time: what waits for the next item itself would keep all who ever did. */
  private async pieceOrSilence(): Promise<void> {
    const { clock, keepaliveMs, format } = this.options
    await new Promise<void>(resolve => {
      const stop = format.idle === null ? null : clock.after(keepaliveMs, resolve)
      this.wake = () => {
        stop?.()
        resolve()
      }
    })
    this.wake = null
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
    this.options.feed.stop()
  }
}

const chunkOf = (text: string): Chunk => ({ done: false, value: Buffer.from(text) })
