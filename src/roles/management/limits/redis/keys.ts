import type { Meter } from '../meter.ts'

/** Is there as long as Redis has lost nothing of what was counted. */
export const KEPT_KEY = 'pc:kept'

/** Written to see whether anything can be. */
export const PROBE_KEY = 'pc:probe'

/** One hash slot for each who is counted. `startMs`: of the window of a quota. */
export function redisKey(meter: Meter, startMs: number): string {
  const { counted, key } = meter
  return meter.limit.isQuota ? quotaKey(counted.key, key, startMs) : `pc:{${counted.key}}:${key}`
}

/** Of a quota. `who`: Counted.key; `key`: Meter.key. */
export function quotaKey(who: string, key: string, startMs: number): string {
  return `pc:{${who}}:${key}:${startMs}`
}
