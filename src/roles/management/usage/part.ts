import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ServiceKit } from '../../../translation/service.ts'
import type { Part } from '../part.ts'
import type { Store } from '../store/store.ts'
import type { Entry } from './entry.ts'
import { StoredEntries } from './entry-store.ts'
import { USAGE, type Flush } from './flush.ts'
import { Ledger } from './ledger.ts'
import { removeOld, retentionOf } from './retention.ts'
import { Spill } from './spill.ts'

/** How often what is old is removed, by one of the processes that share a store. */
const REMOVE_EVERY_MS = 600_000
const LEASE = 'usage.retention'

/** Brings what workers count into the store, and removes there what is old. */
export class UsagePart implements Part {
  readonly name = 'usage'
  private readonly kit: ServiceKit
  private readonly ledger: Ledger
  private readonly holder = randomUUID()
  private entries: StoredEntries | null = null
  private cancel = (): void => {}
  private removing: Promise<void> = Promise.resolve()

  constructor(kit: ServiceKit) {
    this.kit = kit
    const { hasData, dataDir } = kit.settings
    this.ledger = new Ledger({
      kit,
      store: { write: entry => this.write(entry) },
      spill: hasData ? new Spill(join(dataDir, 'usage')) : null,
      isAway,
    })
    kit.listen(USAGE, message => this.ledger.hear(message as Flush))
  }

  async opened(store: Store): Promise<void> {
    this.entries = new StoredEntries(store, () => this.kit.calendar.now())
    await this.ledger.start()
    this.removeLater(store, 0)
  }

  get hasWritten(): boolean {
    return this.ledger.hasWritten
  }

  /** Of earlier processes; resolves as well where it cannot be written just now. */
  async leftIsWritten(): Promise<void> {
    await this.ledger.leftIsWritten()
  }

  async stop(): Promise<void> {
    this.cancel()
    await this.removing
  }

  async ended(): Promise<void> {
    await this.ledger.stop()
  }

  private async write(entry: Entry): Promise<void> {
    await this.entries!.write(entry)
  }

  private removeLater(store: Store, afterMs: number): void {
    this.cancel()
    this.cancel = this.kit.calendar.after(afterMs, () => {
      this.removing = this.remove(store).catch((error: unknown) => {
        // It is tried again.
        if (!isAway(error)) this.kit.log.error('usage.unremoved', { error })
      })
      this.removeLater(store, REMOVE_EVERY_MS)
    })
  }

  private async remove(store: Store): Promise<void> {
    // Whoever has it keeps it.
    if (!(await store.leases.take(LEASE, this.holder, 2 * REMOVE_EVERY_MS))) return
    await removeOld(store, await retentionOf(store), this.kit.calendar.now())
  }
}

/** The store cannot be reached, or others hold it: that says nothing of what was to be written. */
function isAway(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return code === 'unavailable' || code === 'busy'
}
