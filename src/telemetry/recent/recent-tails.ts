import * as L from './layout.ts'
import { recordMatches, slotMatches, type RecentFilter } from './recent-filter.ts'
import type { RecentMemories, RecentMemory } from './recent-memories.ts'
import { readSlot, type RecentRecord } from './slot-reader.ts'

/** Who follows what is written. */
export interface Tail {
  readonly filter: RecentFilter
  /** The oldest first. */
  readonly onRecords: (records: readonly RecentRecord[]) => void
  /** So many were wanted, as far as was looked at, and were not told. */
  readonly onLost: (count: number) => void
}

const POLL_MS = 250
/** What one is told in one poll: 200 lines a second are more than anybody reads, and to read one costs the main thread 4 µs. */
const TOLD = 50
/** Slots that are looked at in one poll, for all who follow. */
const LOOKS = 20_000

/** What has come to one memory since the last poll, and is still there. */
interface Span {
  readonly memory: RecentMemory
  readonly after: number
  readonly to: number
}

interface Chosen {
  readonly memory: RecentMemory
  readonly serial: number
}

/** Looks for new records as long as somebody follows, a few times a second; otherwise there is no timer. */
export class RecentTails {
  private readonly memories: RecentMemories
  private readonly tails = new Set<Tail>()
  /** How many of each memory have been seen. */
  private readonly seen = new Map<RecentMemory, number>()
  private timer: NodeJS.Timeout | null = null
  /** Since the last look, gone before anybody has seen them. */
  private missed = 0

  constructor(memories: RecentMemories) {
    this.memories = memories
  }

  /** Ends with the call of the answer. */
  add(tail: Tail): () => void {
    if (this.tails.size === 0) this.begin()
    this.tails.add(tail)
    return () => {
      this.tails.delete(tail)
      if (this.tails.size === 0) this.end()
    }
  }

  private begin(): void {
    for (const memory of this.memories.all) this.seen.set(memory, written(memory))
    this.timer = setInterval(() => this.poll(), POLL_MS).unref()
  }

  private end(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    this.seen.clear()
  }

  private poll(): void {
    this.missed = 0
    const spans = this.memories.all.map(memory => this.spanOf(memory))
    const came = spans.reduce((sum, { after, to }) => sum + to - after, this.missed)
    if (came === 0) return
    const most = Math.floor(LOOKS / this.tails.size)
    for (const tail of this.tails) this.tell(tail, spans, most)
  }

  private spanOf(memory: RecentMemory): Span {
    const [{ slots }] = this.memories.layout.rings
    const to = written(memory)
    // One that came while nobody looked begins at its beginning.
    const from = this.seen.get(memory) ?? 0
    this.seen.set(memory, to)
    const after = Math.max(from, to - slots)
    this.missed += after - from
    return { memory, after, to }
  }

  /** Of more than one is told, what went wrong or took long, and then the newest. */
  private tell({ filter, onRecords, onLost }: Tail, spans: readonly Span[], most: number): void {
    const marked: Chosen[] = []
    const others: Chosen[] = []
    let wanted = 0
    let left = most
    for (const { memory, after, to } of spans)
      for (let serial = to; serial > after; serial--) {
        // Those may have been wanted.
        if (left-- <= 0) wanted++
        else if (slotMatches(memory.views, this.at(serial), filter)) {
          wanted++
          const list = isMarked(memory, this.at(serial)) ? marked : others
          if (list.length < TOLD) list.push({ memory, serial })
        }
      }
    const chosen = [...marked, ...others.slice(0, TOLD - marked.length)]
    const records = this.read(chosen).filter(record => recordMatches(record, filter))
    if (records.length > 0) onRecords(records)
    const lost = wanted - records.length + this.missed
    if (lost > 0) onLost(lost)
  }

  private read(chosen: readonly Chosen[]): RecentRecord[] {
    const [ring] = this.memories.layout.rings
    return chosen
      .flatMap(({ memory, serial }) => {
        const record = readSlot(memory.views, ring, (serial - 1) % ring.slots)
        return record === null || record.serial !== serial ? [] : [record]
      })
      .toSorted((a, b) => a.endedMs - b.endedMs)
  }

  private at(serial: number): number {
    const [{ from, slots, slotBytes }] = this.memories.layout.rings
    return from + ((serial - 1) % slots) * slotBytes
  }
}

function written({ views }: RecentMemory): number {
  return views.float64[L.WRITTEN]!
}

function isMarked({ views }: RecentMemory, at: number): boolean {
  return (views.int32[(at >> 2) + L.MARKS]! & (L.MARK_ERROR | L.MARK_SLOW)) !== 0
}
