import type { Cancel, Clock } from '../clock.ts'

/** Of its weight an endpoint begins with, as with Envoy: with none its caches would stay cold. */
const LEAST_SHARE = 0.1
/** So often in a window the shares are made anew. */
const STEPS = 20
const LEAST_STEP_MS = 50

/** What is eased in. */
export interface Eased {
  /** As it was declared. */
  readonly declaredWeight: number
  /** What it counts for now. */
  weight: number
}

/**
 * Endpoints that come into service get their share of requests little by little, over a window: what has just begun
 * compiles, fills its caches and opens its connections, and would answer its whole share late. It begins again with each
 * return, from ejection too. Those that come when there is no other have all of their share at once: there would be
 * nobody to take what is left.
 */
export class SlowStart<E extends Eased> {
  private readonly clock: Clock
  private readonly onStep: () => void
  private sinceMs = new Map<E, number>()
  private cancelTimer: Cancel | null = null

  /** `onStep` is called when `weigh` is to be called again. */
  constructor(clock: Clock, onStep: () => void) {
    this.clock = clock
    this.onStep = onStep
  }

  /** Gives those that serve their weights; 0 is no window. */
  weigh(serving: readonly E[], windowMs: number): void {
    this.close()
    if (windowMs === 0) {
      this.sinceMs.clear()
      for (const endpoint of serving) endpoint.weight = endpoint.declaredWeight
      return
    }
    const nowMs = this.clock.now()
    const isFirst = this.sinceMs.size === 0
    const sinceMs = new Map<E, number>()
    let isEasing = false
    for (const endpoint of serving) {
      const since = isFirst ? -Infinity : (this.sinceMs.get(endpoint) ?? nowMs)
      sinceMs.set(endpoint, since)
      const share = (nowMs - since) / windowMs
      endpoint.weight = endpoint.declaredWeight * Math.min(1, Math.max(LEAST_SHARE, share))
      if (share < 1) isEasing = true
    }
    this.sinceMs = sinceMs
    if (!isEasing) return
    this.cancelTimer = this.clock.after(Math.max(LEAST_STEP_MS, windowMs / STEPS), this.onStep)
  }

  close(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }
}
