/** Makes it when it is first asked for, and never again. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

/** What `known` has for a key, or what `make` makes of it from now on. */
export function memoized<K extends object, V extends object>(
  known: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: (key: K) => V,
): V {
  const before = known.get(key)
  if (before !== undefined) return before
  const made = make(key)
  known.set(key, made)
  return made
}

/** A list, and what was made of it. */
export interface Made<T, V> {
  readonly list: readonly T[]
  readonly value: V
}

/**
 * What was made last of a list, for the list that comes after it: found by its first or its last item, since where
 * others change one of them stays. Of lists that come one after another the last alone is kept.
 */
export class Successive<T extends object, V> {
  private readonly made = new WeakMap<T, Made<T, V>>()

  before(list: readonly T[]): Made<T, V> | null {
    return ends(list).flatMap(one => this.made.get(one) ?? [])[0] ?? null
  }

  keep(list: readonly T[], value: V): V {
    const before = this.before(list)
    for (const one of before === null ? [] : ends(before.list)) this.made.delete(one)
    for (const one of ends(list)) this.made.set(one, { list, value })
    return value
  }
}

function ends<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? [] : [list[0]!, list.at(-1)!]
}
