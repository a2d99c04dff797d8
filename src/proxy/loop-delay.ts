/** A look at the event loop. */
export interface Look {
  /** So late it was. */
  readonly delayMs: number
  /** In what share of the time since the last look it had something to do; 0 where that was its own work for the most part. */
  readonly busy: number
  readonly nowMs: number
}

/**
 * How late the event loop is: a timer that is due every so many ms, and when it really runs. What is ready when the loop
 * looks waits until all that was ready before it is done, so this is what a request waits before anybody sees it. It
 * costs some microseconds twenty times a second, of an idle worker too; nothing is asked of a request.
 */
export class LoopDelay {
  /** Answers in how many ms to look again. */
  private readonly take: (look: Look) => number
  private timer: NodeJS.Timeout
  private dueMs = 0
  private periodMs: number
  private used = performance.eventLoopUtilization()
  private lookedMs = performance.now()
  /** What its own work has taken since then. */
  private ownMs = 0

  constructor(periodMs: number, take: (look: Look) => number) {
    this.take = take
    this.periodMs = periodMs
    this.timer = this.start()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Time of this loop that went to no request, such as what applies a snapshot: refusing requests would not give it back. */
  own(ms: number): void {
    this.ownMs += ms
  }

  /** An interval, since a timer that is made anew each time would be garbage each time. */
  private start(): NodeJS.Timeout {
    this.dueMs = performance.now() + this.periodMs
    return setInterval(() => this.run(), this.periodMs).unref()
  }

  private run(): void {
    const nowMs = performance.now()
    const used = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(used, this.used)
    const busy = busyBeside(this.ownMs, utilization, nowMs - this.lookedMs)
    this.used = used
    this.lookedMs = nowMs
    this.ownMs = 0
    const periodMs = this.take({ delayMs: Math.max(0, nowMs - this.dueMs), busy, nowMs })
    this.dueMs = nowMs + periodMs
    if (periodMs === this.periodMs) return
    clearInterval(this.timer)
    this.periodMs = periodMs
    this.timer = this.start()
  }
}

/**
 * In what share of the time a loop had something to do, where that was not its own work for the most part: while it does
 * that, a slice in each turn, it is never idle, and what it is late for are not requests.
 */
export function busyBeside(ownMs: number, utilization: number, windowMs: number): number {
  return ownMs > (utilization * windowMs) / 2 ? 0 : utilization
}
