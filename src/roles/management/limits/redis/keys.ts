import type { Meter } from '../meter.ts'

/** Is there as long as Redis has lost nothing of what was counted. */
export const KEPT_KEY = 'pc:kept'

/** One hash slot for each who is counted. `startMs`: of the window of a quota. */
export function redisKey(meter: Meter, startMs: number): string {
  const key = `pc:{${meter.counted.key}}:${meter.key}`
  return meter.limit.isQuota ? `${key}:${startMs}` : key
}
