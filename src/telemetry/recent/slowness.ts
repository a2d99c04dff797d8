/** One in a hundred takes longer than the bound, when as many steps of this size lead down to it as one leads up. */
const UP = 1.1
const DOWN = UP ** (-1 / 99)
/** Nobody looks for what took less. */
const LEAST_MS = 5
/** Of a route in a worker, besides those that are slower than all of the same second. */
const A_SECOND = 2

/**
 * What is slow on one route: longer than 99 of 100 of its requests (an estimate that follows them: a step up for each that
 * takes longer, and a hundredth of one down for each that does not). Of those, two a second are slow, and each that is slower
 * than any before it in that second: under load the hundredth part would soon push out the one that took seconds.
 */
export class Slowness {
  private boundMs = 0
  private second = 0
  private left = 0
  private slowestMs = 0

  isSlow(durationMs: number, nowMs: number): boolean {
    // The first one says only where to begin.
    if (this.boundMs === 0) this.boundMs = Math.max(durationMs * 2, LEAST_MS)
    if (durationMs <= this.boundMs) {
      this.boundMs = Math.max(this.boundMs * DOWN, LEAST_MS)
      return false
    }
    this.boundMs *= UP
    return this.isAmongSlowest(durationMs, nowMs)
  }

  private isAmongSlowest(durationMs: number, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.second) {
      this.second = second
      this.left = A_SECOND
      this.slowestMs = 0
    }
    if (this.left === 0 && durationMs <= this.slowestMs) return false
    if (this.left > 0) this.left--
    this.slowestMs = Math.max(this.slowestMs, durationMs)
    return true
  }
}
