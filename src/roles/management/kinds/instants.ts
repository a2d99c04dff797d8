import { pattern } from '../../../model/kinds/shapes.ts'

/** A day, which begins in UTC, or a moment of one (RFC 3339). `instantMs` reads it. */
export const instant = pattern(
  '^\\d{4}-\\d\\d-\\d\\d([Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?([Zz]|[+-]\\d\\d:\\d\\d))?$',
  'a day like "2026-11-01" or a moment like "2026-11-01T08:00:00Z"',
  40,
)

/** Milliseconds since 1970; null for a day that no calendar has, as February 30. */
export function instantMs(text: string): number | null {
  const ms = Date.parse(text.toUpperCase())
  if (Number.isNaN(ms)) return null
  // Date.parse takes February 30 for March 2.
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month <= 12 ? ms : null
}
