import { timerMs } from '../shared/timer.ts'

/** Time and timers as upstream code needs them, so that tests need not wait. */
export interface Clock {
  /** Monotonic milliseconds (performance.now). */
  now(): number
  /** Runs once after `ms`, and never keeps the process alive. The answer cancels it. */
  after(ms: number, run: () => void): Cancel
}

export type Cancel = () => void

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, timerMs(ms)).unref()
    return () => clearTimeout(timer)
  },
}
