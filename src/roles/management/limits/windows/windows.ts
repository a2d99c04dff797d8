import { changeWithin, instantOf, localMs, offsetMs } from './zone.ts'

/** What a quota is counted in: from `startMs` on, and before `endMs` (Infinity: for ever); milliseconds since 1970. */
export interface Window {
  readonly startMs: number
  readonly endMs: number
}

export type WindowLength = 'Minute' | 'Hour' | 'Day' | 'Week' | 'Month' | 'Year' | 'Lifetime'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Where calendars begin: a Monday, and the first of a year, at midnight. */
const CALENDAR = Date.UTC(2001, 0, 1)

/**
 * The window that an instant is in. Windows of one kind follow each other without a gap.
 *
 * Of a calendar (`anchorMs` null): they begin as the zone's clocks show a full minute or hour, midnight, midnight of a
 * Monday, of the first of a month, of a year. Otherwise as often after `anchorMs` as the zone's clocks show the same time
 * of the day again, on the same day of the week or the month; where a month has no such day, on its last one. A day in
 * which clocks are set has 23 or 25 hours.
 */
export function windowAt(length: WindowLength, zone: string, anchorMs: number | null, atMs: number): Window {
  switch (length) {
    case 'Lifetime':
      return { startMs: 0, endMs: Infinity }
    case 'Minute':
      return anchorMs === null ? clockWindow(MINUTE_MS, zone, atMs) : elapsed(MINUTE_MS, anchorMs, atMs)
    case 'Hour':
      return anchorMs === null ? clockWindow(HOUR_MS, zone, atMs) : elapsed(HOUR_MS, anchorMs, atMs)
    case 'Day':
    case 'Week':
    case 'Month':
    case 'Year': {
      const anchor = anchorMs === null ? CALENDAR : localMs(zone, anchorMs)
      return dateWindow(steps[length], zone, anchor, atMs)
    }
  }
}

/** Clocks that are set end a window and begin the next. */
function clockWindow(lengthMs: number, zone: string, atMs: number): Window {
  const offset = offsetMs(zone, atMs)
  const startMs = Math.floor((atMs + offset) / lengthMs) * lengthMs - offset
  const endMs = startMs + lengthMs
  return {
    startMs: offsetMs(zone, startMs) === offset ? startMs : changeWithin(zone, startMs, atMs),
    endMs: offsetMs(zone, endMs - 1) === offset ? endMs : changeWithin(zone, atMs, endMs),
  }
}

function elapsed(lengthMs: number, anchorMs: number, atMs: number): Window {
  const startMs = anchorMs + Math.floor((atMs - anchorMs) / lengthMs) * lengthMs
  return { startMs, endMs: startMs + lengthMs }
}

/** How windows of a length follow each other on the calendar; times are local. */
interface Step {
  /** About how many after the anchor a time is. */
  count(anchor: number, local: number): number
  /** When the one begins that is so many after the anchor. */
  at(anchor: number, count: number): number
}

const steps: Readonly<Record<'Day' | 'Week' | 'Month' | 'Year', Step>> = {
  Day: daysStep(1),
  Week: daysStep(7),
  Month: monthsStep(1),
  Year: monthsStep(12),
}

function daysStep(days: number): Step {
  return {
    count: (anchor, local) => Math.floor((local - anchor) / (days * DAY_MS)),
    at: (anchor, count) => anchor + count * days * DAY_MS,
  }
}

function monthsStep(months: number): Step {
  return {
    count: (anchor, local) => Math.floor((monthOf(local) - monthOf(anchor)) / months),
    at: (anchor, count) => inMonth(anchor, monthOf(anchor) + count * months),
  }
}

/** Months since the year 0. */
function monthOf(local: number): number {
  const date = new Date(local)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}

/** The same day and time in another month, or its last day. From the anchor each time: the 31st comes back after February. */
function inMonth(anchor: number, month: number): number {
  const year = Math.floor(month / 12)
  const last = new Date(Date.UTC(year, (month % 12) + 1, 0)).getUTCDate()
  const day = Math.min(new Date(anchor).getUTCDate(), last)
  return Date.UTC(year, month % 12, day) + (anchor - Math.floor(anchor / DAY_MS) * DAY_MS)
}

function dateWindow(step: Step, zone: string, anchor: number, atMs: number): Window {
  const begins = (count: number): number => instantOf(zone, step.at(anchor, count))
  let count = step.count(anchor, localMs(zone, atMs))
  let startMs = begins(count)
  while (startMs > atMs) startMs = begins(--count)
  let endMs = begins(count + 1)
  // Clocks that are set back show a time again, and a date that a zone leaves out begins with the next.
  while (endMs <= atMs) {
    startMs = endMs
    endMs = begins(++count + 1)
  }
  return { startMs, endMs }
}
