import type { Resources } from '../../model/resources.ts'
import type { Wants } from '../../translation/service.ts'
import type { LastKnown } from './last-known/last-known-file.ts'
import type { Store } from './store/store.ts'

/** One thing that the role does beside the data plane. One that fails takes no other with it. */
export interface Part {
  /** For the log. */
  readonly name: string
  /**
   * The store is there, before anything is served where it was there at the start. Awaited; what is to be in tables by
   * the first request is put there now.
   */
  opened?(store: Store): void | Promise<void>
  /** The store cannot be had at the start: what was known last is served by until it can; null where nothing is known. */
  lastKnown?(known: LastKnown | null): void | Promise<void>
  /** As of a service. */
  applied?(wants: Wants, resources: Resources): void
  /** Nothing new begins. */
  stop?(): void | Promise<void>
  /** Workers have told all that they had to tell; the store closes next. */
  ended?(): void | Promise<void>
}
