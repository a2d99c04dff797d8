/**
 * Microseconds that mean the same in all threads of a process, and never go back: a thread's performance.now() begins
 * with the thread, the system's monotonic clock does not. Read once, because it costs more than the other.
 */
export class SharedClock {
  private readonly aheadMs: number

  /** `epochNs`: process.hrtime.bigint() of when counting began. */
  constructor(epochNs: bigint) {
    this.aheadMs = Number(process.hrtime.bigint() - epochNs) / 1e6 - performance.now()
  }

  nowUs(): number {
    return Math.floor((performance.now() + this.aheadMs) * 1000)
  }
}
