import { limitItem } from '../../../filters/rate-limit/fields.ts'
import type { Meter } from './meter.ts'
import type { Outcome } from './tally.ts'
import type { Window } from './windows/windows.ts'

/** What came of one meter, or how it is; remade with each question. */
export interface Level {
  outcome: Outcome
  /** Of a Quota: in its window. Of a Rate: microseconds that are taken beforehand. */
  used: number
  remaining: number
  /** Infinity: never. */
  resetSeconds: number
  /** Until what was asked for may come; Infinity: never. */
  retrySeconds: number
  /** Nobody knows: the store is away, and the limit lets all through meanwhile. */
  isUnknown: boolean
}

/** The limits that a request is held against, and what it takes of each. Made once for who asks, and for what. */
export class Metered {
  readonly meters: readonly Meter[]
  /** Of each meter; what is known beforehand. */
  readonly costs: readonly number[]
  /** Places in `meters`: all; of those that are counted by this node alone, and of those for several. */
  readonly all: readonly number[]
  readonly local: readonly number[]
  readonly exact: readonly number[]
  /** Whether some of it is known at the end alone. */
  readonly isSettled: boolean
  /** As they were when they were last asked for, within one turn: who wants to know them later takes a copy. */
  readonly levels: readonly Level[]
  private readonly windows: (Window | null)[]
  private text = ''

  constructor(meters: readonly Meter[], costs: readonly number[]) {
    this.meters = meters
    this.costs = costs
    this.all = placesOf(meters, () => true)
    this.local = placesOf(meters, meter => !isCountedElsewhere(meter))
    this.exact = placesOf(meters, isCountedElsewhere)
    this.isSettled = meters.some(({ limit }) => limit.isSettled)
    this.levels = meters.map(newLevel)
    this.windows = meters.map(() => null)
  }

  /** RateLimit-Policy; after the meters were aimed at. */
  get policies(): string {
    let same = this.text !== ''
    for (let i = 0; i < this.meters.length; i++) {
      const { window } = this.meters[i]!
      if (window === this.windows[i]) continue
      this.windows[i] = window
      same = false
    }
    if (!same) this.text = this.meters.map(({ policyItem }) => policyItem).join(', ')
    return this.text
  }

  /** RateLimit, of the levels as they are now. */
  get state(): string {
    let text = ''
    for (let i = 0; i < this.meters.length; i++) {
      const { isUnknown, remaining, resetSeconds } = this.levels[i]!
      if (isUnknown) continue
      const item = limitItem(this.meters[i]!.limit.name, remaining, resetSeconds)
      text = text === '' ? item : `${text}, ${item}`
    }
    return text
  }
}

/** What strangers can fill is counted here: a store that several nodes share must not be theirs. */
function isCountedElsewhere({ limit, counted }: Meter): boolean {
  return limit.isExact && counted.whose === 'known'
}

function placesOf(meters: readonly Meter[], takes: (meter: Meter) => boolean): number[] {
  return meters.flatMap((meter, i) => (takes(meter) ? i : []))
}

function newLevel(): Level {
  return { outcome: 'taken', used: 0, remaining: 0, resetSeconds: 0, retrySeconds: 0, isUnknown: false }
}
