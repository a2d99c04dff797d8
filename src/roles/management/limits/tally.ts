import type { SharedCounters } from '../../../filters/kit.ts'
import { RateCounter } from '../../../filters/rate-limit/gcra.ts'
import { MAX_VALUE } from '../../../shared/counter-area.ts'
import type { Limit } from './limit.ts'
import type { Meter } from './meter.ts'
import type { Window } from './windows/windows.ts'

/** When it is: by the clock that counters have, and by that of windows. */
export interface At {
  /** KitClock.sharedUs. */
  readonly nowUs: number
  /** Milliseconds since 1970. */
  readonly wallMs: number
}

/** `over`: let through by a limit that only says so. `full`: there is no place to count in. */
export type Outcome = 'taken' | 'over' | 'denied' | 'full'

/** Counts what meters of one limit take, in the memory of this node. `aim`, and then the rest within the same turn. */
export interface Tally {
  aim(meter: Meter, at: At): void
  /** Looks, and takes nothing. */
  hasRoom(need: number): boolean
  /** After `hasRoom`, of what that has seen. */
  take(cost: number): Outcome
  /** Without being asked: what has been had, or (below 0) what is given back. */
  add(cost: number): void
  /** The aimed number is shared by a crowd. */
  readonly isCrowded: boolean
  // As it was seen last.
  readonly used: number
  readonly remaining: number
  /** Seconds until more may come; Infinity: never. */
  readonly resetSeconds: number
  /** Seconds until so much may come. */
  secondsUntil(need: number): number
}

export function tallyOf(limit: Limit, counters: SharedCounters, share = 1): Tally {
  return limit.isQuota ? new QuotaTally(limit, counters) : new RateTally(limit, counters, share)
}

class RateTally implements Tally {
  private readonly limit: Limit
  private readonly counters: SharedCounters
  private readonly counter: RateCounter
  private nowUs = 0

  /** `share`: the part of the rate that is to be had here. */
  constructor(limit: Limit, counters: SharedCounters, share: number) {
    const { requests, windowMs, burst } = limit.rate
    this.limit = limit
    this.counters = counters
    const rate = { requests: requests * share, windowMs, burst: Math.max(1, burst * share) }
    this.counter = new RateCounter(counters, rate, limit.row.unit !== 'Requests')
  }

  aim(meter: Meter, { nowUs, wallMs }: At): void {
    this.nowUs = nowUs
    const hash = meter.hashAt(wallMs, this.counters)
    this.counter.aimAt(hash, meter.crowd)
  }

  hasRoom(need: number): boolean {
    return this.counter.hasRoom(this.nowUs, need)
  }

  /** What is over is not taken: who goes on and on would otherwise be over for ever. */
  take(cost: number): Outcome {
    if (cost === 0) return this.hasRoom(this.limit.needOf(0)) ? 'taken' : this.denied
    const outcome = this.counter.takeSeen(this.nowUs, cost)
    return outcome === 'denied' ? this.denied : outcome
  }

  add(cost: number): void {
    if (cost > 0) this.counter.charge(this.nowUs, cost)
    else if (cost < 0) this.counter.giveBack(this.nowUs, -cost)
  }

  private get denied(): Outcome {
    return this.limit.flags ? 'over' : 'denied'
  }

  get isCrowded(): boolean {
    return this.counter.crowded
  }

  get used(): number {
    return this.counter.aheadUs
  }

  get remaining(): number {
    return this.counter.remaining
  }

  get resetSeconds(): number {
    return this.counter.resetSeconds
  }

  secondsUntil(need: number): number {
    return this.counter.secondsUntil(need)
  }
}

const FOREVER: Window = { startMs: 0, endMs: Infinity }

class QuotaTally implements Tally {
  private readonly limit: Limit
  private readonly counters: SharedCounters
  private readonly amount: number
  private window = FOREVER
  private nowUs = 0
  private wallMs = 0
  private untilUs = 0
  used = 0

  constructor(limit: Limit, counters: SharedCounters) {
    this.limit = limit
    this.counters = counters
    this.amount = limit.row.amount
  }

  aim(meter: Meter, { nowUs, wallMs }: At): void {
    const hash = meter.hashAt(wallMs, this.counters)
    this.counters.aimAt(hash, meter.crowd)
    this.window = meter.window ?? FOREVER
    this.nowUs = nowUs
    this.wallMs = wallMs
    this.untilUs = untilUs(this.window, nowUs, wallMs)
  }

  hasRoom(need: number): boolean {
    this.used = this.counters.read(this.nowUs)
    return this.used + need <= this.amount
  }

  take(cost: number): Outcome {
    const need = this.limit.needOf(cost)
    for (;;) {
      const isOver = this.used + need > this.amount
      if (isOver && !this.limit.flags) return 'denied'
      const outcome = cost === 0 ? 'done' : this.swap(this.used + cost)
      if (outcome === 'done') return isOver ? 'over' : 'taken'
      if (outcome === 'full') return 'full'
    }
  }

  add(cost: number): void {
    this.used = this.counters.read(this.nowUs)
    while (this.swap(Math.max(0, this.used + cost)) === 'changed');
  }

  private swap(next: number): 'done' | 'changed' | 'full' {
    const value = Math.min(MAX_VALUE, next)
    const outcome = this.counters.swap(this.used, value, this.untilUs, this.nowUs)
    this.used = outcome === 'done' ? value : this.counters.read(this.nowUs)
    return outcome
  }

  get isCrowded(): boolean {
    return this.counters.crowded
  }

  get remaining(): number {
    return Math.max(0, this.amount - this.used)
  }

  get resetSeconds(): number {
    return Math.ceil((this.window.endMs - this.wallMs) / 1000)
  }

  secondsUntil(need: number): number {
    return need > this.amount ? Infinity : this.resetSeconds
  }
}

/** How long counters are to keep a number of this window; a second more, for clocks that are set back a little. */
export function untilUs({ endMs }: Window, nowUs: number, wallMs: number): number {
  return nowUs + (endMs - wallMs + 1_000) * 1_000
}
