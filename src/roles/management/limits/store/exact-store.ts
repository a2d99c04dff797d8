import type { Meter } from '../meter.ts'

/** There is no answer. `asked`: it may all the same have been taken, which is not to be told again. */
export class StoreAway extends Error {
  readonly asked: boolean

  constructor(detail: string, asked: boolean) {
    super(detail)
    this.name = 'StoreAway'
    this.asked = asked
  }
}

/** What a store says of one meter. */
export interface ExactLevel {
  /** `denied`: no room. Of a request that is refused by another meter, `taken` says that there would have been some. */
  readonly outcome: 'taken' | 'over' | 'denied'
  /** Of a Quota: in its window. Of a Rate: microseconds that are taken beforehand. */
  readonly used: number
  readonly remaining: number
  /** Infinity: never. */
  readonly resetSeconds: number
}

/**
 * Where limits are counted for several nodes together (`counters: Exact`). Meters of one call mostly have one
 * `Meter.counted.key`: a subscription.
 */
export interface ExactStore {
  /**
   * One step: takes `costs[i]` of each meter, or nothing of any where one has no room whose limit does not merely flag.
   * There must be room for `limit.needOf(cost)`. A Quota that flags is counted all the same, a Rate that flags is not
   * when it is over. Rejects with StoreAway when there is no answer within its budget.
   */
  take(
    meters: readonly Meter[],
    costs: readonly number[],
  ): readonly ExactLevel[] | Promise<readonly ExactLevel[]>
  /** Adds (below 0: gives back), and never refuses or throws; kept while the store is away, and told when it is back. */
  settle(meters: readonly Meter[], costs: readonly number[]): void
  /** What is left, without taking. */
  peek(meters: readonly Meter[]): Promise<readonly ExactLevel[]>
  /** Whether it has lost nothing of what it counted: less than before is what was given back. False where that is not known. */
  isWhole(): Promise<boolean>
  /** It cannot be asked, and need not be tried. */
  readonly away: boolean
  /** This node's part of a rate meanwhile: one of so many as there were; above 0, at most 1. */
  readonly share: number
}
