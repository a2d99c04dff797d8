import type { Claim, Claimed, Claims } from '../../shared/cache/claims.ts'
import type { KitClock } from '../kit.ts'

/** How many may wait for one; who comes then asks for itself. */
const MOST_WAITING = 1_000
/** A worker has the claim to ask for so long, whatever becomes of it. */
const CLAIM_MS = 30_000
/** For so long equal requests are not collapsed whose answer could not be stored: they would only wait for each other. */
const PASSED_MS = 10_000
/** For so long a backend that has failed is not asked again for what can be served stale. */
const FAILING_MS = 2_000
const MOST_REMEMBERED = 4_096

/** One request under way whose answer others wait for, in this worker or in another. */
export class Flight {
  readonly key: string
  /** By which requests in other workers know of it; null where they do not, or it is one of theirs. */
  readonly claim: Claim | null
  readonly isElsewhere: boolean
  private readonly flights: Flights
  private waiting: (() => void)[] = []
  private isOver = false

  constructor(key: string, claim: Claim | null, isElsewhere: boolean, flights: Flights) {
    this.key = key
    this.claim = claim
    this.isElsewhere = isElsewhere
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

  /**
   * `passes`: what came cannot be stored, so that those who ask next need not wait. `isHanded`: the claim is given back by
   * who has been handed it with the answer.
   */
  end(passes: boolean, isHanded = false): void {
    if (this.isOver) return
    this.isOver = true
    this.flights.ended(this, passes, isHanded)
    const { waiting } = this
    this.waiting = []
    for (const end of waiting) end()
  }
}

/** Of one worker, which knows by claims of those of others. */
export class Flights {
  private readonly all = new Map<string, Flight>()
  /** Until when what is equal to these does not wait. */
  private readonly passed = new Map<string, number>()
  private readonly failing = new Map<string, number>()
  private readonly clock: Pick<KitClock, 'now'>
  private readonly claims: () => Claims

  constructor(clock: Pick<KitClock, 'now'>, claims: () => Claims) {
    this.clock = clock
    this.claims = claims
  }

  /** `forMs`: how long one of another worker is worth waiting for. */
  find(key: string, forMs: number): Flight | undefined {
    // Also where one is under way: what came to another was for nobody else.
    if (this.isWithin(this.passed, key)) return undefined
    const own = this.all.get(key)
    if (own !== undefined) return own
    const claimed = this.claims().find(key)
    if (claimed.state === 'passes') this.passes(key)
    return this.elsewhere(key, claimed, forMs)
  }

  /** Null where equal requests are not to wait, or another one is under way here. One of another worker is `isElsewhere`. */
  begin(key: string, forMs: number): Flight | null {
    if (this.all.has(key) || this.isWithin(this.passed, key)) return null
    const taken = this.claims().take(key, CLAIM_MS)
    return this.elsewhere(key, taken, forMs) ?? this.add(key, taken.state === 'mine' ? taken.claim : null)
  }

  /** For what need not be asked for now: null where another worker asks, or nobody can say. */
  beginAlone(key: string): Flight | null {
    if (this.all.has(key) || this.isWithin(this.passed, key)) return null
    const taken = this.claims().take(key, CLAIM_MS)
    return taken.state === 'mine' ? this.add(key, taken.claim) : null
  }

  ended(flight: Flight, passes: boolean, isHanded: boolean): void {
    const { key, claim } = flight
    if (this.all.get(key) === flight) this.all.delete(key)
    if (passes) this.passes(key)
    if (claim !== null && !isHanded) this.claims().release(claim, passes ? PASSED_MS : 0)
  }

  /** What came cannot be stored, whoever has asked for it. */
  passes(key: string): void {
    this.remember(this.passed, key, PASSED_MS)
  }

  /** The backend has failed, and what is stale was served. */
  failed(key: string): void {
    this.remember(this.failing, key, FAILING_MS)
  }

  isFailing(key: string): boolean {
    return this.isWithin(this.failing, key)
  }

  drain(): void {}

  private elsewhere(key: string, claimed: Claimed, forMs: number): Flight | undefined {
    if (claimed.state !== 'claimed') return undefined
    const flight = this.add(key, null, true)
    void this.claims()
      .over(claimed.claim, forMs)
      .then(() => flight.end(false))
    return flight
  }

  private add(key: string, claim: Claim | null, isElsewhere = false): Flight {
    const flight = new Flight(key, claim, isElsewhere, this)
    this.all.set(key, flight)
    return flight
  }

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
