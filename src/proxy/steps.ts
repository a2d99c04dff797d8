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

/** A slice of it in each turn of the event loop; `spent` is told how long each took. */
export async function inSlices<T>(steps: Steps<T>, spent: (ms: number) => void = () => {}): Promise<T> {
  for (;;) {
    const beganMs = performance.now()
    let step = steps.next()
    while (!step.done && performance.now() < beganMs + SLICE_MS) step = steps.next()
    spent(performance.now() - beganMs)
    if (step.done) return step.value
    await setImmediate()
  }
}
