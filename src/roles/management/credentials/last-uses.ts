import type { ServiceKit } from '../../../translation/service.ts'
import { USES, type UsesMessage } from '../authentication/uses.ts'
import type { Part } from '../part.ts'
import type { Store } from '../store/store.ts'

/** Uses of so many credentials wait for a store that cannot be written; beyond that the oldest are forgotten. */
const MOST_WAITING = 200_000

/** Writes when credentials were last used, as workers tell of it. */
export class LastUses implements Part {
  readonly name = 'last-uses'
  private readonly kit: ServiceKit
  private store: Store | null = null
  private waiting = new Map<string, number>()
  private writing: Promise<void> | null = null

  constructor(kit: ServiceKit) {
    this.kit = kit
    kit.listen(USES, message => this.heard(message as UsesMessage))
  }

  opened(store: Store): void {
    this.store = store
    this.begin()
  }

  async ended(): Promise<void> {
    await this.writing
    await this.write()
  }

  private heard(uses: UsesMessage): void {
    for (const [credential, atMs] of uses) {
      this.waiting.delete(credential)
      this.waiting.set(credential, atMs)
      if (this.waiting.size > MOST_WAITING) this.waiting.delete(this.waiting.keys().next().value!)
    }
    this.begin()
  }

  private begin(): void {
    this.writing ??= this.write().finally(() => (this.writing = null))
  }

  private async write(): Promise<void> {
    const { store, waiting } = this
    if (store === null || waiting.size === 0) return
    this.waiting = new Map()
    try {
      await store.used('credentials', waiting)
    } catch (error) {
      // With the next that are told; newer ones go before these.
      this.waiting = new Map([...waiting, ...this.waiting])
      this.kit.log.debug('last_uses.failed', { error })
    }
  }
}
