import { round } from './rates.ts'
import { quantileMs } from './quantile.ts'
import { CLIENT_ERRORS, ERRORS, REQUESTS } from './reading.ts'
import type { HistoryPoint } from '../shapes/figures.ts'

/** What is kept of a step. The last three are of all traffic alone. */
const COLUMNS = [
  'requests',
  'errors',
  'clientErrors',
  'p50Ms',
  'p99Ms',
  'bytesIn',
  'bytesOut',
  'connections',
] as const
type Column = (typeof COLUMNS)[number]
/** Of a route or a cluster: the columns before those of all traffic. */
export const NARROW = 5
export const WIDE: number = COLUMNS.length

/** All traffic's, which no route has. */
export interface Wide {
  readonly bytesIn: number
  readonly bytesOut: number
  readonly connections: number
}

export const ranges = {
  hour: { stepMs: 10_000, steps: 360 },
  day: { stepMs: 300_000, steps: 288 },
} as const
export type Range = keyof typeof ranges

/** Steps of one range: a ring of numbers, in which NaN is a step that nobody counted. */
export class Ring {
  readonly cells: Float64Array
  readonly width: number
  readonly steps: number
  /** Number of the newest step: its begin divided by the step's length. -1 before the first. */
  last = -1

  constructor(steps: number, width: number) {
    this.steps = steps
    this.width = width
    this.cells = new Float64Array(steps * width).fill(Number.NaN)
  }

  put(step: number, values: readonly number[]): void {
    if (step <= this.last - this.steps) this.clear()
    for (let i = Math.max(this.last + 1, step - this.steps + 1); i < step; i++) this.fill(i, nothing)
    this.fill(step, values)
    this.last = Math.max(this.last, step)
  }

  /** The value of a step that may still be in the ring, or NaN. */
  at(step: number, column: number): number {
    if (step > this.last || step <= this.last - this.steps) return Number.NaN
    return this.cells[(step % this.steps) * this.width + column] ?? Number.NaN
  }

  save(): SavedRing {
    return { last: this.last, cells: this.cells }
  }

  restore({ last, cells }: SavedRing): void {
    if (!(cells instanceof Float64Array) || cells.length !== this.cells.length || !Number.isInteger(last))
      throw new TypeError('no ring of this size')
    this.cells.set(cells)
    this.last = last
  }

  /** The calendar was set back further than the ring reaches. */
  private clear(): void {
    this.cells.fill(Number.NaN)
    this.last = -1
  }

  private fill(step: number, values: readonly number[]): void {
    const at = (step % this.steps) * this.width
    for (let column = 0; column < this.width; column++) this.cells[at + column] = values[column] ?? Number.NaN
  }
}

const nothing: readonly number[] = []

/** A series as it is written to a file (v8.serialize). */
export interface SavedSeries {
  readonly hour: SavedRing
  readonly day: SavedRing
  readonly open: Open | null
}

interface SavedRing {
  readonly last: number
  readonly cells: Float64Array
}

/** A step of five minutes that is not over: what was counted in it, buckets too. */
interface Open {
  readonly step: number
  readonly cells: Float64Array
  readonly wide: number[]
}

/** The last hour by ten seconds and the last day by five minutes, of one thing. */
export class Series {
  readonly hour: Ring
  readonly day: Ring
  private open: Open | null = null

  constructor(width: number) {
    this.hour = new Ring(ranges.hour.steps, width)
    this.day = new Ring(ranges.day.steps, width)
  }

  /** What was counted in the step of ten seconds that began at `atMs` (since 1970). */
  add(atMs: number, cells: Float64Array, wide: Wide | null): void {
    const all = wide === null ? [] : [wide.bytesIn, wide.bytesOut, wide.connections]
    this.hour.put(Math.floor(atMs / ranges.hour.stepMs), countedIn(cells, all))
    const step = Math.floor(atMs / ranges.day.stepMs)
    if (this.open === null || this.open.step !== step)
      this.open = { step, cells: new Float64Array(cells.length), wide: all.map(() => 0) }
    const { open } = this
    for (let i = 0; i < cells.length; i++) open.cells[i]! += cells[i]!
    if (wide !== null) {
      open.wide[0]! += wide.bytesIn
      open.wide[1]! += wide.bytesOut
      // The most that there were: a sum over time would mean nothing.
      open.wide[2] = Math.max(open.wide[2]!, wide.connections)
    }
    this.day.put(step, countedIn(open.cells, open.wide))
  }

  /** From the oldest to the last whole step before `nowMs`. */
  points(range: Range, nowMs: number): HistoryPoint[] {
    const ring = this[range]
    const { stepMs, steps } = ranges[range]
    // The step that is under way is not over; of the day's it is shown as far as it goes.
    const end = Math.floor(nowMs / stepMs) - (range === 'hour' ? 1 : 0)
    return Array.from({ length: steps }, (_, i) => pointOf(ring, end - steps + 1 + i, stepMs))
  }

  save(): SavedSeries {
    return { hour: this.hour.save(), day: this.day.save(), open: this.open }
  }

  restore({ hour, day, open }: SavedSeries): void {
    this.hour.restore(hour)
    this.day.restore(day)
    this.open = open
  }

  /** What came to it in the last hour. */
  get weight(): number {
    let sum = 0
    for (let i = 0; i < this.hour.cells.length; i += this.hour.width) sum += this.hour.cells[i]! || 0
    return sum
  }
}

function countedIn(cells: Float64Array, wide: readonly number[]): readonly number[] {
  return [
    cells[REQUESTS]!,
    cells[ERRORS]!,
    cells[CLIENT_ERRORS]!,
    quantileMs(cells, 0.5) ?? Number.NaN,
    quantileMs(cells, 0.99) ?? Number.NaN,
    ...wide,
  ]
}

function pointOf(ring: Ring, step: number, stepMs: number): HistoryPoint {
  const value = (column: Column): number | null => {
    const number = ring.at(step, COLUMNS.indexOf(column))
    return Number.isNaN(number) ? null : round(number)
  }
  return {
    at: new Date(step * stepMs).toISOString(),
    requests: value('requests'),
    errors: value('errors'),
    clientErrors: value('clientErrors'),
    p50Ms: value('p50Ms'),
    p99Ms: value('p99Ms'),
    bytesIn: value('bytesIn'),
    bytesOut: value('bytesOut'),
    connections: value('connections'),
  }
}
