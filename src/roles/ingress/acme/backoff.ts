import type { AcmeRefusal, RefusalReason } from './refusal.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/**
 * The first wait after a refusal, doubled with each further one, and the longest. Let's Encrypt takes five failed
 * validations of a name in an hour; a directory that is away for a moment is nobody's refusal.
 */
const waits: Readonly<Partial<Record<RefusalReason, readonly [firstMs: number, longestMs: number]>>> = {
  DirectoryUnreachable: [5_000, HOUR_MS],
  StoreFailed: [5_000, HOUR_MS],
  RateLimited: [15 * MINUTE_MS, 24 * HOUR_MS],
}
const otherWaits = [MINUTE_MS, 6 * HOUR_MS] as const

/** How long to wait after so many refusals in a row, this one included; `random` is from 0 to 1. */
export function waitMs(refusal: AcmeRefusal, failures: number, random: number): number {
  const [firstMs, longestMs] = waits[refusal.reason] ?? otherWaits
  const ms = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), longestMs)
  // Many that were refused at once do not come back at once.
  return Math.round(Math.max(ms, refusal.retryAfterMs) * (1 + random / 5))
}
