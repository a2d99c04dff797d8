/** Reloads come in bursts, and until then there may be another. */
const QUIET_MS = 2_000

/**
 * Gives back what reading the resources has left behind. V8 collects when something is allocated, and the main
 * thread allocates next to nothing once the resources are read: what parsing left would stay for good (measured:
 * 45 MB of one route, 350 MB of 10,000).
 */
export class Garbage {
  private timer: NodeJS.Timeout | null = null

  /** The resources have been read; collects once they have not been for QUIET_MS. */
  left(): void {
    this.timer ??= setTimeout(() => void collectGarbage().catch(ignore), QUIET_MS).unref()
    this.timer.refresh()
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
  }
}

/** Collects this thread's garbage, which stops the thread for 70 ms, after 10,000 routes for 150. */
export async function collectGarbage(): Promise<void> {
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
