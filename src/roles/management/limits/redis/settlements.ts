import type { Meter } from '../meter.ts'
/** What is to be added to one counter. */
export interface Settlement {
  readonly key: string
  readonly kind: 'r' | 'q'
  readonly intervalUs: number
  /** 0: never. */
  readonly endMs: number
  cost: number
}

/** So many counters may have something to be told of while Redis is away: 20 MB. Beyond that the oldest is lost, and counted. */
const MOST_KEPT = 100_000

/** What counters are still to be told, summed by counter, until they have been. */
export class Settlements {
  private all = new Map<string, Settlement>()
  /** How many counters were given up, since there were too many. */
  lost = 0

  get size(): number {
    return this.all.size
  }

  add(key: string, { limit }: Meter, cost: number, endMs: number): void {
    const known = this.all.get(key)
    if (known !== undefined) return void (known.cost += cost)
    const kind = limit.isQuota ? 'q' : 'r'
    this.put({ key, kind, intervalUs: limit.intervalUs, endMs, cost })
  }

  /** Those that could not be told. */
  again(some: Iterable<Settlement>): void {
    for (const one of some) {
      const known = this.all.get(one.key)
      if (known === undefined) this.put(one)
      else known.cost += one.cost
    }
  }

  /** All there are, which are not kept here any more. Of windows that have ended nobody asks. */
  take(wallMs: number): readonly Settlement[] {
    const some = [...this.all.values()].filter(
      ({ cost, endMs }) => cost !== 0 && (endMs === 0 || endMs > wallMs),
    )
    this.all = new Map()
    return some
  }

  private put(one: Settlement): void {
    this.all.set(one.key, one)
    if (this.all.size <= MOST_KEPT) return
    this.all.delete(this.all.keys().next().value!)
    this.lost++
  }
}
