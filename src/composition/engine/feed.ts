import type { Clock } from '../../upstream/clock.ts'
import { CallFailure, failureNameOf } from '../calls/failure.ts'
import type { Holding } from '../calls/holding.ts'
import { BoundedQueue, SlowClient, type Slow } from '../streams/bounded-queue.ts'
import { Gap, StreamItem } from '../streams/item.ts'
import type { Course } from './course.ts'
import type { WrittenItem } from './written-item.ts'

/** What a stream gives next. */
export type Piece =
  | WrittenItem
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface FeedOptions {
  readonly clock: Clock
  /** How long the route may take for its next item. */
  readonly idleMs: number
  /** An item, checked. Throws where it does not fit. */
  readonly written: (item: StreamItem<unknown>) => WrittenItem
}

const END: Piece = { kind: 'end' }

/**
 * The items of a route, one after another, each asked for when the one before has been taken. What fails is the last of
 * them; a call of `next` never fails itself. It ends its course when it has ended.
 *
 * Of thousands who wait for the same item each has what it waits with: callbacks that are made once, in place of promises
 * and closures for each item, which grow old while they wait.
 */
export class Feed {
  private readonly course: Course
  private readonly items: AsyncIterator<unknown>
  private readonly options: FeedOptions
  private first: Promise<Piece> | null = null
  private over = false
  private interrupted: Piece | null = null
  /** Who waits for the next. */
  private taker: ((piece: Piece) => void) | null = null
  private stopIdle: (() => void) | null = null
  private readonly within: <T>(work: () => T) => T

  constructor(course: Course, items: AsyncIterator<unknown>, options: FeedOptions) {
    this.course = course
    this.items = items
    this.options = options
    this.within = course.scope.reentry()
    course.onEnd(() => this.letGo())
  }

  /** Settles with its first item, or when none has come in this time. Throws where it fails before that. */
  async begun(waitMs: number): Promise<void> {
    const first = (this.first = this.next())
    let stop = () => {}
    const waited = new Promise<null>(
      resolve => (stop = this.options.clock.after(waitMs, () => resolve(null))),
    )
    const piece = await Promise.race([first, waited])
    stop()
    if (piece?.kind === 'failed') throw piece.error
  }

  /** The answer has begun: what ends the request is told in the stream. */
  goesOn(): void {
    this.course.onOver(reason => {
      const { failure } = reason
      const error = failure === 'http_response_not_taken' ? new SlowClient() : reason
      this.interrupted = failure === 'client_gone' ? END : { kind: 'failed', error }
      if (this.taker === null) this.stop()
      else this.give(this.interrupted)
    })
  }

  next(): Promise<Piece> {
    return new Promise(resolve => this.take(resolve))
  }

  /** The same by a callback, which may be called at once; not before the one before has been. */
  take(taker: (piece: Piece) => void): void {
    const { first } = this
    if (first !== null) {
      this.first = null
      return void first.then(taker)
    }
    if (this.over) return taker(this.interrupted ?? END)
    this.taker = taker
    const { clock, idleMs } = this.options
    if (idleMs !== Infinity) this.stopIdle = clock.after(idleMs, this.idled)
    this.within(this.ask)
  }

  /** Nobody takes it any more. */
  stop(failure?: string): void {
    this.over = true
    this.course.end(failure)
  }

  private readonly ask = (): void => {
    try {
      this.items.next().then(this.came, this.broke)
    } catch (error) {
      this.broke(error)
    }
  }

  private readonly came = (result: IteratorResult<unknown>): void => this.give(this.pieceOf(result))

  private readonly broke = (error: unknown): void => this.give({ kind: 'failed', error })

  private readonly idled = (): void =>
    this.give({ kind: 'failed', error: new CallFailure('deadline_exceeded', '', 'no item came') })

  /** What comes when nobody waits any more came too late. */
  private give(piece: Piece): void {
    const { taker } = this
    if (taker === null) return
    this.taker = null
    this.stopIdle?.()
    this.stopIdle = null
    if (piece.kind === 'end') this.stop()
    else if (piece.kind === 'failed') this.stop(failureNameOf(piece.error))
    taker(piece)
  }

  private pieceOf(result: IteratorResult<unknown>): Piece {
    if (result.done === true) return END
    const { value } = result
    if (value instanceof Gap) return { kind: 'gap', gap: value }
    try {
      return this.options.written(value instanceof StreamItem ? value : new StreamItem(value, null, null))
    } catch (error) {
      return { kind: 'failed', error }
    }
  }

  /** Nobody waits for that: a generator ends itself only when what it waits for has come. */
  private letGo(): void {
    this.over = true
    try {
      void this.course.scope.run(() => this.items.return?.())?.then(undefined, () => undefined)
    } catch {
      // Of what nobody reads any more nothing is to be told.
    }
  }
}

/** The same, taken as fast as the route gives it: what waits for the client is bounded. */
export class QueuedFeed {
  private readonly feed: Feed
  private readonly queue: BoundedQueue<Piece>
  private last: Piece | null = null
  private wake: (() => void) | null = null

  /** `holding` is told what waits. */
  constructor(feed: Feed, slow: Slow<never>, holding: Holding) {
    this.feed = feed
    // An item is there as it was made and as it is written.
    this.queue = new BoundedQueue(slow, null, { add: bytes => holding.add(2 * bytes) })
    void this.pump()
  }

  async next(): Promise<Piece> {
    while (this.queue.length === 0 && this.last === null)
      await new Promise<void>(resolve => (this.wake = resolve))
    return this.first()
  }

  /** As Feed's. */
  take(taker: (piece: Piece) => void): void {
    if (this.queue.length > 0 || this.last !== null) return taker(this.first())
    this.wake = () => {
      this.wake = null
      taker(this.first())
    }
  }

  private first(): Piece {
    const { missed } = this.queue
    this.queue.missed = 0
    if (missed > 0) return { kind: 'gap', gap: new Gap(missed) }
    return this.queue.take() ?? this.last!
  }

  stop(): void {
    this.end(END)
    this.feed.stop()
  }

  private async pump(): Promise<void> {
    while (this.last === null) {
      const piece = await this.feed.next()
      if (piece.kind === 'item' || piece.kind === 'gap') this.offer(piece)
      else this.end(piece)
    }
  }

  private offer(piece: Piece): void {
    const isItem = piece.kind === 'item'
    try {
      const taken = this.queue.offer(piece, isItem ? piece.json.length : 0, isItem ? piece.of : null)
      if (!taken) this.fail(new SlowClient())
    } catch (error) {
      // Of `coalesce`, which is the author's.
      this.fail(error)
    }
    this.wake?.()
  }

  private fail(error: unknown): void {
    this.queue.clear()
    this.end({ kind: 'failed', error })
    this.feed.stop()
  }

  private end(piece: Piece): void {
    this.last ??= piece
    this.wake?.()
  }
}
