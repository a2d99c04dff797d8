import type { DeclaredResilience } from '../../../composition/backends/resilience.ts'
import type { BulkheadConfig } from '../../../filters/bulkhead/bulkhead.ts'
import type { CacheConfig, CacheSettings } from '../../../filters/cache/config.ts'
import type { FallbackConfig } from '../../../filters/fallback/fallback.ts'
import { trafficDefaults } from '../../../model/defaults.ts'
import { fallbackTriggers } from '../../../model/kinds/fallback.ts'
import type { Origin } from '../../../snapshot/origin.ts'
import type { FilterConfig } from '../../../snapshot/rule.ts'

/** The filters that calls of a backend meet; `name` is what theirs are counted and kept by. In no order: it is that of phases. */
export function filtersOf(
  name: string,
  origin: Origin,
  { cache, bulkhead, fallback }: DeclaredResilience,
): readonly FilterConfig[] {
  return [
    ...(fallback === undefined ? [] : [fallbackOf(origin, fallback)]),
    ...(cache === undefined ? [] : [cacheOf(name, origin, cache)]),
    ...(bulkhead === undefined ? [] : [bulkheadOf(name, origin, bulkhead)]),
  ]
}

function cacheOf(
  policy: string,
  origin: Origin,
  { heuristicPercent, ...rest }: NonNullable<DeclaredResilience['cache']>,
): CacheConfig {
  const said: Partial<CacheSettings> = {
    ...rest,
    ...(heuristicPercent !== undefined && { heuristicShare: heuristicPercent / 100 }),
    keysAll: true,
    statusHeader: false,
  }
  return { type: 'cache', origin, layers: [{ policy, said, except: [] }] }
}

function bulkheadOf(
  policy: string,
  origin: Origin,
  bulkhead: NonNullable<DeclaredResilience['bulkhead']>,
): BulkheadConfig {
  const { maxPending, maxWaitMs } = { ...trafficDefaults.bulkhead, ...bulkhead }
  const { maxParallel: maxParallelRequests } = bulkhead
  return { type: 'bulkhead', origin, policy, maxParallelRequests, maxPending, maxWaitMs, except: [] }
}

function fallbackOf(
  origin: Origin,
  { statuses = [], lastGoodMs, answer }: NonNullable<DeclaredResilience['fallback']>,
): FallbackConfig {
  return {
    type: 'fallback',
    origin,
    triggers: fallbackTriggers,
    codes: statuses,
    lastGoodMs: lastGoodMs ?? null,
    response: answer ?? null,
    except: [],
  }
}
