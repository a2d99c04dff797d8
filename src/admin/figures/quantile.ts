import { bounds, BUCKETS, SUM } from './reading.ts'

/**
 * The duration in milliseconds that a share `q` of the requests in these cells stayed below; null where there is none.
 * Within a bucket they are taken as spread evenly, as Prometheus' histogram_quantile does; where the highest that has
 * any ends is known better, by the sum of all.
 */
export function quantileMs(cells: ArrayLike<number>, q: number): number | null {
  let count = 0
  let highest = 0
  for (let i = 0; i <= bounds.length; i++) {
    const here = cells[BUCKETS + i] ?? 0
    count += here
    if (here > 0) highest = i
  }
  if (count === 0) return null
  const rank = q * count
  let below = 0
  for (let i = 0; i < highest; i++) {
    const here = cells[BUCKETS + i] ?? 0
    if (here > 0 && below + here >= rank) return within(i, bounds[i]!, (rank - below) / here)
    below += here
  }
  const here = cells[BUCKETS + highest]!
  return within(highest, endOfHighest(cells, highest, here), (rank - below) / here)
}

/** At a share of the way from where a bucket begins to `end`. */
function within(bucket: number, end: number, share: number): number {
  const from = bounds[bucket - 1] ?? 0
  return (from + (end - from) * share) * 1000
}

/**
 * In seconds. A timeout of a second is in the bucket from 1 to 2.5: its requests cannot have taken 1.75 on average where
 * all together took no longer than their number. The bound, where no sum is known.
 */
function endOfHighest(cells: ArrayLike<number>, bucket: number, count: number): number {
  const from = bounds[bucket - 1] ?? 0
  const bound = bounds[bucket] ?? Infinity
  let rest = cells[SUM] ?? 0
  if (rest <= 0) return bound === Infinity ? from : bound
  for (let i = 1; i < bucket; i++) rest -= (cells[BUCKETS + i] ?? 0) * bounds[i - 1]!
  // What is spread evenly has its mean in the middle.
  return Math.min(bound, Math.max(from, (2 * rest) / count - from))
}
