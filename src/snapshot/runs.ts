/**
 * How one list comes from another: in turn some of the items that it had, and some that are new. What is unchanged
 * costs two numbers, however much of it there is.
 */
export type ListRun<T> = { readonly from: number; readonly count: number } | { readonly items: readonly T[] }

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
