import type { Ejection } from '../snapshot/snapshot.ts'
import type { Cancel, Clock } from './clock.ts'
import type { Endpoint } from './endpoint.ts'

/** What ejection tells; `forMs` is how long the endpoint stays away. */
export interface EjectionEvents {
  onEjected(endpoint: Endpoint, failures: number, forMs: number): void
  onReturned(endpoint: Endpoint): void
}

/**
 * Passive ejection: an endpoint to which connections fail in a row is left out
 * for a while that grows with every repetition (base × times ejected, up to the
 * maximum), and comes back by time alone.
 *
 * Never more than the configured share is out, but one may be when there are two
 * or more. When everything is out, or endpoints disappear so that more than that
 * share is, everyone serves (panic, as Envoy calls it): an endpoint that may be
 * dead is better than none, and the few that are left would fall next.
 */
export class Ejector {
  private readonly clock: Clock
  private readonly events: EjectionEvents
  private readonly onChange: () => void
  private policy: Ejection | null = null
  private members: readonly Endpoint[] = []
  private cancelTimer: Cancel | null = null

  /** `onChange` is called when `serves` may answer differently than before, except by `configure`. */
  constructor(clock: Clock, events: EjectionEvents, onChange: () => void) {
    this.clock = clock
    this.events = events
    this.onChange = onChange
  }

  /** Takes endpoints and policy. Without a policy everyone serves. */
  configure(policy: Ejection | null, members: readonly Endpoint[]): void {
    this.policy = policy
    this.members = members
    if (policy === null)
      for (const endpoint of members) if (endpoint.ejectedUntilMs > 0) this.giveBack(endpoint)
    this.schedule()
  }

  failed(endpoint: Endpoint, nowMs: number): void {
    const { policy } = this
    if (policy === null || endpoint.ejectedUntilMs > 0) return
    if (endpoint.failures < policy.consecutiveFailures) return
    // A request of an old runtime may still fail on an endpoint that was removed.
    if (!this.members.includes(endpoint)) return
    if (this.ejected() >= this.mostEjected(policy)) return
    this.eject(endpoint, policy, nowMs)
  }

  /** The endpoints to balance over. */
  serving<E extends Endpoint>(all: readonly E[]): readonly E[] {
    if (this.panics) return all
    return all.filter(endpoint => endpoint.ejectedUntilMs === 0)
  }

  /** More is ejected than may be, or everything: ejection is ignored. */
  get panics(): boolean {
    if (this.policy === null) return false
    const ejected = this.ejected()
    return ejected > 0 && (ejected === this.members.length || ejected > this.mostEjected(this.policy))
  }

  close(): void {
    this.cancelTimer?.()
    this.cancelTimer = null
  }

  private eject(endpoint: Endpoint, policy: Ejection, nowMs: number): void {
    const { failures } = endpoint
    endpoint.ejections = rememberedEjections(endpoint, policy, nowMs) + 1
    const forMs = Math.min(policy.baseEjectionMs * endpoint.ejections, policy.maxEjectionMs)
    endpoint.ejectedUntilMs = nowMs + forMs
    this.schedule()
    this.onChange()
    this.events.onEjected(endpoint, failures, forMs)
  }

  private giveBack(endpoint: Endpoint): void {
    endpoint.returnedAtMs = this.clock.now()
    endpoint.ejectedUntilMs = 0
    endpoint.failures = 0
    this.events.onReturned(endpoint)
  }

  private ejected(): number {
    let count = 0
    for (const endpoint of this.members) if (endpoint.ejectedUntilMs > 0) count++
    return count
  }

  private mostEjected(policy: Ejection): number {
    const { length } = this.members
    if (length < 2) return 0
    return Math.max(1, Math.floor((length * policy.maxEjectedPercent) / 100))
  }

  /** One timer for the earliest return, so that choosing an endpoint needs no look at the clock. */
  private schedule(): void {
    this.close()
    let earliest = Infinity
    for (const { ejectedUntilMs } of this.members)
      if (ejectedUntilMs > 0 && ejectedUntilMs < earliest) earliest = ejectedUntilMs
    if (earliest === Infinity) return
    const waitMs = Math.max(0, earliest - this.clock.now())
    this.cancelTimer = this.clock.after(waitMs, () => this.returnDue())
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
