import { SharedWindow } from '../shared/window.ts'
import type { HedgingSettings } from '../snapshot/resilience.ts'
import { LatencySketch } from './latency-sketch.ts'
import type { RetryBudget, SharedCounts } from './retry-budget.ts'

/** Of those that took longer than the percentile, so many must have been seen before it is believed. */
const LEAST_BEYOND = 2
/** Of a tenth of the time that is summed. */
const MOST_HEDGES_BITS = 32

/**
 * When a request that is not answered yet may be sent once more, to another endpoint (Dean and Barroso, "The Tail at
 * Scale", 2013: after the 95th percentile that is a twentieth of the requests). The percentile is what this worker has
 * seen of the cluster; how many may be hedged is counted by all workers together, beside and within the retry budget: a
 * backend that becomes slow as a whole gets no more for it than the share.
 */
export class Hedging {
  private readonly name: string
  private readonly shared: SharedCounts
  private readonly budget: RetryBudget
  private settings: HedgingSettings
  private sketch: LatencySketch
  private window: SharedWindow | null = null
  private windowMs = 0

  constructor(name: string, settings: HedgingSettings, shared: SharedCounts, budget: RetryBudget) {
    this.name = name
    this.shared = shared
    this.budget = budget
    this.settings = settings
    this.sketch = new LatencySketch(settings.percentile)
  }

  update(settings: HedgingSettings): void {
    if (settings.percentile !== this.settings.percentile) this.sketch = new LatencySketch(settings.percentile)
    this.settings = settings
  }

  mayHedge(method: string): boolean {
    return this.settings.methods.includes(method)
  }

  /**
   * The head of an answer took so long. Also of an attempt that was given up because the other one was faster, what it had
   * taken until then: without the slow ones the percentile would fall, and ever more would be hedged.
   */
  observe(latencyMs: number, nowMs: number): void {
    this.sketch.observe(latencyMs, nowMs)
  }

  /** So long after the first attempt was sent a second one may follow; Infinity as long as too few answers are known. */
  get delayMs(): number {
    const { percentile, minDelayMs } = this.settings
    if (this.sketch.count * (100 - percentile) < LEAST_BEYOND * 100) return Infinity
    return Math.max(minDelayMs, this.sketch.ms)
  }

  /** Whether one more may be hedged now. Nothing is counted. */
  get affords(): boolean {
    const window = this.opened()
    window.read(this.shared.nowUs())
    return window.sums[0]! < this.most && this.budget.affords
  }

  /** The same, and it counts if so, as a retry too. Both are asked first: where one refuses, nothing is taken of the other. */
  spend(): boolean {
    if (!this.affords) return false
    const { most } = this
    const window = this.opened()
    const isCounted = window.add([1], this.shared.nowUs(), () => window.sums[0]! >= most)
    return isCounted && this.budget.spend()
  }

  private get most(): number {
    return Math.floor((this.budget.recentRequests() * this.settings.maxPercent) / 100)
  }

  /** The same time as the budget's. */
  private opened(): SharedWindow {
    const { shared, name, budget } = this
    if (this.window === null || this.windowMs !== budget.intervalMs) {
      this.windowMs = budget.intervalMs
      this.window = new SharedWindow(shared.counters, `hedges ${name}`, this.windowMs, [MOST_HEDGES_BITS])
    }
    return this.window
  }
}
