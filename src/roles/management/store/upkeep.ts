import type { ServiceKit } from '../../../translation/service.ts'
import type { Cancel } from '../../../upstream/clock.ts'
import type { Part } from '../part.ts'
import { newId } from './ids.ts'
import type { Store } from './store.ts'

const everyMs = 3_600_000
/** Who was away for longer reads all again, which takes seconds. */
const keptChangesMs = 7 * 86_400_000

/** Takes out of the store what nobody asks for any more; of all processes that share it one at a time. */
export class Upkeep implements Part {
  readonly name = 'upkeep'
  private readonly kit: Pick<ServiceKit, 'log' | 'calendar'>
  private readonly holder = newId()
  private cancel: Cancel = () => undefined
  private turn: Promise<void> = Promise.resolve()

  constructor(kit: Pick<ServiceKit, 'log' | 'calendar'>) {
    this.kit = kit
  }

  opened(store: Store): void {
    this.cancel = this.kit.calendar.after(everyMs, () => {
      this.opened(store)
      this.turn = this.once(store)
    })
  }

  async stop(): Promise<void> {
    this.cancel()
    await this.turn
  }

  private async once(store: Store): Promise<void> {
    try {
      if (!(await store.leases.take(this.name, this.holder, everyMs))) return
      await store.compact(this.kit.calendar.now() - keptChangesMs)
      await store.idempotency.prune()
    } catch (error) {
      // Next time it is as good.
      this.kit.log.warn('store.upkeep_failed', { error })
    }
  }
}
