import type { LoadedSubscription } from '../../store/store.ts'
import type { Used } from '../../usage/used.ts'
import type { KeptQuota } from '../keeping/quota-rows.ts'
import type { Limit } from '../limit.ts'
import { Meter } from '../meter.ts'
import type { Window } from '../windows/windows.ts'

/** A number that the ledger has for a counter. */
export interface LedgerQuota extends KeptQuota {
  readonly meter: Meter
}

/** One quota of a subscription in its window of now, and what the ledger has of it. */
export class SubscribedQuota {
  readonly window: Window
  readonly limit: Limit
  readonly subscription: LoadedSubscription

  constructor(limit: Limit, subscription: LoadedSubscription, nowMs: number) {
    this.limit = limit
    this.subscription = subscription
    this.window = limit.windowAt(nowMs, subscription.since ?? 0)
  }

  /** Null of one that has a counter for each operation, or credential. */
  get counter(): Pick<KeptQuota, 'key' | 'startMs'> | null {
    if (this.limit.row.scope !== 'Subscription') return null
    return { key: this.meter('').key, startMs: this.window.startMs }
  }

  /** Its counters; the ledger does not tell credentials apart, and knows nothing of theirs. */
  countersIn(used: Used): readonly LedgerQuota[] {
    const { application, product } = this.subscription
    const { scope } = this.limit.row
    if (scope === 'Credential') return []
    if (scope === 'Subscription') return this.counterIn(used, '', operation => this.limit.counts(operation))
    return used
      .operations(application, product)
      .filter(operation => this.limit.counts(operation))
      .flatMap(operation => this.counterIn(used, ` operation ${operation}`, one => one === operation))
  }

  private counterIn(
    all: Used,
    narrower: string,
    counts: (operation: string) => boolean,
  ): readonly LedgerQuota[] {
    const { application, product } = this.subscription
    const used = all.sum(application, product, this.limit.row.unit, counts)
    if (used === 0) return []
    const meter = this.meter(narrower)
    const { startMs, endMs } = this.window
    return [{ meter, key: meter.key, startMs, endMs, used }]
  }

  private meter(narrower: string): Meter {
    const { id, since } = this.subscription
    return new Meter(this.limit, { whose: 'known', key: id, crowd: '', sinceMs: since ?? 0 }, narrower)
  }
}
