import type { ResourceKey } from '../../model/resource.ts'

/** So many of those that are taken is one the oldest: also where more comes than is written nobody waits for ever. */
const OLDEST_EACH = 4
/** Places of what has gone, beside those that are waiting, that are cleared away together. */
const MOST_EMPTY = 1_000

/**
 * Objects whose statuses are to be looked at, each once. What was added last comes first: of thousands that wait somebody
 * may wait for this one, and what is still being changed is written once, when it has been.
 */
export class StatusQueue {
  /** By their places, of which each has the last that it was given. */
  private readonly places = new Map<ResourceKey, number>()
  private order: ResourceKey[] = []
  private first = 0
  private taken = 0

  get size(): number {
    return this.places.size
  }

  add(key: ResourceKey): void {
    this.places.set(key, this.order.length)
    this.order.push(key)
    if (this.order.length > 2 * this.places.size + MOST_EMPTY) this.clean()
  }

  /** The next one, which does not wait any more; undefined where none does. */
  take(): ResourceKey | undefined {
    const key = ++this.taken % OLDEST_EACH === 0 ? this.oldest() : this.newest()
    if (key !== undefined) this.places.delete(key)
    return key
  }

  clear(): void {
    this.places.clear()
    this.clean()
  }

  private newest(): ResourceKey | undefined {
    for (;;) {
      const key = this.order.pop()
      this.first = Math.min(this.first, this.order.length)
      if (key === undefined || this.places.get(key) === this.order.length) return key
    }
  }

  private oldest(): ResourceKey | undefined {
    while (this.first < this.order.length) {
      const key = this.order[this.first++]!
      if (this.places.get(key) === this.first - 1) return key
    }
    return undefined
  }

  private clean(): void {
    this.order = this.order.filter((key, place) => this.places.get(key) === place)
    this.first = 0
    for (const [place, key] of this.order.entries()) this.places.set(key, place)
  }
}
