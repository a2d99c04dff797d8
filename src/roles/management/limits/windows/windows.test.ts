import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { windowAt, type WindowLength } from './windows.ts'
import { localMs } from './zone.ts'

const iso = (text: string): number => {
  const at = Date.parse(text)
  assert.ok(Number.isFinite(at), text)
  return at
}

for (const [length, zone, anchor, at, start, end] of [
  // Calendars of UTC.
  ['Minute', 'UTC', null, '2026-11-26T10:20:30.5Z', '2026-11-26T10:20:00Z', '2026-11-26T10:21:00Z'],
  ['Hour', 'UTC', null, '2026-11-26T10:59:59.999Z', '2026-11-26T10:00:00Z', '2026-11-26T11:00:00Z'],
  ['Day', 'UTC', null, '2026-11-26T00:00:00Z', '2026-11-26T00:00:00Z', '2026-11-27T00:00:00Z'],
  ['Week', 'UTC', null, '2026-11-26T10:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['Week', 'UTC', null, '2026-11-22T23:59:59Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
  ['Month', 'UTC', null, '2026-02-28T23:59:59Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'],
  ['Month', 'UTC', null, '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ['Month', 'UTC', null, '2026-12-31T23:59:59Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['Year', 'UTC', null, '2026-11-26T10:00:00Z', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  // Of zones: a day of 23 hours, one of 25, and months between them.
  ['Day', 'Europe/Berlin', null, '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
  ['Day', 'Europe/Berlin', null, '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
  [
    'Month',
    'America/New_York',
    null,
    '2026-03-31T23:00:00-04:00',
    '2026-03-01T05:00:00Z',
    '2026-04-01T04:00:00Z',
  ],
  ['Week', 'Pacific/Auckland', null, '2026-09-27T12:00:00Z', '2026-09-27T11:00:00Z', '2026-10-04T11:00:00Z'],
  // Midnight that is not there (Cairo sets its clocks from 00:00 to 01:00), and a day that is not (Samoa, 30 December 2011).
  ['Day', 'Africa/Cairo', null, '2026-04-24T12:00:00Z', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
  ['Day', 'Pacific/Apia', null, '2011-12-30T12:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
  ['Day', 'Pacific/Apia', null, '2011-12-30T09:59:59Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
  // Midnight that is there twice (Havana sets its clocks from 01:00 to 00:00).
  ['Day', 'America/Havana', null, '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z'],
  // An hour that is there twice has two windows; where clocks are set by half an hour, one ends there.
  ['Hour', 'Europe/Berlin', null, '2026-10-25T00:30:00Z', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
  ['Hour', 'Europe/Berlin', null, '2026-10-25T01:30:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  ['Hour', 'Asia/Kathmandu', null, '2026-01-01T00:00:00Z', '2025-12-31T23:15:00Z', '2026-01-01T00:15:00Z'],
  [
    'Hour',
    'Australia/Lord_Howe',
    null,
    '2026-04-04T15:10:00Z',
    '2026-04-04T15:00:00Z',
    '2026-04-04T15:30:00Z',
  ],
  // Since a subscription began.
  [
    'Hour',
    'UTC',
    '2026-01-01T00:10:00Z',
    '2026-01-01T03:05:00Z',
    '2026-01-01T02:10:00Z',
    '2026-01-01T03:10:00Z',
  ],
  [
    'Day',
    'Europe/Berlin',
    '2026-03-01T10:00:00+01:00',
    '2026-03-29T12:00:00Z',
    '2026-03-29T08:00:00Z',
    '2026-03-30T08:00:00Z',
  ],
  [
    'Week',
    'UTC',
    '2026-01-07T12:00:00Z',
    '2026-01-14T11:59:59Z',
    '2026-01-07T12:00:00Z',
    '2026-01-14T12:00:00Z',
  ],
  [
    'Month',
    'UTC',
    '2026-01-31T09:00:00Z',
    '2026-02-28T08:59:59Z',
    '2026-01-31T09:00:00Z',
    '2026-02-28T09:00:00Z',
  ],
  [
    'Month',
    'UTC',
    '2026-01-31T09:00:00Z',
    '2026-02-28T09:00:00Z',
    '2026-02-28T09:00:00Z',
    '2026-03-31T09:00:00Z',
  ],
  [
    'Month',
    'UTC',
    '2026-01-31T09:00:00Z',
    '2026-04-30T09:00:00Z',
    '2026-04-30T09:00:00Z',
    '2026-05-31T09:00:00Z',
  ],
  [
    'Year',
    'UTC',
    '2024-02-29T00:00:00Z',
    '2026-03-01T00:00:00Z',
    '2026-02-28T00:00:00Z',
    '2027-02-28T00:00:00Z',
  ],
  [
    'Year',
    'UTC',
    '2024-02-29T00:00:00Z',
    '2028-02-28T23:59:59Z',
    '2027-02-28T00:00:00Z',
    '2028-02-29T00:00:00Z',
  ],
  // A time of the day that is not there begins where clocks are set.
  [
    'Day',
    'Europe/Berlin',
    '2026-03-01T02:30:00+01:00',
    '2026-03-29T05:00:00Z',
    '2026-03-29T01:00:00Z',
    '2026-03-30T00:30:00Z',
  ],
] as const)
  test(`${length} ${anchor === null ? 'of the calendar' : `since ${anchor}`} in ${zone} at ${at}`, () => {
    const { startMs, endMs } = windowAt(length, zone, anchor === null ? null : iso(anchor), iso(at))
    assert.deepEqual(
      [new Date(startMs).toISOString(), new Date(endMs).toISOString()],
      [new Date(iso(start)).toISOString(), new Date(iso(end)).toISOString()],
    )
  })

test('of a lifetime there is one', () => {
  assert.deepEqual(windowAt('Lifetime', 'UTC', null, Date.now()), { startMs: 0, endMs: Infinity })
})

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Antarctica/Troll',
]
const when = { min: Date.UTC(1995, 0, 1), max: Date.UTC(2035, 0, 1), noInvalidDate: true }
const millis = fc.integer({ min: when.min, max: when.max })
const lengths = ['Minute', 'Hour', 'Day', 'Week', 'Month', 'Year'] as const

test('windows are of one piece: the end of one is the start of the next, and each instant between is in it', () => {
  const one = fc.record({
    length: fc.constantFrom<WindowLength>(...lengths),
    zone: fc.constantFrom(...zones),
    anchor: fc.option(millis),
    at: millis,
    part: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  })
  fc.assert(
    fc.property(one, ({ length, zone, anchor, at, part }) => {
      const own = windowAt(length, zone, anchor, at)
      assert.ok(own.startMs <= at && at < own.endMs)
      const within = Math.floor(own.startMs + (own.endMs - own.startMs) * part)
      assert.deepEqual(windowAt(length, zone, anchor, within), own)
      assert.deepEqual(windowAt(length, zone, anchor, own.startMs), own)
      assert.deepEqual(windowAt(length, zone, anchor, own.endMs - 1), own)
      assert.equal(windowAt(length, zone, anchor, own.endMs).startMs, own.endMs)
      assert.equal(windowAt(length, zone, anchor, own.startMs - 1).endMs, own.startMs)
    }),
    { numRuns: 400 },
  )
})

// A reader that knows no offsets: it asks what the calendar on the wall shows, minute by minute.

const shown = new Map<string, Intl.DateTimeFormat>()

function wall(zone: string, at: number): { date: string; day: number; weekday: string; time: string } {
  let format = shown.get(zone)
  if (format === undefined) {
    const options = {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      weekday: 'short',
      hour: '2-digit',
    } as const
    format = new Intl.DateTimeFormat('en-GB', {
      ...options,
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: zone,
    })
    shown.set(zone, format)
  }
  const parts = new Map<string, string>(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const of = (type: string): string => parts.get(type) ?? ''
  return {
    date: `${of('year')}-${of('month')}-${of('day')}`,
    day: Number(of('day')),
    weekday: of('weekday'),
    time: `${of('hour')}:${of('minute')}`,
  }
}

const MINUTE = 60_000

/** The first minute of the day that is shown at an instant, by looking back. */
function firstMinute(zone: string, at: number): number {
  const { date } = wall(zone, at)
  let first = Math.floor(at / MINUTE) * MINUTE
  // Clocks that are set back may show the end of the day before again: further back it is this day once more.
  for (let back = first; back > first - 30 * 60 * MINUTE; back -= MINUTE)
    if (wall(zone, back).date >= date) first = back
  return first
}

test('days, weeks and months begin with the first minute that the calendar on the wall shows of them', () => {
  const changes = zones.flatMap(zone => changesOf(zone).map(at => ({ zone, at })))
  const near = fc.record({
    change: fc.constantFrom(...changes),
    hours: fc.integer({ min: -40, max: 40 }),
  })
  const any = fc.record({ zone: fc.constantFrom(...zones), at: millis })
  const spot = fc.oneof(
    any,
    near.map(({ change, hours }) => ({ zone: change.zone, at: change.at + hours * 3_600_000 })),
  )
  fc.assert(
    fc.property(spot, ({ zone, at }) => {
      const { startMs } = windowAt('Day', zone, null, at)
      // An instant that shows the day before again belongs to the day that has begun.
      const first = firstMinute(zone, startMs)
      assert.equal(startMs, first, `${zone} ${new Date(at).toISOString()}`)
      assert.ok(wall(zone, startMs - MINUTE).date < wall(zone, startMs).date)
      const week = windowAt('Week', zone, null, at).startMs
      assert.equal(wall(zone, week).weekday, 'Mon')
      assert.equal(firstMinute(zone, week), week)
      const month = windowAt('Month', zone, null, at).startMs
      assert.equal(wall(zone, month).day, 1)
      assert.equal(firstMinute(zone, month), month)
    }),
    { numRuns: 60 },
  )
})

/** Days on which clocks were set, by looking at each. */
function changesOf(zone: string): number[] {
  const found: number[] = []
  for (let at = when.min; at < when.max; at += 86_400_000)
    if (localMs(zone, at) - at !== localMs(zone, at + 86_400_000) - at - 86_400_000) found.push(at)
  return found.length === 0 ? [when.min] : found
}

test('windows since a subscription begin at the time of the day at which it began, unless clocks were set past it', () => {
  const one = fc.record({ zone: fc.constantFrom(...zones), anchor: millis, at: millis })
  fc.assert(
    fc.property(one, ({ zone, anchor, at }) => {
      const { startMs } = windowAt('Month', zone, anchor, at)
      const [begun, began] = [wall(zone, startMs), wall(zone, anchor)]
      if (begun.time !== began.time) {
        // It is where clocks were set forward.
        const jump = localMs(zone, startMs) - localMs(zone, startMs - 1)
        assert.ok(jump > 1, `${zone} ${new Date(anchor).toISOString()} ${new Date(startMs).toISOString()}`)
        return
      }
      const month = new Date(localMs(zone, startMs))
      const last = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 0)).getUTCDate()
      assert.equal(begun.day, Math.min(began.day, last))
    }),
    { numRuns: 300 },
  )
})
