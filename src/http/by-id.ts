/** Places of a table that is new; a power of two, as all lengths are. */
const FEWEST = 8
/** A table that is longer is halved when an eighth of it is taken, and given back when the last that it has goes. */
const KEPT = 64

/**
 * What is under way and soon over, by ids that come one after another (or every second one, as those of one side's
 * streams do, RFC 9113 §5.1.1), at most half of its places taken.
 *
 * A Map or a Set would do, but for V8's garbage collection. With entries that come and go it replaces its table every
 * few of them, and the old table points to the new one, for iterators. Once one of them is old (promoted), each that
 * follows is kept by its dead predecessor until a full collection, and with it all that was under way when it was
 * replaced: a third of what was allocated got old, and calls of gRPC cost a quarter more.
 */
export class ById<T extends { readonly id: number }> {
  size = 0
  private places = emptyPlaces<T>(FEWEST)

  get(id: number): T | undefined {
    return this.places[this.placeOf(id)] ?? undefined
  }

  /** A new one, whose id nothing here has. */
  add(one: T): void {
    this.size++
    if (this.size * 2 > this.places.length) this.resize(this.places.length * 2)
    this.places[this.placeOf(one.id)] = one
  }

  delete(id: number): void {
    const at = this.placeOf(id)
    if (this.places[at] === null) return
    this.size--
    const { length } = this.places
    if (this.size === 0 && length > KEPT) return void (this.places = emptyPlaces(FEWEST))
    this.vacate(at)
    if (this.size * 8 < length && length > KEPT) this.resize(length / 2)
  }

  clear(): void {
    this.size = 0
    this.places = emptyPlaces(FEWEST)
  }

  /** Those that are there now, without those that go before their turn. */
  *values(): Generator<T> {
    for (const one of this.places.slice()) if (one !== null && this.get(one.id) === one) yield one
  }

  /** Where it is, or would be: what is missing ends at a free place. */
  private placeOf(id: number): number {
    const { places } = this
    const mask = places.length - 1
    let at = id & mask
    for (;;) {
      const one = places[at]!
      if (one === null || one.id === id) return at
      at = (at + 1) & mask
    }
  }

  /** Nothing is found behind a free place, so that those behind this one move up as far as they may. */
  private vacate(free: number): void {
    const { places } = this
    const mask = places.length - 1
    let hole = free
    for (let at = (hole + 1) & mask; places[at] !== null; at = (at + 1) & mask) {
      const fromHome = (at - places[at]!.id) & mask
      if (fromHome < ((at - hole) & mask)) continue
      places[hole] = places[at]!
      hole = at
    }
    places[hole] = null
  }

  private resize(length: number): void {
    const before = this.places
    this.places = emptyPlaces(length)
    for (const one of before) if (one !== null) this.places[this.placeOf(one.id)] = one
  }
}

function emptyPlaces<T>(count: number): (T | null)[] {
  const places: (T | null)[] = []
  for (let i = 0; i < count; i++) places.push(null)
  return places
}
