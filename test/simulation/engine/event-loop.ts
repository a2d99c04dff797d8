import type { Thread, VirtualTime } from './virtual-time.ts'

/**
 * One thread with work to do, in the order of libuv: timers that are due, then what was ready when it looked, then
 * immediates, and it looks again.
 */
export class EventLoop implements Thread {
  private readonly time: VirtualTime
  /** Of what comes from outside, in ms of CPU time. */
  private readonly ioMs: number
  private ready: (() => void)[] = []
  private due: (() => void)[] = []
  private immediates: (() => void)[] = []
  private isBusy = false
  private busySinceMs = 0
  private wasBusyMs = 0
  private spentMs = 0

  constructor(time: VirtualTime, ioMs: number) {
    this.time = time
    this.ioMs = ioMs
  }

  get busyMs(): number {
    return this.wasBusyMs + (this.isBusy ? this.time.nowMs - this.busySinceMs : 0)
  }

  io(run: () => void): void {
    this.ready.push(run)
    this.wake()
  }

  timer(run: () => void): void {
    this.due.push(run)
    this.wake()
  }

  immediate(run: () => void): void {
    this.immediates.push(run)
    this.wake()
  }

  /** What runs now takes so much more. */
  spend(ms: number): void {
    this.spentMs += ms
  }

  private wake(): void {
    if (this.isBusy) return
    this.isBusy = true
    this.busySinceMs = this.time.nowMs
    this.turn()
  }

  private turn(): void {
    for (const run of this.due.splice(0)) run()
    const batch = this.ready
    this.ready = []
    this.next(batch, 0)
  }

  private next(batch: readonly (() => void)[], at: number): void {
    const run = batch[at]
    if (run === undefined) return this.end()
    this.spentMs = this.ioMs
    run()
    this.time.after(this.spentMs, () => this.next(batch, at + 1))
  }

  private end(): void {
    for (const run of this.immediates.splice(0)) run()
    if (this.ready.length > 0 || this.due.length > 0 || this.immediates.length > 0) return this.turn()
    this.isBusy = false
    this.wasBusyMs += this.time.nowMs - this.busySinceMs
  }
}
