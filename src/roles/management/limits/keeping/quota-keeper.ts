import type { ServiceKit } from '../../../../translation/service.ts'
import type { Cancel } from '../../../../upstream/clock.ts'
import { MAX_VALUE } from '../../../../shared/counter-area.ts'
import type { Part } from '../../part.ts'
import type { Store } from '../../store/store.ts'
import { COUNTERS } from '../meter.ts'
import { untilUs } from '../tally.ts'
import { CHANGED, type ChangedCounters } from './changes.ts'
import { nodeId } from './node-id.ts'
import { QuotaRows, type KeptQuota } from './quota-rows.ts'

/** How long changes wait to be written; with what workers gather, what is forgotten where the process dies at once. */
const WRITE_MS = 300
/** Writing has a quarter of the time at most: where it takes long it is done less often. */
const REST = 3
/** Rows in one transaction. */
const MOST = 5_000
const RETRY_MS = 2_000
const FORGET_MS = 3_600_000

/**
 * Keeps the quotas of those who are in records over restarts. Workers say which counters have changed; their numbers are
 * read in shared memory when they are written, so that one that changes a thousand times is written once. What is kept
 * is put back before anything is served.
 */
export class QuotaKeeper implements Part {
  readonly name = 'quotas'
  private readonly kit: ServiceKit
  private readonly counters: ReturnType<ServiceKit['counters']>
  /** When the windows of those end that are not written yet, by their keys. */
  private changed = new Map<string, number>()
  private rows: QuotaRows | null = null
  /** By which its rows are told from those of others on the store. */
  node = ''
  /** The last that was put back; of a store that is lost at that moment the rest follows. */
  private restored: KeptQuota | null = null
  private isRestored = false
  private writing: Promise<void> | null = null
  private cancel: Cancel | null = null
  private forgetAtMs = 0
  private failing = false
  private ending = false

  constructor(kit: ServiceKit) {
    this.kit = kit
    this.counters = kit.counters(COUNTERS, 'known')
    kit.listen(CHANGED, message => this.hear(message as ChangedCounters))
  }

  async opened(store: Store): Promise<void> {
    // A file is one gateway's, and may have been restored elsewhere; a database is for several.
    this.node = store.engine === 'sqlite' ? 'local' : nodeId(this.kit.settings)
    const rows = new QuotaRows(store, this.node)
    await this.restore(rows)
    this.rows = rows
    this.ending = false
    this.later(WRITE_MS)
  }

  stop(): void {
    this.ending = true
  }

  async ended(): Promise<void> {
    this.ending = true
    this.cancel?.()
    await this.writing
    do await this.write()
    while (this.changed.size > 0 && !this.failing)
  }

  /** Whether the store had any when it was opened: without, they were lost, or never were. */
  get hasRestored(): boolean {
    return this.restored !== null
  }

  /** Puts a number in the place of what is counted, as `next` says, and keeps it. */
  set(quota: Omit<KeptQuota, 'used'>, next: (seen: number) => number): void {
    if (!this.put(quota, next)) return
    this.hear({ keys: [`${quota.key} ${quota.startMs}`], endsMs: [quota.endMs] })
  }

  /** Whether it is another number than before. */
  private put({ key, startMs, endMs }: Omit<KeptQuota, 'used'>, next: (seen: number) => number): boolean {
    const counterKey = `${key} ${startMs}`
    const nowUs = this.kit.sharedUs()
    const until = untilUs({ startMs, endMs }, nowUs, this.kit.calendar.now())
    this.counters.aim(counterKey, counterKey)
    for (;;) {
      const seen = this.counters.read(nowUs)
      const wanted = Math.min(MAX_VALUE, next(seen))
      if (wanted === seen) return false
      if (this.counters.swap(seen, wanted, until, nowUs) !== 'changed') return true
    }
  }

  used({ key, startMs }: Pick<KeptQuota, 'key' | 'startMs'>): number {
    const counterKey = `${key} ${startMs}`
    return this.counters.aim(counterKey, counterKey).read(this.kit.sharedUs())
  }

  private hear({ keys, endsMs }: ChangedCounters): void {
    for (const [i, key] of keys.entries()) this.changed.set(key, endsMs[i]!)
    this.later(WRITE_MS)
  }

  private later(ms: number): void {
    if (this.rows === null || this.cancel !== null || this.writing !== null || this.ending) return
    this.cancel = this.kit.calendar.after(ms, () => void this.write())
  }

  private async write(): Promise<void> {
    this.cancel?.()
    this.cancel = null
    const { rows } = this
    if (rows === null || this.writing !== null) return
    const beganMs = performance.now()
    this.writing = this.writeSome(rows)
    await this.writing
    this.writing = null
    const tookMs = performance.now() - beganMs
    if (this.changed.size > 0) this.later(this.failing ? RETRY_MS : Math.max(WRITE_MS, tookMs * REST))
  }

  private async writeSome(rows: QuotaRows): Promise<void> {
    const keys = [...this.changed].slice(0, MOST)
    for (const [key] of keys) this.changed.delete(key)
    try {
      const nowMs = this.kit.calendar.now()
      if (keys.length > 0) await rows.put(this.read(keys), nowMs)
      if (nowMs >= this.forgetAtMs) await rows.forget(nowMs)
      if (nowMs >= this.forgetAtMs) this.forgetAtMs = nowMs + FORGET_MS
      if (this.failing) this.kit.log.info('quotas.kept')
      this.failing = false
    } catch (error) {
      for (const [key, endMs] of keys) if (!this.changed.has(key)) this.changed.set(key, endMs)
      if (!this.failing) this.kit.log.error('quotas.not_kept', { error })
      this.failing = true
    }
  }

  private read(keys: readonly (readonly [key: string, endMs: number])[]): KeptQuota[] {
    const nowUs = this.kit.sharedUs()
    return keys.map(([counterKey, endMs]) => {
      const at = counterKey.lastIndexOf(' ')
      const used = this.counters.aim(counterKey, counterKey).read(nowUs)
      return { key: counterKey.slice(0, at), startMs: Number(counterKey.slice(at + 1)), endMs, used }
    })
  }

  private async restore(rows: QuotaRows): Promise<void> {
    while (!this.isRestored) {
      const page = await rows.page(this.restored, this.kit.calendar.now())
      // Added, since requests may have been counted before the store could be opened.
      for (const quota of page) this.put(quota, seen => seen + quota.used)
      this.restored = page.at(-1) ?? this.restored
      this.isRestored = QuotaRows.isLast(page)
    }
  }
}
