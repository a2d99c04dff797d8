import * as L from './layout.ts'
import { partAt, recordMatches, slotMatches, type RecentFilter } from './recent-filter.ts'
import type { RecentMemories, RecentMemory } from './recent-memories.ts'
import { RecentTails, type Tail } from './recent-tails.ts'
import { readSlot, type RecentRecord } from './slot-reader.ts'

/** Where a record is, and where it stands among all: the newest is first. */
interface Place {
  readonly memory: RecentMemory
  readonly ring: L.RingPlace
  readonly slot: number
  readonly serial: number
  readonly endedMs: number
}

export interface RecentPage {
  /** The newest first. */
  readonly records: readonly RecentRecord[]
  /** Where the next page begins, or null: there is nothing older. What comes meanwhile changes nothing of it. */
  readonly next: string | null
}

/** How far back something reaches, in milliseconds since the epoch; null where there is nothing. */
export interface RecentReach {
  readonly allSinceMs: number | null
  readonly errorsSinceMs: number | null
  readonly slowSinceMs: number | null
}

/**
 * The main thread's side: reads what workers have written, whenever somebody asks, whatever they are doing, and also
 * what those have left that died.
 */
export class RecentReader {
  private readonly memories: RecentMemories
  private readonly tails: RecentTails

  constructor(memories: RecentMemories) {
    this.memories = memories
    this.tails = new RecentTails(memories)
  }

  /** `cursor` is the `next` of another page; throws a RangeError where it is none. */
  list(filter: RecentFilter, limit: number, cursor: string | null = null): RecentPage {
    const after = cursor === null ? null : positionOf(cursor)
    const places = this.places(filter)
      .filter(place => after === null || compare(place, after) > 0)
      .toSorted(compare)
    const records: RecentRecord[] = []
    let last: Place | null = null
    for (const place of places) {
      const record = readSlot(place.memory.views, place.ring, place.slot)
      // The slot may have had another one since.
      if (record === null || record.serial !== place.serial || !recordMatches(record, filter)) continue
      if (last !== null && records.length === limit) return { records, next: cursorOf(last) }
      records.push(record)
      last = place
    }
    return { records, next: null }
  }

  /** The newest of this id (clients of a trusted hop may use one twice), and how many others there are. */
  find(id: string): { readonly record: RecentRecord; readonly others: number } | null {
    const found = this.places({})
      .filter(place => partAt(place.memory.views, atOf(place), 'id') === id)
      .toSorted(compare)
      .map(({ memory, ring, slot }) => readSlot(memory.views, ring, slot))
      .filter(record => record !== null && record.id === id)
    const record = found[0]
    return record == null ? null : { record, others: found.length - 1 }
  }

  reach(): RecentReach {
    const { rings } = this.memories.layout
    const oldest = (...which: readonly L.RingPlace[]): number | null => {
      let sinceMs = Infinity
      for (const memory of this.memories.all)
        for (const ring of which)
          for (const { endedMs } of placesIn(memory, ring)) sinceMs = Math.min(sinceMs, endedMs)
      return sinceMs === Infinity ? null : sinceMs
    }
    return {
      allSinceMs: oldest(rings[L.ALL]),
      errorsSinceMs: oldest(rings[L.FAULTS], rings[L.REFUSALS]),
      slowSinceMs: oldest(rings[L.SLOW]),
    }
  }

  /** Tells of what is written from now on, until the answer is called. */
  tail(tail: Tail): () => void {
    return this.tails.add(tail)
  }

  /** Of each record one place: where it is kept, if it is, since that has room for its story. */
  private places(filter: RecentFilter): Place[] {
    const { rings } = this.memories.layout
    return this.memories.all.flatMap(memory => {
      const bySerial = new Map<number, Place>()
      for (const ring of rings)
        for (const place of placesIn(memory, ring))
          if (slotMatches(memory.views, atOf(place), filter)) bySerial.set(place.serial, place)
      return [...bySerial.values()]
    })
  }
}

function* placesIn(memory: RecentMemory, ring: L.RingPlace): Generator<Place> {
  const { float64 } = memory.views
  for (let slot = 0; slot < ring.slots; slot++) {
    const at = (ring.from + slot * ring.slotBytes) >> 3
    const serial = float64[at + L.SERIAL]!
    if (serial > 0) yield { memory, ring, slot, serial, endedMs: float64[at + L.ENDED_MS]! }
  }
}

function atOf({ ring: { from, slotBytes }, slot }: Place): number {
  return from + slot * slotBytes
}

type Position = Pick<Place, 'endedMs' | 'serial'> & { readonly memory: { readonly number: number } }

/** The newest first; of the same instant, an order that stays. */
function compare(a: Position, b: Position): number {
  return b.endedMs - a.endedMs || b.memory.number - a.memory.number || b.serial - a.serial
}

function cursorOf({ endedMs, memory, serial }: Position): string {
  return Buffer.from(`${endedMs}/${memory.number}/${serial}`).toString('base64url')
}

function positionOf(cursor: string): Position {
  const numbers = Buffer.from(cursor, 'base64url').toString('latin1').split('/').map(Number)
  const [endedMs = NaN, number = NaN, serial = NaN] = numbers
  if (numbers.length !== 3 || numbers.some(Number.isNaN)) throw new RangeError('no cursor of this list')
  return { endedMs, serial, memory: { number } }
}
