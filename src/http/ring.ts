/** What is in a ring, and in no other at the same time. */
export interface Linked<T extends Linked<T>> {
  before: T | null
  after: T | null
}

/**
 * A queue from whose middle one may leave, in constant time: a Set's first is found behind all that have left it, and the
 * tables that it had before keep who was in them (by-id.ts).
 */
export class Ring<T extends Linked<T>> {
  first: T | null = null
  last: T | null = null

  push(item: T): void {
    item.before = this.last
    item.after = null
    if (this.last === null) this.first = item
    else this.last.after = item
    this.last = item
  }

  remove(item: T): void {
    const { before, after } = item
    if (before === null) this.first = after
    else before.after = after
    if (after === null) this.last = before
    else after.before = before
    item.before = item.after = null
  }

  /** From the first on. Who is met may leave, and nobody else meanwhile. */
  *[Symbol.iterator](): Generator<T, undefined> {
    for (let { first: item } = this as { first: T | null }; item !== null;) {
      const { after } = item
      yield item
      item = after
    }
  }

  /** Takes the first to the end. */
  turn(): T | null {
    const { first } = this
    if (first !== null && first !== this.last) {
      this.remove(first)
      this.push(first)
    }
    return first
  }
}
