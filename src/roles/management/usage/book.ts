import { randomUUID } from 'node:crypto'
import type { Kit } from '../../../filters/kit.ts'
import { ApiBook, type Room } from './api-book.ts'
import { USAGE, type Flush } from './flush.ts'

/** What a worker that dies has counted and not told is lost: not more than this. */
const FLUSH_MS = 1_000

const MINUTE_MS = 60_000

/**
 * Series of one worker. More consumers than a worker can serve within a few seconds; 2 MB. What comes beyond is counted
 * under "(other)" of its API until some of them have been idle.
 */
const MOST_SERIES = 10_000

/** What a book needs of a kit; as long as the worker lives. */
export type BookKit = Pick<Kit, 'clock' | 'log' | 'tell'>

/** What one worker has counted of all APIs, and has not told yet. Kept over reloads, and told of whatever was counted when it ends. */
export class UsageBook {
  private readonly id = randomUUID()
  private readonly kit: BookKit
  private readonly apis = new Map<string, ApiBook>()
  private readonly room: Room
  private number = 0
  /** Monotonic; before it, what is counted is of the minute that is open. */
  private endsMs = -Infinity
  private minuteMs = 0
  private cancel = (): void => {}
  private crowded = false

  constructor(kit: BookKit, mostSeries = MOST_SERIES) {
    this.kit = kit
    this.room = { taken: 0, most: mostSeries, crowded: () => this.tellCrowd() }
  }

  api(api: string, version: string): ApiBook {
    const key = JSON.stringify([api, version])
    const known = this.apis.get(key)
    if (known !== undefined) return known
    const made = new ApiBook(api, version, this.room)
    this.apis.set(key, made)
    return made
  }

  /** To be called with the time before anything is counted: what is counted after it ended in the minute that is open. */
  at(nowMs: number): void {
    if (nowMs >= this.endsMs) this.turn(nowMs)
  }

  /** Tells what was counted since the last time. */
  flush(): void {
    this.cancel()
    if (this.endsMs === -Infinity) return
    this.endsMs = -Infinity
    const { taken, most } = this.room
    // Who is idle makes room for who is not, the sooner the less room there is.
    const idleFlushes = taken >= most ? 1 : taken > most / 2 ? 5 : 60
    const apis = [...this.apis.values()].flatMap(api => api.take(idleFlushes) ?? [])
    if (this.room.taken < most) this.crowded = false
    if (apis.length === 0) return
    const { id: book, minuteMs } = this
    this.kit.tell(USAGE, { book, number: ++this.number, minuteMs, apis } satisfies Flush)
  }

  drain(): void {
    this.flush()
  }

  private turn(nowMs: number): void {
    this.flush()
    const wallMs = this.kit.clock.wallMs()
    this.minuteMs = Math.floor(wallMs / MINUTE_MS) * MINUTE_MS
    this.endsMs = nowMs + this.minuteMs + MINUTE_MS - wallMs
    this.cancel = this.kit.clock.after(FLUSH_MS, () => this.flush())
  }

  private tellCrowd(): void {
    if (this.crowded) return
    this.crowded = true
    this.kit.log.warn('usage.crowded', {
      series: this.room.most,
      message:
        'more consumers and operations at once than usage tells apart; the rest is counted as "(other)"',
    })
  }
}
