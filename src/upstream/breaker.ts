import type { FailureName } from '../http/failures.ts'
import type { Hash128 } from '../shared/key-hash.ts'
import { SharedWindow } from '../shared/window.ts'
import type { BreakerSettings, BreakerTrip } from '../snapshot/resilience.ts'
import type { SharedCounts } from './retry-budget.ts'

export type BreakerState = 'closed' | 'open' | 'half-open'

/** Why it opens: too many attempts failed, too many were slow, or one of those that tried failed again. */
export type BreakerCause = 'errors' | 'slow' | 'probe'

/** How it is, as one worker knows it. */
export interface BreakerView {
  readonly state: BreakerState
  /** Why it is not closed; "" in those workers that have not opened it. */
  readonly reason: string
  /** How long until some may try; 0 where it is not open. */
  readonly openForMs: number
  /** Exchanges of this worker under way, and those among them that repeat. */
  readonly requests: number
  readonly retries: number
}

/** What log and metrics are told, by the worker that has found it. */
export interface BreakerEvents {
  /** `cause` where it opens, else null. */
  onBreaker(state: BreakerState, detail: string, cause: BreakerCause | null): void
}

/** Of a shared state: in tenths of a second, and two counts of probes. Read by every request, so that it is one value. */
const TICK_US = 100_000
const COUNT = 1024
const MOST_PROBES = COUNT - 2
/** Of workers that change it at once one succeeds each time; where it cannot be changed at all, memory is full. */
const TRIES = 16
/** In place of the probes that have begun: it was closed then, and what was counted before that is another time's. */
const CLOSED = COUNT - 1
/** Of what is counted in a tenth of the interval: all, failed, slow. */
const BITS = [17, 17, 17]

/**
 * Keeps requests from a cluster that is sick, of all workers together: open where too many of the last seconds' attempts
 * failed or were slow; after a while some requests may try, and it is closed if they succeed, or open again. Beside that
 * the most requests and retries at once, of which each worker has its share.
 */
export class Breaker {
  /** Exchanges of this worker under way, and those among them that repeat. */
  requests = 0
  retries = 0
  /** When the last exchange entered, by the clock of all workers; `answered` takes it back. */
  enteredUs = 0
  private readonly name: string
  private readonly shared: SharedCounts
  private readonly workers: number
  private readonly events: BreakerEvents
  private settings: BreakerSettings
  private readonly key: Hash128
  private window: SharedWindow | null = null
  private windowEpoch = -1
  private untold = 0
  /** The state that this worker has made by opening it, and why. */
  private opened = { at: 0, reason: '' }

  constructor(
    name: string,
    settings: BreakerSettings,
    shared: SharedCounts,
    workers: number,
    events: BreakerEvents,
  ) {
    this.name = name
    this.shared = shared
    this.workers = workers
    this.events = events
    this.settings = settings
    this.key = shared.counters.hash(`breaker ${name}`)
  }

  update(settings: BreakerSettings): void {
    if (settings.trip?.intervalMs !== this.settings.trip?.intervalMs) this.window = null
    this.settings = settings
  }

  /** Why an exchange must not begin, or null: then it has, and `left` is to be called. `yielded`: another has just given up its place for it. */
  enter(yielded = false): FailureName | null {
    const { maxRequests, trip } = this.settings
    if (maxRequests > 0 && !yielded && this.requests >= Math.ceil(maxRequests / this.workers))
      return 'backend_request_limit_reached'
    if (trip !== null && !this.admits(trip)) return 'breaker_open'
    this.requests++
    return null
  }

  left(): void {
    this.requests--
  }

  /** Whether one more of those under way may repeat; `again`: it is one of those that do. */
  mayRepeat(again: boolean): boolean {
    const { maxRetries } = this.settings
    return maxRetries === 0 || this.retries - (again ? 1 : 0) < Math.ceil(maxRetries / this.workers)
  }

  /** For views and metrics. */
  get view(): BreakerView {
    const { requests, retries, opened } = this
    const nowUs = this.shared.nowUs()
    const value = this.read(nowUs)
    const state = this.stateOf(value, nowUs)
    const reason = state !== 'closed' && opened.at === tick(value) ? opened.reason : ''
    const openForMs = state === 'open' ? (tick(value) * TICK_US - nowUs) / 1000 : 0
    return { state, reason, openForMs, requests, retries }
  }

  get state(): BreakerState {
    const nowUs = this.shared.nowUs()
    return this.stateOf(this.read(nowUs), nowUs)
  }

  private stateOf(value: number, nowUs: number): BreakerState {
    if (this.settings.trip === null || value === 0 || begun(value) === CLOSED) return 'closed'
    return nowUs < tick(value) * TICK_US ? 'open' : 'half-open'
  }

  /** An attempt was answered in time, or failed, of an exchange that entered then. */
  answered(failed: boolean, latencyMs: number, enteredUs: number): void {
    const { trip } = this.settings
    if (trip === null) return
    const slow = trip.slowPercent > 0 && latencyMs > trip.slowAfterMs
    if (!failed && !slow) {
      this.untold++
      // Probes are few, and awaited.
      if (this.untold === 1) this.probed(trip, enteredUs)
      return
    }
    this.told(trip, failed ? 1 : 0, slow ? 1 : 0, enteredUs)
  }

