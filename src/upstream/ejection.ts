import type { Ejection } from '../snapshot/health.ts'
import type { Cancel, Clock } from './clock.ts'
import { mostEjected, standing } from './endpoint-state.ts'
import type { Endpoint } from './endpoint.ts'
import { Outliers, type Ejected } from './outliers.ts'

/** What ejection tells; `forMs` is how long the endpoint stays away. */
export interface EjectionEvents {
  onEjected(endpoint: Endpoint, why: Ejected, forMs: number): void
  onReturned(endpoint: Endpoint): void
}

/**
 * Passive ejection: an endpoint to which connections fail in a row, or whose
 * answers say that it fails (Outliers), is left out for a while that grows with
 * every repetition (base × times ejected, up to the maximum), and comes back by
 * time alone. Never more than the configured share is out (mostEjected).
 */
export class Ejector {
  private readonly clock: Clock
  private readonly events: EjectionEvents
  private readonly onChange: () => void
  private readonly outliers: Outliers
  private policy: Ejection | null = null
  private members: readonly Endpoint[] = []
  private cancelTimer: Cancel | null = null

  /**
   * `onChange` is called when `serves` may answer differently than before, except by `configure`. Of numbers of requests
   * this is one of so many `workers`.
   */
  constructor(clock: Clock, events: EjectionEvents, onChange: () => void, workers = 1) {
    this.clock = clock
    this.events = events
    this.onChange = onChange
    this.outliers = new Outliers(clock, workers, (endpoint, why) => this.tryEject(endpoint, why, clock.now()))
  }

  /** Takes endpoints and policy. Without a policy nobody is ejected. */
  configure(policy: Ejection | null, members: readonly Endpoint[]): void {
    this.policy = policy
    this.members = members
    this.outliers.configure(policy?.passive ?? null, members)
    if (policy === null)
      for (const endpoint of members) if (endpoint.ejectedUntilMs > 0) this.giveBack(endpoint)
    this.schedule()
  }

  failed(endpoint: Endpoint, nowMs: number): void {
    const { policy } = this
    const { failures } = endpoint
    if (policy === null || failures < policy.consecutiveFailures) return
    this.tryEject(
      endpoint,
      { reason: 'connection_failures', failures, detail: `${failures} in a row` },
      nowMs,
    )
  }

  /** Answers that come late eject nobody any more. */
  close(): void {
    this.stopTimer()
    this.policy = null
    this.outliers.close()
  }

  /** Whoever was found healthy again need not wait for its time. */
  forgive(endpoint: Endpoint): void {
    if (endpoint.ejectedUntilMs === 0) return
    this.giveBack(endpoint)
    this.schedule()
  }

  private tryEject(endpoint: Endpoint, why: Ejected, nowMs: number): void {
    const { policy } = this
    if (policy === null || endpoint.ejectedUntilMs > 0) return
    // A request of an old runtime may still fail on an endpoint that was removed.
    if (!this.members.includes(endpoint)) return
    const { length } = standing(this.members)
    if (this.ejected() < mostEjected(policy, length)) this.eject(endpoint, policy, why, nowMs)
  }

  private eject(endpoint: Endpoint, policy: Ejection, why: Ejected, nowMs: number): void {
    endpoint.ejections = rememberedEjections(endpoint, policy, nowMs) + 1
    const forMs = Math.min(policy.baseEjectionMs * endpoint.ejections, policy.maxEjectionMs)
    endpoint.ejectedUntilMs = nowMs + forMs
    endpoint.ejectedFor = `${why.reason}: ${why.detail}`
    this.schedule()
    this.onChange()
    this.events.onEjected(endpoint, why, forMs)
  }

  private giveBack(endpoint: Endpoint): void {
    endpoint.returnedAtMs = this.clock.now()
    endpoint.ejectedUntilMs = 0
    endpoint.ejectedFor = ''
    endpoint.failures = 0
    this.outliers.returned(endpoint)
    this.events.onReturned(endpoint)
  }

  private ejected(): number {
    let count = 0
    for (const endpoint of this.members) if (endpoint.ejectedUntilMs > 0) count++
    return count
  }

  /** One timer for the earliest return, so that choosing an endpoint needs no look at the clock. */
  private schedule(): void {
    this.stopTimer()
    let earliest = Infinity
    for (const { ejectedUntilMs } of this.members)
      if (ejectedUntilMs > 0 && ejectedUntilMs < earliest) earliest = ejectedUntilMs
    if (earliest === Infinity) return
    const waitMs = Math.max(0, earliest - this.clock.now())
    this.cancelTimer = this.clock.after(waitMs, () => this.returnDue())
  }

  private stopTimer(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }

  private returnDue(): void {
    // Timers may fire a fraction of a millisecond early; coming back for that fraction would be a turn for nothing.
    const nowMs = this.clock.now() + 1
    const due = this.members.filter(({ ejectedUntilMs }) => ejectedUntilMs > 0 && ejectedUntilMs <= nowMs)
    for (const endpoint of due) this.giveBack(endpoint)
    this.schedule()
    if (due.length > 0) this.onChange()
  }
}

/** One ejection is forgotten for every base time in service since the last return. */
function rememberedEjections(endpoint: Endpoint, policy: Ejection, nowMs: number): number {
  if (endpoint.ejections === 0) return 0
  const served = Math.floor((nowMs - endpoint.returnedAtMs) / Math.max(1, policy.baseEjectionMs))
  return Math.max(0, endpoint.ejections - Math.max(0, served))
}
