// Time zones by Intl, which has the IANA database of the Node that runs. What is asked of them is asked once for a window.

const formats = new Map<string, Intl.DateTimeFormat>()

/** How far the zone's clocks are ahead of UTC at this instant, in milliseconds. */
export function offsetMs(zone: string, atMs: number): number {
  if (zone === 'UTC') return 0
  const seconds = Math.floor(atMs / 1000) * 1000
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(zone).formatToParts(seconds)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) - seconds
}

/** What the zone's clocks and calendars show, as the milliseconds at which those of UTC show the same. */
export function localMs(zone: string, atMs: number): number {
  return atMs + offsetMs(zone, atMs)
}

/** Further apart than the two instants at which UTC and any zone show the same. */
const REACH_MS = 15 * 3_600_000

/**
 * When the zone's clocks show this. Of two instants (clocks were set back) the first; where there is none (they were set
 * forward past it) the instant of the change.
 */
export function instantOf(zone: string, local: number): number {
  if (zone === 'UTC') return local
  const before = offsetMs(zone, local - REACH_MS)
  const after = offsetMs(zone, local + REACH_MS)
  for (const offset of [before, after]) if (offsetMs(zone, local - offset) === offset) return local - offset
  return changeWithin(zone, local - REACH_MS, local + REACH_MS)
}

/** The first instant after `fromMs`, up to `toMs`, of another offset than that of `fromMs`; `toMs` where there is none. */
export function changeWithin(zone: string, fromMs: number, toMs: number): number {
  const offset = offsetMs(zone, fromMs)
  let [low, high] = [fromMs, toMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetMs(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const numeric = 'numeric'
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  formats.set(zone, made)
  return made
}
