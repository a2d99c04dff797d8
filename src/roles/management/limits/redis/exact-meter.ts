/** What is asked of a Meter here. */
export interface ExactMeter {
  readonly key: string
  readonly limit: ExactLimit
  /** `slot`: hash tag of what is counted together. */
  readonly counted: { readonly slot: string }
  windowAt(wallMs: number): { readonly startMs: number; readonly endMs: number }
}

export interface ExactLimit {
  readonly isQuota: boolean
  readonly flags: boolean
  /** Of one unit of a Rate. */
  readonly intervalUs: number
  readonly rate: { readonly burst: number }
  readonly row: { readonly amount: number }
  needOf(cost: number): number
}

/** As ExactLevel of ../store/exact-store.ts. */
export interface Level {
  readonly outcome: 'taken' | 'over' | 'denied'
  /** Of a Quota: in its window. Of a Rate: microseconds ahead of now. */
  readonly used: number
  readonly remaining: number
  /** Infinity: never. */
  readonly resetSeconds: number
}

/** Redis gives no answer, or not in time. */
export class StoreAway extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StoreAway'
  }
}
