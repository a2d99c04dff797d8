import type { UsageStep } from '../../../src/api/shapes/usage-names.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const stepsMs = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS } as const

export const ranges = {
  hour: { lengthMs: HOUR_MS, step: 'minute' },
  day: { lengthMs: DAY_MS, step: 'hour' },
  week: { lengthMs: 7 * DAY_MS, step: 'hour' },
  month: { lengthMs: 30 * DAY_MS, step: 'day' },
} as const satisfies Readonly<Record<string, { readonly lengthMs: number; readonly step: UsageStep }>>

export type Range = keyof typeof ranges

/** From when on, as RFC 3339, and in which steps. */
export function rangeOf(range: Range, nowMs: number): { readonly from: string; readonly step: UsageStep } {
  const { lengthMs, step } = ranges[range]
  return { from: new Date(nowMs - lengthMs).toISOString(), step }
}

/** When each step of a time begins: also those in which nothing was used, which an answer has not. */
export function stepsOf(step: keyof typeof stepsMs, from: string, to: string): readonly string[] {
  const stepMs = stepsMs[step]
  const starts: string[] = []
  for (let at = Math.floor(Date.parse(from) / stepMs) * stepMs; at < Date.parse(to); at += stepMs)
    starts.push(new Date(at).toISOString())
  return starts
}
