import { Type } from 'typebox'
import { ownedFields } from '../../http/owned-fields.ts'
import { cacheDefaults } from '../defaults.ts'
import { formatBytes, formatDuration, quantityBytes } from '../quantity.ts'
import type { FieldPath } from '../resource.ts'
import { headerName } from './http-filters.ts'
import {
  byteQuantity,
  duration,
  integer,
  object,
  optional,
  set,
  type Shape,
  type Violation,
} from './shapes.ts'

/** TrafficPolicy spec.cache. */
export const responseCache = object({
  maxBodySize: optional(
    byteQuantity,
    'The largest body that is kept; never more than an eighth of --cache-memory.',
    formatBytes(cacheDefaults.maxBodyBytes),
  ),
  heuristicPercent: optional(
    integer(0, 100),
    'For answers that say nothing of their lifetime: this share of the time since Last-Modified, a day at most. 0: they are asked about each time.',
    cacheDefaults.heuristicPercent,
  ),
  staleWhileRevalidate: optional(
    duration,
    'For so long an answer is given that is no longer fresh, while the backend is asked. For answers that say nothing of it themselves.',
    formatDuration(cacheDefaults.staleWhileRevalidateMs),
  ),
  staleIfError: optional(
    duration,
    'For so long an answer is given that is no longer fresh, where the backend fails: no answer, or 500, 502, 503, 504. For answers that say nothing of it themselves.',
    formatDuration(cacheDefaults.staleIfErrorMs),
  ),
  keyHeaders: optional(
    set(headerName, 8),
    'Request headers that are part of the key, beside the URL and what Vary names: those by which the backend answers without saying so.',
  ),
  collapseTimeout: optional(
    duration,
    'For how long a request waits for an equal one that is under way, before it asks the backend itself. 0s: it does not.',
    formatDuration(cacheDefaults.collapseMs),
  ),
  clientDirectives: optional(
    Type.Boolean(),
    'Whether Cache-Control of requests is heeded (no-cache, no-store, max-age, max-stale, min-fresh, only-if-cached). Where it is not, no client can have the backend asked for what is fresh.',
    cacheDefaults.clientDirectives,
  ),
  statusHeader: optional(
    Type.Boolean(),
    'Whether answers say what the cache did, in Cache-Status (RFC 9211).',
    cacheDefaults.statusHeader,
  ),
})

export type ResponseCache = Shape<typeof responseCache>

export function responseCacheRules(
  { keyHeaders = [], maxBodySize }: ResponseCache,
  path: FieldPath,
): Violation[] {
  const owned = keyHeaders.flatMap((name, i) =>
    ownedFields.has(name.toLowerCase())
      ? [{ path: [...path, 'keyHeaders', i], message: `${name} is of the connection, and part of no key` }]
      : [],
  )
  if (maxBodySize === undefined || (quantityBytes(maxBodySize) ?? 0) > 0) return owned
  return [...owned, { path: [...path, 'maxBodySize'], message: 'keeps nothing, expected at least 1' }]
}
