import type { CacheConfig } from '../../../filters/cache/config.ts'
import { cacheDefaults } from '../../../model/defaults.ts'
import type { ResponseCache } from '../../../model/kinds/response-cache.ts'
import { durationMs, quantityBytes } from '../../../model/quantity.ts'

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
