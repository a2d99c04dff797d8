import type { Counters } from '../shared/counters.ts'
import { SharedWindow } from '../shared/window.ts'
import type { RetryBudgetSettings } from '../snapshot/resilience.ts'
import { backendDefaults } from '../model/defaults.ts'

/** What workers count together. */
export interface SharedCounts {
  readonly counters: Counters
  /** The same in all of them. */
  nowUs(): number
}

/** Of the requests that have begun in the interval, how many were retries, and how many may be. */
export interface RetryUse {
  readonly requests: number
  readonly retries: number
  readonly allowed: number
  readonly intervalMs: number
}

/** What a cluster has where no policy says it. */
const retryBudgetSettings: RetryBudgetSettings = {
  percent: backendDefaults.retryPercent,
  intervalMs: backendDefaults.retryIntervalMs,
  minRetries: backendDefaults.minRetries,
}

/** Of an interval's retries so many may be made in one tenth of it: spent at once, they would be three times the load for a second. */
const OF_A_TENTH = 1 / 5

/** Of so few it is no matter when they are made. */
const LEAST_OF_A_TENTH = 10

const MOST_REQUESTS_BITS = 29
const MOST_RETRIES_BITS = 22

/**
 * How many of the requests of the last seconds may be retries, of all workers together: where a backend fails all of
 * them, it gets a fifth more and not four times as many, and in no tenth of that time more than two fifths. What is begun
 * is counted here, and told the others by sweeps and before a retry; a retry is decided by all.
 */
export class RetryBudget {
  /** Begun in this worker since `publish`. */
  requests = 0
  private readonly name: string
  private readonly shared: SharedCounts
  private settings: RetryBudgetSettings
  private window: SharedWindow | null = null

  constructor(name: string, settings: RetryBudgetSettings | undefined, shared: SharedCounts) {
    this.name = name
    this.shared = shared
    this.settings = settings ?? retryBudgetSettings
  }

  update(settings: RetryBudgetSettings = retryBudgetSettings): void {
    if (settings.intervalMs !== this.settings.intervalMs) this.window = null
    this.settings = settings
  }

  /** Whether one more may be made now. Nothing is counted. */
  get affords(): boolean {
    this.publish()
    this.opened().read(this.shared.nowUs())
    return !this.spentOf(1)
  }

  /** Whether one more may be made; it counts if so. */
  spend(): boolean {
    this.publish()
    return this.opened().add([0, 1], this.shared.nowUs(), () => this.spentOf(1))
  }

  /**
   * A request that somebody before us has repeated: it is one of the retries, and nobody here can refuse it. Of the
   * budget half is used up so at most: a hop that passes on what its clients say would leave nobody a retry.
   */
  note(): void {
    this.publish()
    this.opened().add([0, 1], this.shared.nowUs(), () => this.spentOf(2))
  }

  /** What is used of it, by all workers. */
  get use(): RetryUse {
    const { intervalMs } = this.settings
    this.publish()
    const window = this.opened()
    window.read(this.shared.nowUs())
    const [requests, retries] = window.sums as [number, number]
    return { requests, retries, allowed: this.allowed(requests), intervalMs }
  }

  get intervalMs(): number {
    return this.settings.intervalMs
  }

  /** Begun within that time, by all workers. */
  recentRequests(): number {
    this.publish()
    const window = this.opened()
    window.read(this.shared.nowUs())
    return window.sums[0]!
  }

  publish(): void {
    const { requests } = this
    if (requests === 0) return
    this.requests = 0
    this.opened().add([requests, 0], this.shared.nowUs())
  }

  /** A whole of the budget, or of its parts of so many. */
  private spentOf(parts: number): boolean {
    const { sums, latest } = this.window!
    const [requests, retries] = sums as [number, number]
    const most = this.allowed(requests)
    const ofTenth = Math.max(LEAST_OF_A_TENTH, most * OF_A_TENTH)
    return retries * parts >= most || latest[1]! * parts >= ofTenth
  }

  private allowed(requests: number): number {
    const { percent, minRetries } = this.settings
    return Math.max(minRetries, Math.floor((requests * percent) / 100))
  }

  private opened(): SharedWindow {
    const { shared, name, settings } = this
    return (this.window ??= new SharedWindow(shared.counters, `retries ${name}`, settings.intervalMs, [
      MOST_REQUESTS_BITS,
      MOST_RETRIES_BITS,
    ]))
  }
}
