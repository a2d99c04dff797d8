import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Worker } from 'node:worker_threads'
import type { BundleLimits } from '../../../model/kinds/bundle.ts'

const LEAST_CEILING_MB = 4096

/**
 * Where V8 itself gives up, which may be the end of the process: never before the thread has been found to hold too
 * much and has been ended. Memory is taken as it is needed.
 */
export function heapCeilingMb({ heapBytes }: Pick<BundleLimits, 'heapBytes'>): number {
  return Math.max(LEAST_CEILING_MB, Math.ceil((4 * heapBytes) / 1024 ** 2))
}

/** What a thread has of its own: the program, and modules of the bundle. */
const OWN_BYTES = 32 * 1024 ** 2

/**
 * What requests may hold for clients, on the heap or beside it: half of what a thread has beyond its own, since what is made
 * of it on the way is there as well.
 */
export function holdBytes({ heapBytes, externalBytes }: BundleLimits): number {
  const bytes = Math.min(heapBytes, externalBytes)
  return Math.max(bytes / 4, (bytes - OWN_BYTES) / 2)
}

/** What is in use of the heap of a thread, also of one whose loop stands still; 0 of one that has ended. */
export async function heapOf(worker: Worker): Promise<number> {
  try {
    return (await worker.getHeapStatistics()).used_heap_size
  } catch {
    return 0
  }
}

let collectOnce: (() => void) | null = null

/** Takes away what nothing of this thread refers to; V8 has a function for that, which is not there without the flag. */
export function collectGarbage(): void {
  if (collectOnce === null) {
    setFlagsFromString('--expose-gc')
    collectOnce = runInNewContext('gc') as () => void
  }
  collectOnce()
}
