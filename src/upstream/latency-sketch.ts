/** Of each doubling: a quantile is above the truth by 9 % at most. */
const PER_DOUBLING = 8
/** 2 ** -4 ms is the first bucket's end, 2 ** 17 ms (two minutes) that of the last. */
const LEAST_LOG = -4
const BUCKETS = 21 * PER_DOUBLING
/** What is told is of the last 30 to 60 seconds. */
const GENERATION_MS = 30_000
/** Looking through the buckets costs 0.2 us, which so many observations share. */
const RECKONED_EVERY = 32

/** How long answers of the last minute took, as a histogram whose buckets grow: 1.3 KiB, and 20 ns for each answer. */
export class LatencySketch {
  private young = new Uint32Array(BUCKETS)
  private old = new Uint32Array(BUCKETS)
  private youngCount = 0
  private oldCount = 0
  private sinceMs = -Infinity
  private readonly quantile: number
  private reckonedMs = 0
  private untilReckoned = 0

  /** `percentile`: which one is wanted, above 0 and below 100. */
  constructor(percentile: number) {
    this.quantile = percentile / 100
  }

  /** Answers that it knows. */
  get count(): number {
    return this.youngCount + this.oldCount
  }

  /** `nowMs` is monotonic. */
  observe(latencyMs: number, nowMs: number): void {
    if (nowMs - this.sinceMs >= GENERATION_MS) this.age(nowMs)
    const at = Math.floor((Math.log2(latencyMs) - LEAST_LOG) * PER_DOUBLING) + 1
    this.young[at > 0 ? Math.min(at, BUCKETS - 1) : 0]!++
    this.youngCount++
    this.untilReckoned--
  }

  /** So many milliseconds, or fewer, the share of answers took that was wanted; 0 where there are none. */
  get ms(): number {
    if (this.untilReckoned <= 0) {
      this.untilReckoned = RECKONED_EVERY
      this.reckonedMs = this.reckon()
    }
    return this.reckonedMs
  }

  private age(nowMs: number): void {
    const isLate = nowMs - this.sinceMs >= 2 * GENERATION_MS
    const last = this.old.fill(0)
    this.old = isLate ? last : this.young
    this.oldCount = isLate ? 0 : this.youngCount
    this.young = isLate ? this.young.fill(0) : last
    this.youngCount = 0
    this.sinceMs = nowMs
    this.untilReckoned = 0
  }

  private reckon(): number {
    let left = this.count * this.quantile
    if (left === 0) return 0
    for (let at = 0; at < BUCKETS; at++) {
      left -= this.young[at]! + this.old[at]!
      if (left <= 0) return endOf(at)
    }
    return endOf(BUCKETS - 1)
  }
}

const endOf = (at: number): number => 2 ** (at / PER_DOUBLING + LEAST_LOG)
