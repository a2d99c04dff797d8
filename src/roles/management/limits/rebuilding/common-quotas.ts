import type { KitClock } from '../../../../filters/kit.ts'
import type { ServiceKit } from '../../../../translation/service.ts'
import { systemClock, type Cancel } from '../../../../upstream/clock.ts'
import { Connection } from '../redis/connection.ts'
import { RedisStore } from '../redis/redis-store.ts'
import type { ExactStore } from '../store/exact-store.ts'
import type { KeptQuota } from '../keeping/quota-rows.ts'
import { KEPT_KEY, quotaKey, redisKey } from '../redis/keys.ts'
import type { LedgerQuota } from './subscribed-quotas.ts'

/** How often it is looked whether the store of counters still has them. */
const LOOK_MS = 5_000
const MOST_AT_ONCE = 500

/** Workers say when it is away. */
const quiet = { warn: () => {}, info: () => {} }

/**
 * Quotas that several gateways count together, as the main thread sees them: whether Redis still has what it had, by a
 * mark of ours in it, and numbers that it is to have at least.
 */
export class CommonQuotas {
  private readonly kit: Pick<ServiceKit, 'settings' | 'calendar' | 'sharedUs'>
  private connection: Connection | null = null
  private peeking: RedisStore | null = null
  private lost: () => void = () => {}
  /** What is missing there is being looked for. */
  private isRebuilding = false
  /** Something could not be told. */
  private owes = false
  private cancel: Cancel = () => {}

  constructor(kit: CommonQuotas['kit']) {
    this.kit = kit
  }

  onLost(lost: () => void): void {
    this.lost = lost
  }

  /** There are quotas of this kind. */
  begin(): void {
    const { counters } = this.kit.settings
    if (counters === '' || this.connection !== null) return
    this.connection = new Connection(counters, systemClock, {
      state: away => {
        if (away === null) this.look()
      },
    })
    this.peek()
    this.lookLater()
  }

  /**
   * To look at what is left; null where nothing is counted so. Who asks before there is an answer (quotas of this node are
   * rebuilt first) is told none, and not what this node has.
   */
  get store(): ExactStore | null {
    return this.kit.settings.counters === '' ? null : this.peek()
  }

  /** To these numbers, where they are less; what cannot be told now is found and told when Redis is there. */
  async raise(quotas: readonly LedgerQuota[]): Promise<void> {
    const { connection } = this
    if (connection === null) return
    const exact = quotas.filter(({ meter }) => meter.limit.isExact)
    for (let i = 0; i < exact.length; i += MOST_AT_ONCE) {
      const some = exact.slice(i, i + MOST_AT_ONCE)
      await Promise.all(some.map(one => this.raiseTo(connection, redisKey(one.meter, one.startMs), one)))
    }
  }

  /** As `raise`, of quotas of policies. */
  async raiseKept(quotas: readonly (KeptQuota & { readonly who: string })[]): Promise<void> {
    const { connection } = this
    if (connection === null) return
    for (let i = 0; i < quotas.length; i += MOST_AT_ONCE) {
      const some = quotas.slice(i, i + MOST_AT_ONCE)
      await Promise.all(
        some.map(one => this.raiseTo(connection, quotaKey(one.who, one.key, one.startMs), one)),
      )
    }
  }

  /** All that was missing has been raised. */
  async rebuilt(): Promise<void> {
    const isWhole = !this.owes
    this.isRebuilding = false
    if (isWhole) await this.connection?.call('kept', [KEPT_KEY], [1]).catch(() => {})
  }

  close(): void {
    this.cancel()
    this.connection?.close()
    this.peeking?.drain()
  }

  private peek(): RedisStore {
    const { counters: url } = this.kit.settings
    return (this.peeking ??= new RedisStore({ url, node: null, clock: this.clock, log: quiet }))
  }

  private get clock(): KitClock {
    const { sharedUs, calendar } = this.kit
    return { ...systemClock, sharedUs, wallMs: () => calendar.now() }
  }

  private async raiseTo(
    connection: Connection,
    key: string,
    { endMs, used }: Pick<KeptQuota, 'endMs' | 'used'>,
  ): Promise<void> {
    try {
      await connection.run('raise', [key], [used, endMs === Infinity ? 0 : endMs])
    } catch {
      this.owes = true
    }
  }

  private lookLater(): void {
    this.cancel = this.kit.calendar.after(LOOK_MS, () => {
      this.look()
      this.lookLater()
    })
  }

  /** Whether the mark is there. Without an answer the next time tells. */
  private look(): void {
    const { connection } = this
    if (connection === null || connection.away || this.isRebuilding) return
    connection.call('kept', [KEPT_KEY], [0]).then(
      found => {
        if ((found === 1 && !this.owes) || this.isRebuilding) return
        this.isRebuilding = true
        this.owes = false
        this.lost()
      },
      () => {},
    )
  }
}
