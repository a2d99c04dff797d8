import { bounds, BUCKETS } from './reading.ts'

/**
 * The duration in milliseconds that a share `q` of the requests in these cells stayed below; null where there is none.
 * Within a bucket they are taken as spread evenly, as Prometheus' histogram_quantile does; above the last bound the
 * bound is all that is known.
 */
export function quantileMs(cells: ArrayLike<number>, q: number): number | null {
  let count = 0
  for (let i = 0; i <= bounds.length; i++) count += cells[BUCKETS + i] ?? 0
  if (count === 0) return null
  const rank = q * count
  let below = 0
  for (const [i, bound] of bounds.entries()) {
    const here = cells[BUCKETS + i] ?? 0
    if (here > 0 && below + here >= rank) {
      const from = bounds[i - 1] ?? 0
      return (from + (bound - from) * ((rank - below) / here)) * 1000
    }
    below += here
  }
  return (bounds.at(-1) ?? 0) * 1000
}
