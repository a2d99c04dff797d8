import type { Store } from '../../store/store.ts'

/** A counter of one window, as it is kept. */
export interface KeptQuota {
  /** As counters have it, without the window. */
  readonly key: string
  readonly startMs: number
  /** Infinity: never. */
  readonly endMs: number
  readonly used: number
}

/** Rows in one statement: five values each, and SQLite takes 32,766. */
const BATCH = 500
const PAGE = 5_000
/** What is over is kept a day longer, for clocks that are set back. */
const GRACE_MS = 86_400_000

/** Quotas that one gateway has counted, in the store. */
export class QuotaRows {
  private readonly store: Pick<Store, 'db' | 'write'>
  private readonly prefix: string

  /** `node`: of this gateway; others on the same store count for themselves. */
  constructor(store: QuotaRows['store'], node: string) {
    this.store = store
    this.prefix = `${node} `
  }

  /** A page of those whose windows are not over, after that of a key and a start; fewer than there are only at the end. */
  async page(after: KeptQuota | null, nowMs: number): Promise<readonly KeptQuota[]> {
    const { prefix } = this
    const from = after === null ? prefix : prefix + after.key
    const rows = await this.store.db
      .selectFrom('quotaCounters')
      .select(['key', 'window', 'ends', 'used'])
      .where('key', '>=', from)
      .where('key', '<', `${prefix.slice(0, -1)}!`)
      .where(on => on.or([on('ends', 'is', null), on('ends', '>', nowMs)]))
      .where(on => on.or([on('key', '>', from), on('window', '>', after?.startMs ?? -1)]))
      .orderBy('key')
      .orderBy('window')
      .limit(PAGE)
      .execute()
    return rows.map(({ key, window, ends, used }) => ({
      key: key.slice(prefix.length),
      startMs: window,
      endMs: ends ?? Infinity,
      used,
    }))
  }

  static isLast(page: readonly KeptQuota[]): boolean {
    return page.length < PAGE
  }

  async put(quotas: readonly KeptQuota[], nowMs: number): Promise<void> {
    await this.store.write(async ({ db }) => {
      for (let i = 0; i < quotas.length; i += BATCH) {
        const rows = quotas.slice(i, i + BATCH).map(({ key, startMs, endMs, used }) => ({
          key: this.prefix + key,
          window: startMs,
          ends: endMs === Infinity ? null : endMs,
          used,
          updated: nowMs,
        }))
        await db
          .insertInto('quotaCounters')
          .values(rows)
          .onConflict(on =>
            on.columns(['key', 'window']).doUpdateSet(set => ({
              ends: set.ref('excluded.ends'),
              used: set.ref('excluded.used'),
              updated: set.ref('excluded.updated'),
            })),
          )
          .execute()
      }
    })
  }

  /** Of all gateways. */
  async forget(nowMs: number): Promise<void> {
    await this.store.write(async ({ db }) => {
      await db
        .deleteFrom('quotaCounters')
        .where('ends', '<', nowMs - GRACE_MS)
        .execute()
    })
  }
}
