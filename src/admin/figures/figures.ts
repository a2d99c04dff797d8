import type { MetricsReader } from '../../telemetry/metrics-reader.ts'
import type { Cancel, Clock } from '../../upstream/clock.ts'
import type { History } from '../shapes/figures.ts'
import { ranges, type Range } from './history.ts'
import { Past, type Asked } from './past.ts'
import type { PastFile } from './past-file.ts'
import { figuresBetween, type Traffic } from './rates.ts'
import { read, type Reading } from './reading.ts'

export interface FiguresOptions {
  readonly metrics: MetricsReader
  readonly workers: () => number
  /** Where the past survives a restart; null: nowhere. */
  readonly file: PastFile | null
  /** `now` in milliseconds since 1970. */
  readonly calendar: Clock
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
}

const STEP_MS = ranges.hour.stepMs
const LIVE_MS = 1_000
/**
 * Figures of many thousand busy routes take longer to read: they come more seldom, so that they cost 7 ms a second, and a
 * page that follows requests too no more than 10.
 */
const MOST_SHARE = 0.007
/** What a process that is killed loses at most. */
const SAVE_MS = 300_000

/**
 * What goes on, in numbers: of the last moment for who looks, and of the last hour and day for who comes later. They
 * are read from the metrics, once in ten seconds, and once a second while somebody looks.
 */
export class LiveFigures {
  private readonly options: FiguresOptions
  private readonly past = new Past()
  private readonly listeners = new Set<(figures: Traffic) => void>()
  /** Of the last step, of the one before it, and of the last second where somebody looks. */
  private step: Reading
  private stepBefore: Reading
  private second: Reading | null = null
  private latest: Traffic | null = null
  /** Of reading and telling the last time. */
  private costMs = 0
  private savedMs: number
  private cancelStep: Cancel = () => {}
  private cancelSecond: Cancel = () => {}

  constructor(options: FiguresOptions) {
    this.options = options
    this.step = this.stepBefore = this.read()
    this.savedMs = options.calendar.now()
    const saved = options.file?.load() ?? null
    if (saved !== null) this.past.restore(saved)
    this.awaitStep()
  }

  /** The last second where somebody looks on, else what there was since the last step that is a second ago. */
  now(): Traffic {
    if (this.latest !== null) return this.latest
    const after = this.read()
    const before = after.atMs - this.step.atMs >= LIVE_MS ? this.step : this.stepBefore
    return this.between(before, after)
  }

  /** Calls once a second until it is cancelled; all listeners get one object. */
  watch(listener: (figures: Traffic) => void): Cancel {
    if (this.listeners.size === 0) this.begin()
    const own = (figures: Traffic): void => listener(figures)
    this.listeners.add(own)
    return () => {
      this.listeners.delete(own)
      if (this.listeners.size === 0) this.end()
    }
  }

  /** Without a point where the route or cluster that is asked for has no history: it had no request, or others had more. */
  history(range: Range, asked: Asked): History {
    const series = this.past.points(range, asked, this.options.calendar.now()) ?? []
    return { stepS: ranges[range].stepMs / 1000, series }
  }

  async stop(): Promise<void> {
    this.cancelStep()
    this.end()
    this.listeners.clear()
    await this.options.file?.save(this.past.save())
  }

  private begin(): void {
    this.second = this.read()
    this.awaitSecond()
  }

  private end(): void {
    this.cancelSecond()
    this.second = null
    this.latest = null
  }

  private awaitSecond(): void {
    this.cancelSecond = this.options.calendar.after(Math.max(LIVE_MS, this.costMs / MOST_SHARE), () => {
      if (this.second === null) return
      this.showSecond(this.second)
      if (this.second !== null) this.awaitSecond()
    })
  }

  private showSecond(before: Reading): void {
    const beganMs = cpuMs()
    this.second = this.read()
    this.latest = this.between(before, this.second)
    for (const listener of this.listeners) listener(this.latest)
    this.costMs = cpuMs() - beganMs
  }

  /** Steps end where the calendar's multiples of ten seconds are, so that those of two runs go together. */
  private awaitStep(): void {
    const { calendar } = this.options
    this.cancelStep = calendar.after(STEP_MS - (calendar.now() % STEP_MS), () => {
      this.tick()
      this.awaitStep()
      const nowMs = calendar.now()
      if (nowMs - this.savedMs < SAVE_MS && nowMs >= this.savedMs) return
      this.savedMs = nowMs
      void this.options.file?.save(this.past.save())
    })
  }

  private tick(): void {
    this.stepBefore = this.step
    this.step = this.read()
    // Of the step that has just ended, although the timer may be some milliseconds early or late.
    const middleMs = this.options.calendar.now() - STEP_MS / 2
    this.past.add(middleMs, this.stepBefore, this.step)
  }

  private between(before: Reading, after: Reading): Traffic {
    return figuresBetween(before, after, this.options.calendar.now(), this.options.workers())
  }

  private read(): Reading {
    return read(this.options.metrics, this.options.nowMs())
  }
}

/** CPU time of this thread. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
