import * as L from './layout.ts'
import { recordMatches, type RecentFilter } from './recent-filter.ts'
import type { RecentMemories, RecentMemory } from './recent-memories.ts'
import { readSlot, type RecentRecord } from './slot-reader.ts'

/** Who follows what is written. */
export interface Tail {
  readonly filter: RecentFilter
  /** The oldest first. */
  readonly onRecords: (records: readonly RecentRecord[]) => void
  /** So many came and were not shown; some of them may not have been wanted. */
  readonly onLost: (count: number) => void
}

const POLL_MS = 250
/**
 * What is read in one poll, for all who follow, and what each of them is told at most: 200 lines a second are more than
 * anybody reads, and reading one costs the main thread 3 µs.
 */
const READ = 400
const TOLD = 50

interface Fresh {
  readonly memory: RecentMemory
  readonly slot: number
  readonly serial: number
  readonly marked: boolean
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
    const fresh = this.memories.all.flatMap(memory => this.freshOf(memory))
    if (fresh.length === 0) return
    const [ring] = this.memories.layout.rings
    const chosen = choose(fresh)
    const records = chosen
      .map(({ memory, slot, serial }) => ({ serial, record: readSlot(memory.views, ring, slot) }))
      .flatMap(({ serial, record }) => (record === null || record.serial !== serial ? [] : [record]))
      .toSorted((a, b) => a.endedMs - b.endedMs)
    const unread = this.missed + fresh.length - chosen.length
    for (const tail of this.tails) tell(tail, records, unread)
  }

  /** What has come since the last look, as far as it is still there. */
  private freshOf(memory: RecentMemory): Fresh[] {
    const [ring] = this.memories.layout.rings
    const to = written(memory)
    // One that came while nobody looked begins at its beginning.
    const from = this.seen.get(memory) ?? 0
    this.seen.set(memory, to)
    const there = Math.max(from, to - ring.slots)
    this.missed += there - from
    const fresh: Fresh[] = []
    for (let serial = there + 1; serial <= to; serial++) {
      const slot = (serial - 1) % ring.slots
      const marks = memory.views.int32[((ring.from + slot * ring.slotBytes) >> 2) + L.MARKS]!
      fresh.push({ memory, slot, serial, marked: (marks & (L.MARK_ERROR | L.MARK_SLOW)) !== 0 })
    }
    return fresh
  }
}

function written({ views }: RecentMemory): number {
  return views.float64[L.WRITTEN]!
}

/** Of more than are read, what went wrong or took long, and then the newest. */
function choose(fresh: readonly Fresh[]): readonly Fresh[] {
  if (fresh.length <= READ) return fresh
  const marked = fresh.filter(one => one.marked).slice(-READ)
  const others = fresh.filter(one => !one.marked)
  return [...others.slice(others.length - (READ - marked.length)), ...marked]
}

function tell({ filter, onRecords, onLost }: Tail, records: readonly RecentRecord[], unread: number): void {
  const wanted = records.filter(record => recordMatches(record, filter))
  const told = wanted.length <= TOLD ? wanted : preferred(wanted)
  if (told.length > 0) onRecords(told)
  const lost = wanted.length - told.length + unread
  if (lost > 0) onLost(lost)
}

/** As `choose` does. */
function preferred(records: readonly RecentRecord[]): readonly RecentRecord[] {
  const marked = records.filter(({ isError, isSlow }) => isError || isSlow).slice(-TOLD)
  const left = TOLD - marked.length
  const others = left === 0 ? [] : records.filter(({ isError, isSlow }) => !isError && !isSlow).slice(-left)
  return [...others, ...marked].toSorted((a, b) => a.endedMs - b.endedMs)
}
