/**
 * The three handles that the hot path holds. Each is one or two plain stores
 * into the cells of its series: no call, no lookup, no allocation.
 *
 * `cells` belongs to one thread only (see metrics.ts); after a release it
 * points to a scratch array, so that a late writer harms no other series.
 */
const SCRATCH = new Float64Array(64)

export class Counter {
  private cells: Float64Array
  private at: number

  constructor(cells: Float64Array, at: number) {
    this.cells = cells
    this.at = at
  }

  /** `n` is zero or more, in the family's unit. */
  add(n: number): void {
    this.cells[this.at]! += n
  }

  detach(): void {
    this.cells = SCRATCH
    this.at = 0
  }
}

export class Gauge {
  private cells: Float64Array
  private at: number

  constructor(cells: Float64Array, at: number) {
    this.cells = cells
    this.at = at
  }

  set(value: number): void {
    this.cells[this.at] = value
  }

  /** `n` may be negative. */
  add(n: number): void {
    this.cells[this.at]! += n
  }

  detach(): void {
    this.cells = SCRATCH
    this.at = 0
  }
}

/** Cells: one per bound (not cumulative: the reader adds them up), one above the last bound, then the sum. */
export class Histogram {
  private cells: Float64Array
  private at: number
  private readonly bounds: Float64Array

  constructor(cells: Float64Array, at: number, bounds: Float64Array) {
    this.cells = cells
    this.at = at
    this.bounds = bounds
  }

  /** `value` in the family's unit: seconds for durations. */
  observe(value: number): void {
    const { bounds, cells, at } = this
    // From the smallest up: most answers of a near service fall into the first
    // few buckets, and fourteen comparisons cost less than a mispredicted search.
    let i = 0
    while (i < bounds.length && value > bounds[i]!) i++
    cells[at + i]! += 1
    cells[at + bounds.length + 1]! += value
  }

  detach(): void {
    this.cells = SCRATCH
    this.at = 0
  }
}
