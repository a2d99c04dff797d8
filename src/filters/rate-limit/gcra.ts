import { MAX_VALUE } from '../../shared/counter-area.ts'
import type { Hash128 } from '../../shared/key-hash.ts'
import type { SharedCounters } from '../kit.ts'

/** So many requests (or units of something else) in a window, at a steady pace; `burst` of them may come at once. */
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
  // As it was seen last.
  private seen = 0
  private ahead = 0

  /** `inBulk`: many are taken at once, such as bytes, so that the time of one may be less than can be counted. */
  constructor(counters: SharedCounters, { requests, windowMs, burst }: Rate, inBulk = false) {
    this.counters = counters
    const interval = (windowMs * 1000 * UNITS_PER_US) / requests
    // Rounded up: never more than what is declared.
    this.interval = inBulk ? interval : Math.ceil(interval)
    this.most = Math.ceil(this.interval * burst)
  }

  /** Whose number the next calls are about, within the same turn. */
  aim(key: string, crowd: string): void {
    this.counters.aim(key, crowd)
  }

  /** By what the counters have made of the key. */
  aimAt(hash: Hash128, crowd: string): void {
    this.counters.aimAt(hash, crowd)
  }

  /** Whether the key's number is that of its crowd, since there was no place for it alone. */
  get crowded(): boolean {
    return this.counters.crowded
  }

  /** Whether there is room for so many more; takes nothing. */
  hasRoom(nowUs: number, cost = 1): boolean {
    this.read(nowUs)
    return this.ahead + this.timeOf(cost) <= this.most
  }

  take(nowUs: number, cost = 1): Taken {
    this.read(nowUs)
    return this.takeSeen(nowUs, cost)
  }

  /** Of what `hasRoom` has just seen. */
  takeSeen(nowUs: number, cost = 1): Taken {
    const time = this.timeOf(cost)
    for (;;) {
      if (this.ahead + time > this.most) return 'denied'
      const outcome = this.put(time, nowUs)
      if (outcome !== 'changed') return outcome
    }
  }

  /** What was taken is given back: another limit has refused the request. */
  giveBack(nowUs: number, cost = 1): void {
    this.read(nowUs)
    const time = this.timeOf(cost)
    while (this.ahead > 0 && this.put(-Math.min(time, this.ahead), nowUs) === 'changed');
  }

  /** Takes what is not asked about any more, since it has been had; also more than there is room for. */
  charge(nowUs: number, cost: number): 'taken' | 'full' {
    this.read(nowUs)
    const time = this.timeOf(cost)
    for (;;) {
      const outcome = this.put(time, nowUs)
      if (outcome !== 'changed') return outcome
    }
  }

  /** How long it takes to pay for what was taken, in microseconds, as it was seen last. */
  get aheadUs(): number {
    return this.ahead / UNITS_PER_US
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

  /** Seconds, rounded up, until so many may come, as it was seen last; Infinity: never so many at once. */
  secondsUntil(cost: number): number {
    const time = this.timeOf(cost)
    if (time > this.most) return Infinity
    return Math.max(0, Math.ceil((this.ahead + time - this.most) / UNITS_PER_US / 1e6))
  }

  private read(nowUs: number): void {
    this.seen = this.counters.read(nowUs)
    this.ahead = Math.max(0, this.seen - nowUs * UNITS_PER_US)
  }

  /** So much more time, or less; where the number is another by now that one is read. */
  private put(time: number, nowUs: number): 'taken' | 'changed' | 'full' {
    const ahead = this.ahead + time
    const next = Math.min(MAX_VALUE, nowUs * UNITS_PER_US + ahead)
    const outcome = this.counters.swap(this.seen, next, Math.max(this.seen, next) / UNITS_PER_US, nowUs)
    if (outcome === 'changed') this.read(nowUs)
    if (outcome !== 'done') return outcome
    this.seen = next
    this.ahead = ahead
    return 'taken'
  }

  private timeOf(cost: number): number {
    return Math.ceil(cost * this.interval)
  }
}
