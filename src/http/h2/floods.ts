import { Budget, type Allowance } from './budget.ts'
import type { Http2Limits } from './limits.ts'

/** Window updates that a peer may send for one DATA frame of ours: some send one for every 4 KiB, twice. */
const UPDATES_PER_FRAME = 10

/** What one peer may still do of everything that is cheap for it and not for us (RFC 9113 §10.5). */
export class Floods {
  readonly resets: Budget
  readonly errors: Budget
  readonly settings: Budget
  readonly pings: Budget
  readonly priorities: Budget
  readonly windowUpdates: Budget
  readonly emptyData: Budget
  readonly extensions: Budget

  constructor(limits: Http2Limits, now: () => number) {
    const budget = (rate: Allowance): Budget => new Budget(rate, now)
    this.resets = budget(limits.resets)
    this.errors = budget(limits.errors)
    this.settings = budget(limits.settings)
    this.pings = budget(limits.pings)
    this.priorities = budget(limits.priorities)
    this.windowUpdates = budget(limits.windowUpdates)
    this.emptyData = budget(limits.emptyData)
    this.extensions = budget(limits.extensions)
  }

  /** DATA frames of ours, not those that the peer's window made small: who measures round trips by pings does so with data. */
  dataSent(frames: number): void {
    this.windowUpdates.earn(UPDATES_PER_FRAME * frames)
    this.pings.earn(1)
  }

  /** Browsers send a frame about the priority of every request. */
  streamOpened(): void {
    this.priorities.earn(2)
    this.extensions.earn(2)
  }
}
