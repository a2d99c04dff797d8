import type { Kinds } from '../../../model/kinds.ts'
import type { Logger } from '../../../telemetry/log.ts'
import type { Declared } from '../../../translation/service.ts'
import type { Directory } from '../access/directory.ts'
import type { Peppers } from '../credentials/peppers.ts'
import type { LimitReader } from '../limits/subscription-limits.ts'
import type { StoreSource } from '../objects/store-source.ts'
import type { Store } from '../store/store.ts'
import type { PublishedApis } from '../translation/published/published.ts'

/** What the routes of management are made with. */
export interface ManagementApi {
  readonly log: Logger
  /** Opens it, where that has not been needed yet. Rejects with a StoreError, or an AdminError where there can be none. */
  store(): Promise<Store>
  readonly directory: Directory
  /** Throws where there are none. */
  peppers(): Peppers
  /** One that nobody has chosen, and what is recorded of it. */
  newPassword(): Promise<{ readonly password: string; readonly hash: string }>
  readonly limits: Pick<LimitReader, 'read'>
  /** Part of a key. */
  readonly environment: string
  /** Resolves when workers and the directory of users know of every change that was committed before. */
  caughtUp(): Promise<void>
  /** Since 1970. */
  nowMs(): number
  /** What is in force; null before the first. */
  declared(): Declared | null
  /** Of its APIs, by NAMESPACE/NAME. */
  published(): PublishedApis
  readonly kinds: Kinds
  /** Declared objects of the store, as the gateway reads them. */
  readonly objects: StoreSource
}
