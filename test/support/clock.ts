import type { Cancel, Clock } from '../../src/upstream/clock.ts'

/** A clock that stands still until told otherwise; timers run in order of time while it advances. */
export class FakeClock implements Clock {
  private time: number
  private timers: { readonly at: number; readonly run: () => void }[] = []

  constructor(time = 1_000) {
    this.time = time
  }

  now(): number {
    return this.time
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { at: this.time + ms, run }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter(one => one !== timer)
    }
  }

  /** How long until each timer, soonest first. */
  get waits(): readonly number[] {
    return this.timers.map(({ at }) => at - this.time).sort((a, b) => a - b)
  }

  advance(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.timers = this.timers.filter(one => one !== due)
      this.time = Math.max(this.time, due.at)
      due.run()
    }
    this.time = end
  }
}
