/**
 * How one list comes from another: in turn some of the items that it had, and some that are new. What is unchanged
 * costs two numbers, however much of it there is.
 */
export type ListRun<T> = { readonly from: number; readonly count: number } | { readonly items: readonly T[] }

/** What one list has lost, and another one has got. */
export interface Difference<T> {
  readonly gone: readonly T[]
  readonly come: readonly T[]
}

/**
 * What makes one list of another where that is little: at each place at which they differ the next item that both have is
 * not far. An item that stands elsewhere has gone and come. Null where more than `most` items would be in either.
 */
export function difference<T>(
  before: readonly T[],
  after: readonly T[],
  most: number,
  same: (one: T, other: T) => boolean = Object.is,
): Difference<T> | null {
  const [gone, come]: [T[], T[]] = [[], []]
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && same(before[i]!, after[j]!)) {
      i++
      j++
      continue
    }
    const [left, right] = [most - gone.length, most - come.length]
    const met = meeting(before, i, after, j, left, right, same)
    if (met === null) return null
    while (i < met.i) gone.push(before[i++]!)
    while (j < met.j) come.push(after[j++]!)
  }
  return { gone, come }
}

/** The nearest places from these on at which both have the same, or both end. */
function meeting<T>(
  before: readonly T[],
  i: number,
  after: readonly T[],
  j: number,
  left: number,
  right: number,
  same: (one: T, other: T) => boolean,
): { readonly i: number; readonly j: number } | null {
  for (let far = 1; far <= left + right; far++)
    for (let a = Math.max(0, far - right); a <= Math.min(far, left); a++) {
      const [x, y] = [i + a, j + far - a]
      if (x > before.length || y > after.length) continue
      const [isEnd, isOtherEnd] = [x === before.length, y === after.length]
      if (isEnd ? isOtherEnd : !isOtherEnd && same(before[x]!, after[y]!)) return { i: x, j: y }
    }
  return null
}

/** For each item after, where the same object stood before; -1 for one that did not. */
export function placesBefore<T>(before: readonly T[], after: readonly T[]): Int32Array {
  const places = new Int32Array(after.length).fill(-1)
  let start = 0
  while (start < after.length && start < before.length && before[start] === after[start])
    places[start] = start++
  let end = after.length
  const shift = before.length - after.length
  while (end > start && end + shift > start && before[end + shift - 1] === after[end - 1])
    places[--end] = end + shift
  if (start === end) return places
  const known = new Map<T, number>()
  for (let i = start; i < end + shift; i++) known.set(before[i]!, i)
  for (let i = start; i < end; i++) places[i] = known.get(after[i]!) ?? -1
  return places
}

/** The runs of a list whose items stand at `places` in the one before; where that is -1, `itemAt` says what is written. */
export function runsOf<T>(places: Int32Array, itemAt: (index: number) => T): ListRun<T>[] {
  const runs: ListRun<T>[] = []
  for (let i = 0; i < places.length;) {
    const from = places[i]!
    let end = i + 1
    if (from < 0) while (end < places.length && places[end]! < 0) end++
    else while (end < places.length && places[end] === from + end - i) end++
    runs.push(
      from < 0
        ? { items: Array.from({ length: end - i }, (_, n) => itemAt(i + n)) }
        : { from, count: end - i },
    )
    i = end
  }
  return runs
}

/** The list after; `make` turns what was written into items. */
export function applyRuns<T, W>(
  before: readonly T[],
  runs: readonly ListRun<W>[],
  make: (item: W) => T,
): T[] {
  const after: T[] = []
  for (const run of runs)
    if ('items' in run) for (const item of run.items) after.push(make(item))
    else for (let i = run.from; i < run.from + run.count; i++) after.push(before[i]!)
  return after
}
