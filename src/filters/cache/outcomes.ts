import type { Counter } from '../../telemetry/instrument.ts'
import type { Kit } from '../kit.ts'
import { Note } from '../notes.ts'

/** What the cache has done for a request. */
export type Outcome = 'hit' | 'stale' | 'miss' | 'expired' | 'revalidated' | 'stale-if-error' | 'bypass'

/** One object for all requests, so that what the log has of it is written once. */
export interface Told {
  readonly outcome: Outcome
}

export const told: { readonly [O in Outcome]: Told } = {
  hit: { outcome: 'hit' },
  stale: { outcome: 'stale' },
  miss: { outcome: 'miss' },
  expired: { outcome: 'expired' },
  revalidated: { outcome: 'revalidated' },
  'stale-if-error': { outcome: 'stale-if-error' },
  bypass: { outcome: 'bypass' },
}

export const outcomeNote = new Note<Told>('cache', ({ outcome }) => [['portcullis.cache', outcome]])

/** The answer of an equal request was waited for. */
export const waitedNote = new Note<true>('cache.waited')

/** Counts for metrics; a series is there from the first request on that needs it. */
export class Outcomes {
  private readonly policy: string
  private readonly metrics: Kit['metrics']
  private readonly counters: { [O in Outcome]?: Pick<Counter, 'add'> } = {}

  constructor(policy: string, metrics: Kit['metrics']) {
    this.policy = policy
    this.metrics = metrics
  }

  count(outcome: Outcome): void {
    const { policy, metrics, counters } = this
    const counter = (counters[outcome] ??= metrics.counter('portcullis_cache_requests_total', {
      policy,
      outcome,
    }))
    counter.add(1)
  }
}
