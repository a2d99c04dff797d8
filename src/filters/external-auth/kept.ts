import type { Kit } from '../kit.ts'
import { CacheKeys } from './cache-key.ts'
import type { CacheConfig } from './config.ts'
import type { Decision } from './decision.ts'
import { DecisionCache } from './decision-cache.ts'
import { Flights } from './flights.ts'
import type { Ruling } from './service.ts'

/** Larger decisions are not kept, so that a cache of 10,000 has 80 MB at most. */
const MOST_BYTES = 8 * 1024

/** What one policy remembers in one worker: decisions of its own, and questions that are under way. */
export class KeptDecisions {
  readonly keys = new CacheKeys()
  readonly flights = new Flights<Ruling>()
  private readonly cache: DecisionCache<Decision>
  private readonly clock: Kit['clock']
  private readonly maxAgeMs: number
  private cancelSweep: (() => void) | null = null

  constructor({ entries, maxAgeMs }: CacheConfig, clock: Kit['clock']) {
    this.cache = new DecisionCache(entries)
    this.clock = clock
    this.maxAgeMs = maxAgeMs
  }

  get(key: string): Decision | undefined {
    return this.cache.get(key, this.clock.now())
  }

  put(client: string, key: string, { decision, freshMs }: Ruling): void {
    if (freshMs <= 0 || sizeOf(decision) > MOST_BYTES) return
    this.cache.put(client, key, decision, this.clock.now() + freshMs)
    this.cancelSweep ??= this.clock.after(this.maxAgeMs, () => this.sweep())
  }

  drain(): void {
    this.cancelSweep?.()
    this.cancelSweep = null
    this.cache.clear()
  }

  /** What nobody asks for any more may hold a token: it goes when its time is over. */
  private sweep(): void {
    this.cache.sweep(this.clock.now())
    this.cancelSweep = this.cache.size === 0 ? null : this.clock.after(this.maxAgeMs, () => this.sweep())
  }
}

function sizeOf(decision: Decision): number {
  const lengths = (list: readonly string[]): number => list.reduce((sum, { length }) => sum + length, 0)
  switch (decision.verdict) {
    case 'allowed':
      return lengths([...decision.set, ...decision.added, ...decision.removed, ...decision.answered])
    case 'denied':
      return lengths(decision.fields) + decision.body.length
    case 'unavailable':
      return 0
  }
}
