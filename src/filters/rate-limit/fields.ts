import type { Rate } from './gcra.ts'

// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers), lists of strings with parameters (RFC 9651).
// The one place that knows how they are written: names and parameters have changed from draft to draft.

/** Of an integer of a structured field (RFC 9651 §3.3.1). */
const MOST = 999_999_999_999_999

/** `"burst";q=20;w=1`. Where more may come at once than in a window, of the window in which so many may. */
export function ratePolicy(name: string, { requests, windowMs, burst }: Rate, unit = ''): string {
  const quota = Math.max(requests, burst)
  return policyItem(name, quota, Math.ceil((windowMs * quota) / requests / 1000), unit)
}

/** `"traffic";q=1000000;qu="content-bytes";w=86400`. The unit is requests where it is "". Without a window: for ever. */
export function policyItem(name: string, quota: number, windowSeconds: number, unit = ''): string {
  const units = unit === '' ? '' : `;qu="${unit}"`
  const window = windowSeconds === Infinity ? '' : `;w=${Math.min(MOST, windowSeconds)}`
  return `"${name}";q=${Math.min(MOST, quota)}${units}${window}`
}

/** `"burst";r=0;t=1`. Without a time where there will never be more. */
export function limitItem(name: string, remaining: number, resetSeconds: number): string {
  const reset = resetSeconds === Infinity ? '' : `;t=${Math.min(MOST, resetSeconds)}`
  return `"${name}";r=${Math.min(MOST, remaining)}${reset}`
}
