/** Something compiled, and what is to be done when nothing uses it any more. */
export interface Made<C> {
  readonly compiled: C
  readonly end: () => void
}

interface Kept<K, C> extends Made<C> {
  readonly key: K
  uses: number
}

/**
 * What was compiled, by what it was compiled from: the same object gives the same as long as somebody uses it, over all
 * ports and snapshots.
 */
export class Shelf<K extends object, C extends object> {
  private readonly make: (key: K) => Made<C>
  private readonly byKey = new Map<K, Kept<K, C>>()
  private readonly byCompiled = new Map<C, Kept<K, C>>()

  constructor(make: (key: K) => Made<C>) {
    this.make = make
  }

  take(key: K): C {
    let kept = this.byKey.get(key)
    if (kept === undefined) this.byKey.set(key, (kept = this.put(key, this.make(key))))
    kept.uses++
    return kept.compiled
  }

  /** One that stands for nobody else. */
  takeSingle(key: K, made: Made<C>): C {
    this.put(key, made).uses++
    return made.compiled
  }

  give(compiled: C): void {
    const kept = this.byCompiled.get(compiled)
    if (kept === undefined || --kept.uses > 0) return
    this.byCompiled.delete(compiled)
    if (this.byKey.get(kept.key) === kept) this.byKey.delete(kept.key)
    kept.end()
  }

  /** All that is in use. */
  compiled(): IterableIterator<C> {
    return this.byCompiled.keys()
  }

  private put(key: K, made: Made<C>): Kept<K, C> {
    const kept = { ...made, key, uses: 0 }
    this.byCompiled.set(made.compiled, kept)
    return kept
  }
}
