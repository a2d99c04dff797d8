/** Why a request went to the backend (RFC 9211 §2.2). */
export type Forwarded = 'bypass' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial'

const NAME = 'portcullis'

/** Cache-Status of an answer from here; `ttlS` below 0: it was stale. */
export function hitStatus(ttlS: number, more = ''): string {
  return `${NAME}; hit; ttl=${ttlS}${more}`
}

/** Of an answer of the backend's. */
export function forwardStatus(why: Forwarded, status: number, stored: boolean, collapsed: boolean): string {
  const code = status === 0 ? '' : `; fwd-status=${status}`
  return `${NAME}; fwd=${why}${code}${stored ? '; stored' : ''}${collapsed ? '; collapsed' : ''}`
}

/** Of one that was found true again, or is given although the backend failed. */
export function revalidatedStatus(status: number, detail = ''): string {
  const why = detail === '' ? '' : `; detail=${detail}`
  return `${NAME}; hit; fwd=stale${status === 0 ? '' : `; fwd-status=${status}`}${why}`
}
