import { setImmediate as turn } from 'node:timers/promises'
import type { Cancel, Clock } from '../../upstream/clock.ts'

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/**
 * A clock that moves when nothing else does: it stands still while anything runs, and goes to its next timer when all
 * that was to be done is done. A test of what takes two seconds takes none. What is awaited outside of it (a file, a
 * socket, setTimeout) is not seen: time goes on meanwhile, to the deadline if need be.
 */
export class VirtualClock implements Clock {
  private nowMs = 0
  private readonly timers = new Set<Timer>()
  private waiting = 0
  private running = false

  now(): number {
    return this.nowMs
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { atMs: this.nowMs + Math.max(0, ms), run }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }

  /** Moves the clock until this has settled. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.waiting++
    void this.move()
    try {
      return await work
    } finally {
      this.waiting--
    }
  }

  private async move(): Promise<void> {
    if (this.running) return
    this.running = true
    while (this.waiting > 0) {
      // Behind all promises that can settle now.
      await turn()
      if (this.waiting > 0) this.step()
    }
    this.running = false
  }

  /** All timers of the next instant, in the order in which they were set. */
  private step(): void {
    const atMs = Math.min(...Array.from(this.timers, timer => timer.atMs))
    if (atMs === Infinity) return
    this.nowMs = Math.max(this.nowMs, atMs)
    for (const timer of this.timers) {
      if (timer.atMs > atMs) continue
      this.timers.delete(timer)
      timer.run()
    }
  }
}
