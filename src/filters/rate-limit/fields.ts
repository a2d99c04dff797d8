import type { Rate } from './gcra.ts'

// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers), lists of strings with parameters (RFC 9651).
// The one place that knows how they are written: names and parameters have changed from draft to draft.

/** `"burst";q=20;w=1`. Where more may come at once than in a window, of the window in which so many may. */
export function policyItem(name: string, { requests, windowMs, burst }: Rate): string {
  const quota = Math.max(requests, burst)
  return `"${name}";q=${quota};w=${Math.ceil((windowMs * quota) / requests / 1000)}`
}

/** `"burst";r=0;t=1` */
export function limitItem(name: string, remaining: number, resetSeconds: number): string {
  return `"${name}";r=${remaining};t=${resetSeconds}`
}
