/** Work that can be done in pieces, between which others have their turn. */
export type Steps<T> = Generator<undefined, T>

/** Without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}
