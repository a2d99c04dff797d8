import { ByName } from '../../http/by-name.ts'

/**
 * One question under way for all who ask the same. Whoever leaves takes nobody with them: the question is given up when
 * the last has left.
 */
interface Flight<T> {
  readonly result: Promise<T>
  readonly gone: AbortController
  waiting: number
}

export class Flights<T> {
  private readonly all = new ByName<Flight<T>>()

  /** How many are under way. */
  get size(): number {
    return this.all.size
  }

  /**
   * What `ask` gives, which is begun unless the same question is under way. Rejects with the reason of `signal` when
   * that is aborted first.
   */
  join(key: string, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    const flight = this.all.get(key) ?? this.begin(key, ask)
    flight.waiting++
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        this.leave(key, flight)
        reject(signal.reason as Error)
      }
      signal.addEventListener('abort', leave, { once: true })
      const stay = (): void => signal.removeEventListener('abort', leave)
      flight.result.finally(stay).then(resolve, reject)
    })
  }

  private begin(key: string, ask: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const gone = new AbortController()
    const result = ask(gone.signal).finally(() => this.forget(key, flight))
    const flight: Flight<T> = { result, gone, waiting: 0 }
    this.all.set(key, flight)
    // Everyone may have left by the time that it fails.
    result.catch(() => {})
    return flight
  }

  private leave(key: string, flight: Flight<T>): void {
    flight.waiting--
    if (flight.waiting > 0) return
    // Whoever asks from now on asks anew.
    this.forget(key, flight)
    flight.gone.abort()
  }

  private forget(key: string, flight: Flight<T>): void {
    if (this.all.get(key) === flight) this.all.delete(key)
  }
}
