import { hash, mixed } from '../balancers/hash.ts'
import type { Place } from './place.ts'

/** By how many workers of a process each of so many endpoints is had, so that each worker has about `size`; by one at least. */
export function coverage(endpoints: number, size: number, workers: number): number {
  return Math.min(workers, Math.max(1, Math.ceil((size * workers) / Math.max(1, endpoints))))
}

/**
 * Those of `keys` that this worker is to connect to. Of the workers of a process each endpoint has exactly `covering`:
 * those that come first by a hash of both (rendezvous), of workers that have not had their part yet. So all workers have
 * as many, whoever comes or goes moves only itself and here and there one that had been passed on, and all workers know
 * of each other's without a word.
 */
export function subsetOf(
  keys: readonly string[],
  covering: number,
  workers: number,
  { index, process }: Pick<Place, 'index' | 'process'>,
): ReadonlySet<string> {
  if (covering >= workers) return new Set(keys)
  // By whom they are not had, where those are fewer: otherwise the last ones would find no room with enough others.
  if (covering * 2 > workers)
    return new Set(keys).difference(subsetOf(keys, workers - covering, workers, { index, process }))
  const seeds = Array.from({ length: workers }, (_, worker) => hash(`${process} ${worker}`))
  const own = new Set<string>()
  const shares = new Shares(workers, keys.length * covering)
  const inOrder = keys
    .map(key => ({ key, hashed: hash(key), order: hash(`${process} ${key}`) }))
    .sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1))
  for (const { key, hashed } of inOrder) {
    shares.prefer(worker => mixed(seeds[worker]! ^ hashed))
    for (let i = 0; i < covering; i++) if (shares.next() === index) own.add(key)
  }
  return own
}

/** How many each worker has, and whom one endpoint prefers. */
class Shares {
  private readonly even: number
  /** How many may have one more. */
  private more: number
  private readonly taken: Uint32Array
  /** Below 0 of who has it already. */
  private readonly scores: Float64Array

  constructor(workers: number, places: number) {
    this.even = Math.floor(places / workers)
    this.more = places % workers
    this.taken = new Uint32Array(workers)
    this.scores = new Float64Array(workers)
  }

  prefer(score: (worker: number) => number): void {
    for (let worker = 0; worker < this.scores.length; worker++) this.scores[worker] = score(worker)
  }

  /** The best that has room; where none has, which is so of the last few, the one that has least. */
  next(): number {
    const { scores, taken } = this
    const most = this.more > 0 ? this.even + 1 : this.even
    let best = -1
    let least = -1
    for (let worker = 0; worker < scores.length; worker++) {
      const score = scores[worker]!
      if (score < 0) continue
      if (least < 0 || taken[worker]! < taken[least]!) least = worker
      if (taken[worker]! < most && (best < 0 || score > scores[best]!)) best = worker
    }
    const chosen = best < 0 ? least : best
    if (taken[chosen]!++ === this.even) this.more--
    scores[chosen] = -1
    return chosen
  }
}
