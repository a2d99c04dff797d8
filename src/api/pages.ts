/** A part of a list, and where the next begins. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Null at the end. */
  readonly next: string | null
}

/**
 * What follows `cursor` of `items`, which are in the order of their keys (by `<`), and at most `limit` of it. Cursors
 * are keys, so that one stays good when the list changes between two questions. `keyOf` must differ for each.
 */
export function pageOf<T>(
  items: readonly T[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  keyOf: (item: T) => string,
): Page<T> {
  const begin = cursor === undefined ? 0 : firstAfter(items, keyOfCursor(cursor), keyOf)
  const part = items.slice(begin, begin + limit)
  const last = part.at(-1)
  return {
    items: part,
    next: last === undefined || begin + limit >= items.length ? null : cursorOf(keyOf(last)),
  }
}

/** A key as clients are given it, who should not make one themselves. */
function cursorOf(key: string): string {
  return Buffer.from(key).toString('base64url')
}

function keyOfCursor(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString()
}

function firstAfter<T>(items: readonly T[], key: string, keyOf: (item: T) => string): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (keyOf(items[middle]!) <= key) low = middle + 1
    else high = middle
  }
  return low
}
