import { getHeapStatistics } from 'node:v8'

/** Reloads come in bursts, and until then there may be another. */
const QUIET_MS = 2_000

/**
 * So much, and half of what is in use, is worth a collection: it costs 150 ms and more with 10,000 routes, and leaves a
 * heap without room, in which the next change is interrupted by collections time and again.
 */
const WORTHWHILE_BYTES = 32 * 1024 * 1024

/**
 * Gives back what reading the resources has left behind. V8 collects when something is allocated, and the main
 * thread allocates next to nothing once the resources are read: what parsing left would stay for good (measured:
 * 45 MB of one route, 350 MB of 10,000).
 */
export class Garbage {
  private timer: NodeJS.Timeout | null = null
  /** What was in use when it had been collected last. */
  private usedBytes = 0

  /** The resources have been read; looks at what that has left once they have not been for QUIET_MS. */
  left(): void {
    this.timer ??= setTimeout(() => void this.collect().catch(ignore), QUIET_MS).unref()
    this.timer.refresh()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
  }

  /** Answers with whether that was worth it. */
  async collect(): Promise<boolean> {
    if (usedBytes() - this.usedBytes < Math.max(WORTHWHILE_BYTES, this.usedBytes / 2)) return false
    await collectGarbage()
    this.usedBytes = usedBytes()
    return true
  }
}

function usedBytes(): number {
  return getHeapStatistics().used_heap_size
}

/** Collects this thread's garbage, which stops the thread for 70 ms, after 10,000 routes for 150. */
async function collectGarbage(): Promise<void> {
  // Node can be built without it, and then goes on with its garbage.
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  try {
    await session.post('HeapProfiler.collectGarbage')
  } finally {
    session.disconnect()
  }
}

function ignore(): void {}
