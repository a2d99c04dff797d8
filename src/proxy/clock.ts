/** Monotonic milliseconds, moved on by the sweep: exact enough for limits of seconds, and free to read. */
export class CoarseClock {
  nowMs = performance.now()

  tick(): void {
    this.nowMs = performance.now()
  }
}
