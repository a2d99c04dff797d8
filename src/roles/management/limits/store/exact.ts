import type { Kit } from '../../../../filters/kit.ts'
import { COUNTER_STORE } from '../../rows.ts'
import { RedisStore } from '../redis/redis-store.ts'
import type { ExactStore } from './exact-store.ts'

/** The store of this worker that counts for several nodes; null where there is none (--counters), and each counts for itself. */
export function exactStore(kit: Kit): (ExactStore & { drain(): void }) | null {
  const settings = kit.table<string>(COUNTER_STORE)
  const url = settings.get('url')
  if (url === undefined) return null
  return new RedisStore({ url, node: settings.get('node') ?? '', clock: kit.clock, log: kit.log })
}
