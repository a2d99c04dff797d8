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

/**
 * The most that any gateway on the store has written down of each quota of a RateLimitPolicy whose window is not over.
 * Not the sum: a gateway that follows another one has gone on from its number. Without those of one, `except`.
 */
export async function quotasOfPolicies(
  db: Store['db'],
  nowMs: number,
  except = '',
): Promise<readonly KeptQuota[]> {
  const most = new Map<string, KeptQuota>()
  let after = { key: '', window: -1 }
  for (;;) {
    const rows = await db
      .selectFrom('quotaCounters')
      .select(['key', 'window', 'ends', 'used'])
      // NODE NAMESPACE/NAME WHO Quota/…; of a plan there is an id in the place of namespace and name.
      .where('key', 'like', '% %/% % Quota/%')
      .where(on => on.or([on('ends', 'is', null), on('ends', '>', nowMs)]))
      .where(on =>
        on.or([
          on('key', '>', after.key),
          on.and([on('key', '=', after.key), on('window', '>', after.window)]),
        ]),
      )
      .orderBy('key')
      .orderBy('window')
      .limit(PAGE)
      .execute()
    for (const row of rows) {
      const [node = ''] = row.key.split(' ', 1)
      const key = row.key.slice(node.length + 1)
      const known = most.get(`${key} ${row.window}`)
      if (node === except || (known !== undefined && known.used >= row.used)) continue
      most.set(`${key} ${row.window}`, {
        key,
        startMs: row.window,
        endMs: row.ends ?? Infinity,
        used: row.used,
      })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return [...most.values()]
    after = last
  }
}

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