  /** What was good since the last time is told the others. */
  publish(): void {
    const { trip } = this.settings
    if (trip !== null && this.untold > 0) this.add(trip, this.read(this.shared.nowUs()), 0, 0, false)
  }

  private admits(trip: BreakerTrip): boolean {
    const nowUs = this.shared.nowUs()
    this.enteredUs = nowUs
    for (let i = 0; i < TRIES; i++) {
      const value = this.read(nowUs)
      if (value === 0 || begun(value) === CLOSED) return true
      // What is good from now on may be a probe, and is told at once.
      this.untold = 0
      if (nowUs < tick(value) * TICK_US) return false
      // Probes of whom nobody hears any more, their clients having left, are replaced.
      const stale = nowUs > tick(value) * TICK_US + trip.openMs * 1000
      const round = stale ? pack(Math.floor(nowUs / TICK_US), 0, 0) : value
      if (begun(round) >= Math.min(MOST_PROBES, trip.probes)) return false
      if (!this.swap(value, pack(tick(round), begun(round) + 1, succeeded(round)), trip, nowUs)) continue
      if (begun(round) === 0) this.events.onBreaker('half-open', '', null)
      return true
    }
    return false
  }

  /** Something was good: a probe, where there are any. */
  private probed(trip: BreakerTrip, enteredUs: number): void {
    const nowUs = this.shared.nowUs()
    for (let i = 0; i < TRIES; i++) {
      const value = this.read(nowUs)
      if (value === 0 || begun(value) === CLOSED) return
      // What began before it was opened says nothing of now.
      this.untold = 0
      if (begun(value) === 0 || isOlder(enteredUs, value)) return
      const good = succeeded(value) + 1
      const closes = good >= Math.min(MOST_PROBES, trip.probes)
      const next = closes
        ? pack(Math.floor(nowUs / TICK_US), CLOSED, 0)
        : pack(tick(value), begun(value), good)
      if (!this.swap(value, next, trip, nowUs)) continue
      if (closes) this.events.onBreaker('closed', '', null)
      return
    }
  }

  private told(trip: BreakerTrip, failed: number, slow: number, enteredUs: number): void {
    const nowUs = this.shared.nowUs()
    const value = this.read(nowUs)
    if (value !== 0 && begun(value) !== CLOSED) this.untold = 0
    if (isOlder(enteredUs, value)) return
    if (value !== 0 && begun(value) !== CLOSED) {
      if (begun(value) > 0) this.open(trip, value, nowUs, { cause: 'probe', detail: 'a probe failed' })
      return
    }
    const found = this.add(trip, value, failed, slow, true)
    if (found !== null) this.open(trip, value, nowUs, found)
  }

  private open(trip: BreakerTrip, value: number, nowUs: number, { cause, detail }: Why): void {
    const until = Math.ceil((nowUs + trip.openMs * 1000) / TICK_US)
    if (!this.swap(value, pack(until, 0, 0), trip, nowUs)) return
    this.opened = { at: until, reason: detail }
    this.events.onBreaker('open', detail, cause)
  }

  /** With what was good before; `one`: it is one more attempt, and what opens the breaker by now is told. */
  private add(trip: BreakerTrip, value: number, failed: number, slow: number, one: boolean): Why | null {
    const epoch = tick(value)
    if (this.window === null || this.windowEpoch !== epoch) {
      this.windowEpoch = epoch
      const key = `attempts ${epoch} ${this.name}`
      this.window = new SharedWindow(this.shared.counters, key, trip.intervalMs, BITS)
    }
    const nowUs = this.shared.nowUs()
    const all = this.untold + (one ? 1 : 0)
    this.untold = 0
    this.window.add([all, failed, slow], nowUs)
    if (!one) return null
    this.window.read(nowUs)
    return why(trip, this.window.sums)
  }

  private read(nowUs: number): number {
    return this.shared.counters.aimAt(this.key, this.name).read(nowUs)
  }

  /** It is forgotten when what was counted before it is. */
  private swap(seen: number, next: number, trip: BreakerTrip, nowUs: number): boolean {
    const untilUs = tick(next) * TICK_US + (2 * trip.intervalMs + 4 * trip.openMs) * 1000
    const { counters } = this.shared
    if (counters.aimAt(this.key, this.name).read(nowUs) !== seen) return false
    return counters.swap(seen, next, untilUs, nowUs) === 'done'
  }
}

interface Why {
  readonly cause: BreakerCause
  readonly detail: string
}

/** What has opened it; null where nothing has. */
function why(
  { minRequests, errorPercent, slowPercent }: BreakerTrip,
  [all = 0, failed = 0, slow = 0]: readonly number[],
): Why | null {
  if (all < minRequests) return null
  if (errorPercent > 0 && failed * 100 >= all * errorPercent)
    return { cause: 'errors', detail: `${failed} of ${all} failed` }
  if (slowPercent > 0 && slow * 100 >= all * slowPercent)
    return { cause: 'slow', detail: `${slow} of ${all} were slow` }
  return null
}

/** It entered before the probes of this value could, or before it was closed: it says nothing of now. */
const isOlder = (enteredUs: number, value: number): boolean => enteredUs < tick(value) * TICK_US

const tick = (value: number): number => Math.floor(value / (COUNT * COUNT))
const begun = (value: number): number => Math.floor(value / COUNT) % COUNT
const succeeded = (value: number): number => value % COUNT
const pack = (at: number, probes: number, good: number): number => (at * COUNT + probes) * COUNT + good
