import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ServiceKit } from '../../../translation/service.ts'
import type { Cancel } from '../../../upstream/clock.ts'
import type { Part } from '../part.ts'
import type { Following, Store } from '../store/store.ts'
import { readLastKnown, writeLastKnown, type LastKnown } from './last-known-file.ts'

/** What changes is written together, so much later: so much of it a start without the database does not know. */
const SAVE_MS = 5_000
const PAGE = 1_000

/**
 * Keeps what workers need of a database that is elsewhere in a file of --data, so that a process which starts while the
 * database is down serves by what was known last. Hashes of keys are in it, and no key; objects are, Secrets among them,
 * as they are in the database.
 */
export class LastKnownKeeper implements Part {
  readonly name = 'last-known'
  private readonly kit: ServiceKit
  private following: Following | null = null
  private store: Store | null = null
  private forget: Cancel | null = null
  private saving: Promise<void> = Promise.resolve()

  constructor(kit: ServiceKit) {
    this.kit = kit
  }

  /** Null where there is none. */
  read(): LastKnown | null {
    const { file } = this
    return file === null ? null : readLastKnown(file, this.place)
  }

  async opened(store: Store): Promise<void> {
    if (this.file === null) return
    this.store = store
    this.following = store.follow(await store.revision(), {
      changed: () => this.saveLater(),
      reset: () => this.saveLater(),
    })
    this.saving = this.save()
  }

  async stop(): Promise<void> {
    await this.following?.close()
    this.following = null
    const isDue = this.forget !== null
    this.forget?.()
    this.forget = null
    await this.saving
    if (isDue) await this.save()
  }

  /** A file of our own is there whatever happens. */
  private get file(): string | null {
    const { store, hasData, dataDir } = this.kit.settings
    return store === '' || !hasData ? null : join(dataDir, 'last-known')
  }

  /** Which database it is, without its password. */
  private get place(): string {
    return createHash('sha256').update(this.kit.settings.store).digest('hex').slice(0, 16)
  }

  private saveLater(): void {
    this.forget ??= this.kit.calendar.after(SAVE_MS, () => {
      this.forget = null
      this.saving = this.saving.then(() => this.save())
    })
  }

  private async save(): Promise<void> {
    const { store, file } = this
    if (store === null || file === null) return
    try {
      await writeLastKnown(file, this.place, async take => {
        await store.load({
          applications: some => take('applications', some),
          credentials: some => take('credentials', some),
          subscriptions: some => take('subscriptions', some),
        })
        let after: string | null = null
        do {
          const page = await store.objects.list({ after, limit: PAGE })
          await take('objects', page.items)
          after = page.next
        } while (after !== null)
      })
    } catch (error) {
      this.kit.log.warn('last_known.failed', {
        message: `a start without the database would not know the last changes: ${error instanceof Error ? error.message : String(error)}`,
      })
    }
  }
}
