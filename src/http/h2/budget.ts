/** How often something may happen: `burst` at once, `perSecond` in the long run. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

/** How much of what was earned is kept, in bursts. */
const EARNED_BURSTS = 16

/**
 * A token bucket for one kind of frame. The clock is looked at only when it
 * runs empty, so that a frame costs a subtraction.
 */
export class Budget {
  private readonly rate: Allowance
  private readonly now: () => number
  private tokens: number
  private filledMs: number

  /** `now` is in milliseconds. */
  constructor(rate: Allowance, now: () => number) {
    this.rate = rate
    this.now = now
    this.tokens = rate.burst
    this.filledMs = now()
  }

  /** False when there is none left: a flood. */
  take(): boolean {
    if (this.tokens >= 1) {
      this.tokens--
      return true
    }
    const { burst, perSecond } = this.rate
    const nowMs = this.now()
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.filledMs) * perSecond) / 1000)
    this.filledMs = nowMs
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }

  /** Frames that answer work of ours (a window update for what we sent) are not a flood. */
  earn(tokens: number): void {
    if (this.tokens < this.rate.burst * EARNED_BURSTS) this.tokens += tokens
  }
}
