import type { CacheSettings } from '../../../filters/cache/config.ts'
import type { ResponseCache } from '../../../model/kinds/response-cache.ts'
import { durationMs, quantityBytes } from '../../../model/quantity.ts'

/** What a filter is told of TrafficPolicy spec.cache: what it says, for other policies may say the rest. */
export function cacheOf(spec: ResponseCache): Partial<CacheSettings> {
  const { maxBodySize, heuristicPercent, keyHeaders, clientDirectives, statusHeader } = spec
  return said({
    maxBodyBytes: maxBodySize === undefined ? undefined : (quantityBytes(maxBodySize) ?? undefined),
    heuristicShare: heuristicPercent === undefined ? undefined : heuristicPercent / 100,
    staleWhileRevalidateMs: msOf(spec.staleWhileRevalidate),
    staleIfErrorMs: msOf(spec.staleIfError),
    keyHeaders: keyHeaders?.map(name => name.toLowerCase()).toSorted(),
    collapseMs: msOf(spec.collapseTimeout),
    clientDirectives,
    statusHeader,
  })
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : (durationMs(text) ?? undefined)
}

function said<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}
