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

  countersIn(used: Used): readonly LedgerQuota[] {
    const { application, product } = this.subscription
    const { limit } = this
    const { scope } = limit.row
    if (scope === 'Subscription') return this.counterIn(used, '', ({ operation }) => limit.counts(operation))
    if (scope === 'Credential')
      return used
        .credentials(application, product)
        .flatMap(id =>
          this.counterIn(
            used,
            ` credential ${id}`,
            ({ credential, operation }) => credential === id && limit.counts(operation),
          ),
        )
    return used
      .operations(application, product)
      .filter(operation => limit.counts(operation))
      .flatMap(id => this.counterIn(used, ` operation ${id}`, ({ operation }) => operation === id))
  }

  private counterIn(all: Used, narrower: string, counts: Parameters<Used['sum']>[3]): readonly LedgerQuota[] {
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
