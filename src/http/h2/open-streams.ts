/** Places of a table that is new; a power of two, as all lengths are. */
const FEWEST = 8
/** A table that is longer is given back when the last of its streams ends. */
const KEPT = 64

/**
 * The open streams of a connection by their ids, at most half of its places taken.
 *
 * A Map would do, but for V8's garbage collection. With streams that come and go a Map replaces its table every few
 * streams, and the old table points to the new one, for iterators. Once one of them is old (promoted), each that
 * follows is kept by its dead predecessor until a full collection, and with it all streams that were open when it
 * was replaced, with their exchanges: a third of what was allocated got old, and gRPC calls cost a quarter more.
 */
export class OpenStreams<T extends { readonly id: number }> {
  size = 0
  private places = emptyPlaces<T>(FEWEST)

  get(id: number): T | undefined {
    return this.places[this.placeOf(id)] ?? undefined
  }

  /** A stream whose id no open one has. */
  add(stream: T): void {
    this.size++
    if (this.size * 2 > this.places.length) this.grow()
    this.places[this.placeOf(stream.id)] = stream
  }

  delete(id: number): void {
    const at = this.placeOf(id)
    if (this.places[at] === null) return
    this.size--
    if (this.size === 0 && this.places.length > KEPT) this.places = emptyPlaces(FEWEST)
    else this.vacate(at)
  }

  clear(): void {
    this.size = 0
    this.places = emptyPlaces(FEWEST)
  }

  /** Those that are open now, without those that end before their turn. */
  *values(): Generator<T> {
    for (const stream of this.places.slice())
      if (stream !== null && this.get(stream.id) === stream) yield stream
  }

  /** Where a stream is, or would be: what is missing ends at a free place. */
  private placeOf(id: number): number {
    const { places } = this
    const mask = places.length - 1
    let at = homeOf(id) & mask
    for (;;) {
      const stream = places[at]!
      if (stream === null || stream.id === id) return at
      at = (at + 1) & mask
    }
  }

  /** Nothing is found behind a free place, so that those behind this one move up as far as they may. */
  private vacate(free: number): void {
    const { places } = this
    const mask = places.length - 1
    let hole = free
    for (let at = (hole + 1) & mask; places[at] !== null; at = (at + 1) & mask) {
      const fromHome = (at - homeOf(places[at]!.id)) & mask
      if (fromHome < ((at - hole) & mask)) continue
      places[hole] = places[at]!
      hole = at
    }
    places[hole] = null
  }

  private grow(): void {
    const before = this.places
    this.places = emptyPlaces(before.length * 2)
    for (const stream of before) if (stream !== null) this.places[this.placeOf(stream.id)] = stream
  }
}

/** Ids of one side come one after another and are all odd (RFC 9113 §5.1.1), so that each has a place of its own. */
function homeOf(id: number): number {
  return id >> 1
}

function emptyPlaces<T>(count: number): (T | null)[] {
  return Array.from({ length: count }, () => null)
}
