/** What setTimeout takes, 24 days; beyond that it would run at once. */
export const MOST_TIMER_MS = 2 ** 31 - 1

/** A configured time as a timer takes it. */
export const timerMs = (ms: number): number => Math.min(ms, MOST_TIMER_MS)
