export interface Drainable {
  /** Lets what is under way finish, and nothing new begin on its own account. */
  drain(): void
}

/**
 * What did not change survives a reload. Everything that the new state names is
 * asked for by key; `sweep`, after the swap, drains what it did not name.
 */
export class Keep<T extends Drainable> {
  private kept = new Map<string, T>()
  private asked = new Map<string, T>()

  /** The one of this key, made by `make` if there is none yet. */
  get(key: string, make: () => T): T {
    const again = this.asked.get(key)
    if (again !== undefined) return again
    const one = this.kept.get(key) ?? make()
    this.asked.set(key, one)
    return one
  }

  /** The one of this key, without asking for it: looking does not keep it alive. */
  peek(key: string): T | undefined {
    return this.asked.get(key) ?? this.kept.get(key)
  }

  /** Drains what was not asked for since the last sweep, and answers with it. */
  sweep(): T[] {
    const before = this.kept
    this.kept = this.asked
    this.asked = new Map()
    const left = [...before].flatMap(([key, one]) => (this.kept.has(key) ? [] : [one]))
    for (const one of left) one.drain()
    return left
  }

  /** Drains everything: the end. */
  clear(): void {
    this.sweep()
    this.sweep()
  }

  *values(): IterableIterator<T> {
    yield* this.asked.values()
    for (const [key, one] of this.kept) if (!this.asked.has(key)) yield one
  }
}
