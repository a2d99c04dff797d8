import type { KitClock } from '../kit.ts'

/** How many may wait for one; who comes then asks for itself. */
const MOST_WAITING = 1_000
/** For so long equal requests are not collapsed whose answer could not be stored: they would only wait for each other. */
const PASSED_MS = 10_000
/** For so long a backend that has failed is not asked again for what can be served stale. */
const FAILING_MS = 2_000
const MOST_REMEMBERED = 4_096

/** One request under way whose answer others wait for. */
export class Flight {
  readonly key: string
  private readonly flights: Flights
  private waiting: (() => void)[] = []
  private isOver = false

  constructor(key: string, flights: Flights) {
    this.key = key
    this.flights = flights
  }

  /**
   * Fulfilled when it is over, when time is, or when whoever waits has gone; null where too many wait. Who is told of
   * what became of it is not: they look.
   */
  wait(forMs: number, signal: AbortSignal, clock: Pick<KitClock, 'after'>): Promise<void> | null {
    if (this.waiting.length >= MOST_WAITING) return null
    return new Promise(resolve => {
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.waiting = this.waiting.filter(one => one !== end)
        end()
      }
      const cancel = clock.after(forMs, leave)
      signal.addEventListener('abort', leave, { once: true })
      this.waiting.push(end)
    })
  }

  /** `passes`: what came cannot be stored, so that those who ask next need not wait. */
  end(passes: boolean): void {
    if (this.isOver) return
    this.isOver = true
    this.flights.ended(this, passes)
    const { waiting } = this
    this.waiting = []
    for (const end of waiting) end()
  }
}

/** Of one worker. */
export class Flights {
  private readonly all = new Map<string, Flight>()
  /** Until when what is equal to these does not wait. */
  private readonly passed = new Map<string, number>()
  private readonly failing = new Map<string, number>()
  private readonly clock: Pick<KitClock, 'now'>

  constructor(clock: Pick<KitClock, 'now'>) {
    this.clock = clock
  }

  find(key: string): Flight | undefined {
    return this.all.get(key)
  }

  /** Null where equal requests are not to wait. */
  begin(key: string): Flight | null {
    if (this.isWithin(this.passed, key)) return null
    const flight = new Flight(key, this)
    this.all.set(key, flight)
    return flight
  }

  ended(flight: Flight, passes: boolean): void {
    if (this.all.get(flight.key) === flight) this.all.delete(flight.key)
    if (passes) this.remember(this.passed, flight.key, PASSED_MS)
  }

  /** The backend has failed, and what is stale was served. */
  failed(key: string): void {
    this.remember(this.failing, key, FAILING_MS)
  }

  isFailing(key: string): boolean {
    return this.isWithin(this.failing, key)
  }

  drain(): void {}

  private isWithin(times: Map<string, number>, key: string): boolean {
    const untilMs = times.get(key)
    if (untilMs === undefined) return false
    if (this.clock.now() < untilMs) return true
    times.delete(key)
    return false
  }

  private remember(times: Map<string, number>, key: string, forMs: number): void {
    times.delete(key)
    times.set(key, this.clock.now() + forMs)
    const [oldest] = times.keys()
    if (times.size > MOST_REMEMBERED && oldest !== undefined) times.delete(oldest)
  }
}
