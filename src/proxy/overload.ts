import { getHeapStatistics } from 'node:v8'

export interface OverloadLimits {
  /** Exchanges under way in this worker. */
  readonly exchanges: number
  /** Bytes that wait in this worker because clients are slow. */
  readonly bufferedBytes: number
  /** Share of the heap that may be used. */
  readonly heapShare: number
}

export const overloadLimits: OverloadLimits = {
  exchanges: 50_000,
  bufferedBytes: 256 * 1024 * 1024,
  heapShare: 0.9,
}

/** Nobody is hurried more than that: what the system takes for a slow client, it takes in lumps. */
const LEAST_PATIENCE_MS = 3_000

/**
 * Whether this worker has more to do than it can hold. New requests are then
 * answered 503 with Retry-After, at once and cheaply, so that those under way
 * can finish. Judged by the sweep, not by each request.
 */
export class Overload {
  shedding = false
  /** Share of the bytes that may wait that do, as judged last. */
  private load = 0
  private readonly limits: OverloadLimits

  constructor(limits: OverloadLimits = overloadLimits) {
    this.limits = limits
  }

  /** Judges anew; true when the answer changed. */
  judge(exchanges: number, bufferedBytes: number): boolean {
    const { limits, shedding } = this
    this.load = bufferedBytes / limits.bufferedBytes
    // Recovery needs a tenth of room, so that the answer does not flap.
    const scale = shedding ? 0.9 : 1
    this.shedding =
      exchanges > limits.exchanges * scale ||
      bufferedBytes > limits.bufferedBytes * scale ||
      heapShare() > limits.heapShare * scale
    return this.shedding !== shedding
  }

  /**
   * How long bytes may wait for a client now that otherwise might for `ms`. From half of what may wait on it is less and
   * less: who takes nothing of what they asked for, on as many connections as they like, ends before others are turned away.
   */
  patience(ms: number): number {
    if (this.load <= 0.5) return ms
    const left = 2 * (1 - this.load)
    return Math.min(ms, left <= 0 ? LEAST_PATIENCE_MS : Math.max(LEAST_PATIENCE_MS, ms * left))
  }
}

function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / heap_size_limit
}
