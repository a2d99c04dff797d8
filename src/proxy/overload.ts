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

/**
 * Whether this worker has more to do than it can hold. New requests are then
 * answered 503 with Retry-After, at once and cheaply, so that those under way
 * can finish. Judged by the sweep, not by each request.
 */
export class Overload {
  shedding = false
  private readonly limits: OverloadLimits

  constructor(limits: OverloadLimits = overloadLimits) {
    this.limits = limits
  }

  /** Judges anew; true when the answer changed. */
  judge(exchanges: number, bufferedBytes: number): boolean {
    const { limits, shedding } = this
    // Recovery needs a tenth of room, so that the answer does not flap.
    const scale = shedding ? 0.9 : 1
    this.shedding =
      exchanges > limits.exchanges * scale ||
      bufferedBytes > limits.bufferedBytes * scale ||
      heapShare() > limits.heapShare * scale
    return this.shedding !== shedding
  }
}

function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return used_heap_size / heap_size_limit
}
