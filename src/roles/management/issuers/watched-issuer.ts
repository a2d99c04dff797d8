import type { Cancel, Clock } from '../../../upstream/clock.ts'
import { fetchKeys, type Fetched } from './fetch-keys.ts'
import type { Issuer } from './issuer.ts'

/** Keys are had again so often, also where nobody says how long they may be kept. */
const USUAL_MS = 10 * 60_000
const LEAST_MS = 60_000
const MOST_MS = 24 * 3_600_000
/** After a failure, doubled with each further one. */
const FIRST_RETRY_MS = 1_000
const MOST_RETRY_MS = 60_000
/** A token with a key that nobody knows makes nobody ask again sooner: whoever sends tokens chooses their keys. */
const COOLDOWN_MS = 10_000

export interface IssuerEvents {
  fetched(fetched: Fetched): void
  failed(error: Error): void
}

/** The keys of one issuer, had again before they are too old; where they cannot be, those that were had last go on. */
export class WatchedIssuer {
  private readonly issuer: Issuer
  private readonly events: IssuerEvents
  private readonly clock: Clock
  private readonly stopped = new AbortController()
  private fetching: Promise<void> | null = null
  private failures = 0
  private lastMs = -Infinity
  private forget: Cancel = () => {}

  constructor(issuer: Issuer, clock: Clock, events: IssuerEvents) {
    this.issuer = issuer
    this.clock = clock
    this.events = events
  }

  /** Resolves when they have been had, or could not be. Who asks while somebody does waits for the same; who asks soon afterwards, for nothing. */
  refresh(): Promise<void> {
    if (this.fetching !== null) return this.fetching
    if (this.failures === 0 && this.clock.now() - this.lastMs < COOLDOWN_MS) return Promise.resolve()
    if (this.failures > 0 && this.clock.now() - this.lastMs < FIRST_RETRY_MS) return Promise.resolve()
    this.fetching = this.fetch().finally(() => (this.fetching = null))
    return this.fetching
  }

  stop(): void {
    this.stopped.abort()
    this.forget()
  }

  private async fetch(): Promise<void> {
    let nextMs: number
    try {
      const fetched = await fetchKeys(this.issuer, this.stopped.signal)
      this.failures = 0
      nextMs = Math.min(MOST_MS, Math.max(LEAST_MS, fetched.maxAgeMs ?? USUAL_MS))
      this.events.fetched(fetched)
    } catch (error) {
      nextMs = Math.min(MOST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.failures++, 10))
      if (!this.stopped.signal.aborted)
        this.events.failed(error instanceof Error ? error : new Error(String(error)))
    }
    this.lastMs = this.clock.now()
    this.forget()
    if (this.stopped.signal.aborted) return
    // Not all gateways at once.
    this.forget = this.clock.after(nextMs * (0.9 + Math.random() * 0.1), () => void this.again())
  }

  /** Its own time has come, whatever the cooldown says. */
  private async again(): Promise<void> {
    this.lastMs = -Infinity
    await this.refresh()
  }
}
