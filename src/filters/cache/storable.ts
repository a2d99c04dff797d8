import type { Fields } from '../../http/fields.ts'
import type { Directives } from './directives.ts'

/** Final statuses whose meaning for a cache is known here (RFC 9111 §3): a partial or a conditional answer is none of its own. */
const understood: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 421, 451, 500, 501, 502, 503,
  504,
])

/** What is about one request: a part, its condition or expectation, what its client has asked too much (RFC 6585). */
const ofOne: ReadonlySet<number> = new Set([206, 304, 412, 416, 417, 428, 429, 431, 511])

/** Why an answer is not stored; null where it may be. */
export type Reason = 'status' | 'no-store' | 'private' | 'set-cookie' | 'vary' | 'lifetime'

/** Who may be given an answer: anybody, or who has asked with the same credentials. */
export type Audience = 'all' | 'same'

export interface Offered {
  readonly status: number
  readonly fields: Fields
  readonly directives: Directives
  /** It has a lifetime, or a validator with which it can be asked about. */
  readonly isUseful: boolean
}

export function refusal({ status, fields, directives, isUseful }: Offered): Reason | null {
  const { noStore, mustUnderstand } = directives
  const isKnown = understood.has(status)
  if (!isKnown && (mustUnderstand || status < 200 || ofOne.has(status))) return 'status'
  // §5.2.2.3: who understands the status need not obey the no-store beside it.
  if (noStore && !(mustUnderstand && isKnown)) return 'no-store'
  if (directives.private) return 'private'
  // A session that is given to one is given to all who are served from here.
  if (fields.has('set-cookie')) return 'set-cookie'
  if ((fields.combined('vary') ?? '').split(',').some(name => name.trim() === '*')) return 'vary'
  return isUseful ? null : 'lifetime'
}

/**
 * RFC 9111 §3.5, with any credential in the place of Authorization: an answer to who has shown one is for the same only,
 * unless it says otherwise, and the backend did not know from us who it is.
 */
export function audienceOf(
  { public: isPublic, sMaxAge, mustRevalidate }: Directives,
  isTold: boolean,
): Audience {
  if (!isTold && (isPublic || sMaxAge >= 0 || mustRevalidate)) return 'all'
  return 'same'
}
