/** What a stream brings; streams of several kinds bring a union. */
type ItemOf<T> = T extends AsyncIterable<infer Y> ? Y : never

/**
 * Several streams as one, each item as it comes; a stream is asked for its next item when the one before has been taken.
 * Ends when all have ended, and fails with the first that fails; then the others are let go.
 *
 * @example
 * for await (const price of merged([c.paris.events('/prices'), c.london.events('/prices')])) await socket.send(price.data)
 */
export async function* merged<T extends AsyncIterable<unknown>>(
  streams: readonly T[],
): AsyncGenerator<ItemOf<T>> {
  const sources = new Map(
    streams.map((stream, i) => [i, stream[Symbol.asyncIterator]() as AsyncIterator<ItemOf<T>>]),
  )
  const ready: {
    readonly i: number
    readonly result?: IteratorResult<ItemOf<T>>
    readonly error?: unknown
  }[] = []
  let wake: (() => void) | null = null
  const ask = (i: number, source: AsyncIterator<ItemOf<T>>) => {
    void source
      .next()
      .then(
        result => ready.push({ i, result }),
        (error: unknown) => ready.push({ i, error }),
      )
      .then(() => wake?.())
  }
  for (const [i, source] of sources) ask(i, source)
  try {
    while (sources.size > 0) {
      const one = ready.shift()
      if (one === undefined) {
        await new Promise<void>(resolve => (wake = resolve))
        continue
      }
      if (one.result === undefined) throw one.error
      if (one.result.done === true) {
        sources.delete(one.i)
        continue
      }
      yield one.result.value
      ask(one.i, sources.get(one.i)!)
    }
  } finally {
    // Nobody waits for that: one that waits itself ends when that has come.
    for (const source of sources.values()) source.return?.().then(undefined, () => undefined)
  }
}
