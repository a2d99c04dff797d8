import type { SharedCounters } from '../kit.ts'

/** So many requests in a window, at a steady pace; `burst` of them may come at once. */
export interface Rate {
  readonly requests: number
  readonly windowMs: number
  readonly burst: number
}

/** `full`: there is no place to count in, and nobody is let through uncounted. */
export type Taken = 'taken' | 'denied' | 'full'

/** Counters hold eighths of a microsecond: paces of 100,000 a second keep three digits. */
const UNITS_PER_US = 8

/**
 * GCRA (ITU-T I.371, "virtual scheduling"): of each key one number, the time at which all that it has taken will be
 * paid for (TAT). A request costs one interval, and the time may be ahead of now by as much as a burst costs. So there
 * are no windows at whose edges twice as much could pass, and a number whose time has come says as much as none.
 */
export class RateCounter {
  private readonly counters: SharedCounters
  private readonly interval: number
  private readonly most: number
  /** As it was seen last. */
  private ahead = 0

  constructor(counters: SharedCounters, { requests, windowMs, burst }: Rate) {
    this.counters = counters
    // Rounded up: never more than what is declared.
    this.interval = Math.ceil((windowMs * 1000 * UNITS_PER_US) / requests)
    this.most = this.interval * burst
  }

  /** Whose number the next calls are about, within the same turn. */
  aim(key: string, crowd: string): void {
    this.counters.aim(key, crowd)
  }

  /** Whether the key's number is that of its crowd, since there was no place for it alone. */
  get crowded(): boolean {
    return this.counters.crowded
  }

  /** Whether there is room for one more; takes nothing. */
  hasRoom(nowUs: number): boolean {
    this.ahead = Math.max(0, this.counters.read(nowUs) - nowUs * UNITS_PER_US)
    return this.ahead + this.interval <= this.most
  }

  take(nowUs: number): Taken {
    const now = nowUs * UNITS_PER_US
    for (;;) {
      const seen = this.counters.read(nowUs)
      this.ahead = Math.max(0, seen - now)
      if (this.ahead + this.interval > this.most) return 'denied'
      const next = now + this.ahead + this.interval
      const outcome = this.counters.swap(seen, next, next / UNITS_PER_US, nowUs)
      if (outcome === 'full') return 'full'
      if (outcome === 'changed') continue
      this.ahead += this.interval
      return 'taken'
    }
  }

  /** What was taken is given back: another limit has refused the request. */
  giveBack(nowUs: number): void {
    const now = nowUs * UNITS_PER_US
    for (;;) {
      const seen = this.counters.read(nowUs)
      if (seen <= now) return
      const next = Math.max(now, seen - this.interval)
      if (this.counters.swap(seen, next, seen / UNITS_PER_US, nowUs) === 'changed') continue
      this.ahead = next - now
      return
    }
  }

  /** How many more may come at once, as it was seen last. */
  get remaining(): number {
    return Math.max(0, Math.floor((this.most - this.ahead) / this.interval))
  }

  /** Seconds, rounded up: until the next one may come where none may now, else until all may that may come at once. */
  get resetSeconds(): number {
    const until = this.remaining === 0 ? this.ahead + this.interval - this.most : this.ahead
    return Math.ceil(until / UNITS_PER_US / 1e6)
  }
}
