import type { Duplex } from 'node:stream'

/**
 * Values that come in one after another, and those who wait for one: a test
 * waits for what happened, never for a time.
 */
export class Seen<T> {
  readonly all: T[] = []
  private readonly waiting = new Set<() => void>()

  push(value: T): void {
    this.all.push(value)
    for (const look of this.waiting) look()
  }

  /** Resolves with the first value, seen or still to come, that the predicate takes. */
  first(matches: (value: T) => boolean = () => true): Promise<T> {
    return this.until(all => all.find(matches))
  }

  /** Resolves when there are so many. */
  async count(wanted: number): Promise<readonly T[]> {
    return this.until(all => (all.length >= wanted ? all : undefined))
  }

  private until<R>(look: (all: readonly T[]) => R | undefined): Promise<R> {
    return new Promise(resolve => {
      const again = (): void => {
        const found = look(this.all)
        if (found === undefined) return
        this.waiting.delete(again)
        resolve(found)
      }
      this.waiting.add(again)
      again()
    })
  }
}

/** Resolves when the other side has ended or reset this connection. Nothing is seen as long as the socket is not read. */
export function ended(socket: Duplex): Promise<void> {
  return new Promise(resolve => {
    if (socket.readableEnded || socket.destroyed) return resolve()
    for (const event of ['end', 'close'] as const) socket.once(event, () => resolve())
  })
}
