import type { Stored } from './stored.ts'

/** Answers at one place of a URL, told apart by what Vary names. */
export interface Variants {
  vary: readonly string[]
  readonly byValues: Map<string, Stored>
}

/** Those that differ only in Vary at one place: more of them would be a field that has another value with every request. */
const MOST_VARIANTS = 64

/** Stored answers by URL, place, and what Vary names. */
export class Shelf {
  private readonly urls = new Map<string, Map<string, Variants>>()

  /** By place. */
  find(url: string): ReadonlyMap<string, Variants> | undefined {
    return this.urls.get(url)
  }

  /** The answers that it takes the place of. */
  put(stored: Stored): readonly Stored[] {
    const { url, place, vary, values } = stored
    const places = this.urls.get(url) ?? new Map<string, Variants>()
    if (places.size === 0) this.urls.set(url, places)
    const known = places.get(place)
    if (known === undefined) {
      places.set(place, { vary, byValues: new Map([[values, stored]]) })
      return []
    }
    const gone = this.superseded(known, stored)
    known.vary = vary
    known.byValues.set(values, stored)
    return gone
  }

  /** False where another one is in its place by now. */
  remove(stored: Stored): boolean {
    const { url, place, values } = stored
    const places = this.urls.get(url)
    const variants = places?.get(place)
    if (places === undefined || variants?.byValues.get(values) !== stored) return false
    variants.byValues.delete(values)
    if (variants.byValues.size === 0) places.delete(place)
    if (places.size === 0) this.urls.delete(url)
    return true
  }

  /** All at one URL, whosever they are. */
  at(url: string): readonly Stored[] {
    const places = this.urls.get(url)
    return places === undefined ? [] : [...places.values()].flatMap(({ byValues }) => [...byValues.values()])
  }

  *all(): Iterable<Stored> {
    for (const places of this.urls.values())
      for (const { byValues } of places.values()) yield* byValues.values()
  }

  /** Another Vary makes keys of what was stored under the one before mean something else. */
  private superseded({ vary, byValues }: Variants, stored: Stored): readonly Stored[] {
    const isSame = vary.length === stored.vary.length && vary.every((name, i) => name === stored.vary[i])
    if (isSame) {
      const before = byValues.get(stored.values)
      if (before !== undefined) return [before]
      const [oldest] = byValues.values()
      if (byValues.size < MOST_VARIANTS || oldest === undefined) return []
      byValues.delete(oldest.values)
      return [oldest]
    }
    const gone = [...byValues.values()]
    byValues.clear()
    return gone
  }
}
