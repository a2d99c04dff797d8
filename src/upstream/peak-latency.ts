import type { Clock } from './clock.ts'

/** What is older than this counts a third: as long as Linkerd's balancer remembers. */
const DECAY_MS = 10_000
/** A failure makes an endpoint twice as slow, from the first on, and never slower than the second: it is to be tried again before long. */
const LEAST_FAILED_MS = 1
const MOST_FAILED_MS = 5_000

/**
 * How slow an endpoint is: a mean of latencies that follows a slower answer at once and a faster one with time (Finagle's
 * and Linkerd's Peak EWMA), so that one that begins to stall loses its requests within a few of them. Without answers it
 * fades, so that an endpoint that was slow once is tried again.
 */
export class PeakLatency {
  private readonly clock: Clock
  private costMs = -1
  private atMs = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** No answer has come yet. */
  get unknown(): boolean {
    return this.costMs < 0
  }

  /** Of an answer, or of none that the endpoint is to blame for: then it `failed`. */
  observe(latencyMs: number, failed: boolean): void {
    const nowMs = this.clock.now()
    const kept = Math.exp(Math.min(0, this.atMs - nowMs) / DECAY_MS)
    const knownMs = Math.max(0, this.costMs)
    this.atMs = nowMs
    // An endpoint that fails fast would look like the best of all, and take the requests of every other.
    const seenMs = failed
      ? Math.max(latencyMs, LEAST_FAILED_MS, Math.min(2 * knownMs * kept, MOST_FAILED_MS))
      : latencyMs
    this.costMs = seenMs >= knownMs * kept ? seenMs : knownMs * kept + seenMs * (1 - kept)
  }

  /** How much slower it is than another one, both known. Both fade alike, so that it needs no clock. */
  over(other: PeakLatency): number {
    const faded = this.atMs === other.atMs ? 1 : Math.exp((this.atMs - other.atMs) / DECAY_MS)
    return (this.costMs * faded) / other.costMs
  }
}
