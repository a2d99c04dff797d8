import type { CacheConfig } from '../../../filters/cache/config.ts'
import { cacheDefaults } from '../../../model/defaults.ts'
import type { ResponseCache } from '../../../model/kinds/response-cache.ts'
import { durationMs, quantityBytes } from '../../../model/quantity.ts'
import type { AttachPoint } from '../../../snapshot/contribution.ts'
import type { Doubt } from '../../../translation/report.ts'

/** What a filter is told of TrafficPolicy spec.cache. */
export function cacheOf(spec: ResponseCache): Omit<CacheConfig, 'type' | 'origin' | 'policy' | 'except'> {
  const { clientDirectives, statusHeader } = { ...cacheDefaults, ...spec }
  const { maxBodySize, heuristicPercent = cacheDefaults.heuristicPercent, keyHeaders = [] } = spec
  return {
    maxBodyBytes:
      (maxBodySize === undefined ? undefined : quantityBytes(maxBodySize)) ?? cacheDefaults.maxBodyBytes,
    heuristicShare: heuristicPercent / 100,
    staleWhileRevalidateMs: msOf(spec.staleWhileRevalidate, cacheDefaults.staleWhileRevalidateMs),
    staleIfErrorMs: msOf(spec.staleIfError, cacheDefaults.staleIfErrorMs),
    keyHeaders: keyHeaders.map(name => name.toLowerCase()).toSorted(),
    collapseMs: msOf(spec.collapseTimeout, cacheDefaults.collapseMs),
    clientDirectives,
    statusHeader,
  }
}

function msOf(text: string | undefined, standard: number): number {
  return (text === undefined ? undefined : durationMs(text)) ?? standard
}

/** Of two caches at one place the older one counts: policies come in that order. */
export class OnePerPlace {
  private readonly taken = new Map<string, string>()

  /** Whose the place is, where it is another's; null: it is this one's. */
  claim(at: AttachPoint, policy: string): string | null {
    const place = JSON.stringify(at)
    const other = this.taken.get(place)
    if (other === undefined) this.taken.set(place, policy)
    return other ?? null
  }
}

export function twoCaches(what: string, other: string): Doubt {
  return {
    severity: 'warning',
    reason: 'Overridden',
    path: ['spec', 'cache'],
    message: `${what} has the cache of TrafficPolicy ${other}, which is older`,
  }
}
