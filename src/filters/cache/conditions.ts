import type { Fields } from '../../http/fields.ts'
import { httpDateMs } from './dates.ts'

/** Names of conditions about what is there (RFC 9110 §13.1). */
export const conditionNames = [
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
]

/** Whether a client that asks so has what is stored: it is answered 304 (RFC 9110 §13.2.2, for GET and HEAD). */
export function isConfirmed(request: Fields, stored: Fields, receivedMs: number): boolean {
  const tags = request.combined('if-none-match')
  if (tags !== undefined) return matches(tags, stored.get('etag'))
  const sinceMs = httpDateMs(request.get('if-modified-since'))
  if (sinceMs === null) return false
  const modifiedMs = httpDateMs(stored.get('last-modified')) ?? httpDateMs(stored.get('date')) ?? receivedMs
  return modifiedMs <= sinceMs
}

/** Weakly (§8.8.3.2): the bytes may differ, what they say does not. */
function matches(tags: string, etag: string | undefined): boolean {
  if (tags.trim() === '*') return true
  if (etag === undefined) return false
  const wanted = opaque(etag)
  return (tags.match(/(?:W\/)?"[^"]*"|[^\s,]+/g) ?? []).some(tag => opaque(tag) === wanted)
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}

/** Whether Range is for what is stored (§13.1.5): by a strong tag, or by its exact date. */
export function rangeHolds(request: Fields, stored: Fields): boolean {
  const condition = request.get('if-range')
  if (condition === undefined) return true
  const etag = stored.get('etag')
  if (condition.includes('"')) return !condition.startsWith('W/') && condition === etag
  const modified = stored.get('last-modified')
  return modified !== undefined && httpDateMs(condition) !== null && condition === modified
}
