import { setImmediate } from 'node:timers/promises'

/** Work that can be done in pieces, between which others have their turn. */
export type Steps<T> = Generator<undefined, T>

/** How long a turn of the event loop is given to such work: a request that comes meanwhile waits so much longer. */
const SLICE_MS = 3

/** Without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** A slice of it in each turn of the event loop. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (let untilMs = performance.now() + SLICE_MS; ;) {
    const { done, value } = steps.next()
    if (done) return value
    if (performance.now() < untilMs) continue
    await setImmediate()
    untilMs = performance.now() + SLICE_MS
  }
}
