import { instantMs, minuteOfDay, weekdays, type ConditionConfig } from './condition-table.ts'
import { truth, type Predicate } from './truth.ts'

const MINUTE_MS = 60_000

/** Between two times of day goes over midnight where the first is later; the second is not within. Two instants likewise. */
export function compileTime(
  { timeZone, operator, values }: ConditionConfig,
  wallMs: () => number,
): Predicate {
  const [first = '', second = ''] = values
  const isOfDay = minuteOfDay(first) !== null
  const read = isOfDay ? minuteOfDay : instantMs
  const now = isOfDay ? minutesIn(timeZone, wallMs) : wallMs
  const from = read(first) ?? Number.NaN
  const to = read(second) ?? Number.NaN
  switch (operator) {
    case 'GreaterThan':
      return () => truth(now() >= from)
    case 'LessThan':
      return () => truth(now() < from)
    default:
      return () => {
        const at = now()
        return truth(from <= to ? at >= from && at < to : at >= from || at < to)
      }
  }
}

export function compileWeekday({ timeZone, values }: ConditionConfig, wallMs: () => number): Predicate {
  const days = new Set(values.map(value => weekdays.findIndex(day => day === value)))
  const local = localTime(timeZone, wallMs)
  return () => truth(days.has(local().weekday))
}

function minutesIn(zone: string, wallMs: () => number): () => number {
  const local = localTime(zone, wallMs)
  return () => local().minute
}

interface LocalTime {
  /** Of the day. */
  readonly minute: number
  /** 0: Sunday. */
  readonly weekday: number
}

/** What clocks in a zone show. Asked of Intl once a minute, for that costs microseconds; no zone changes within one. */
function localTime(zone: string, wallMs: () => number): () => LocalTime {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone === '' ? 'UTC' : zone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let atMinute = -1
  let known: LocalTime = { minute: 0, weekday: 0 }
  return () => {
    const nowMs = wallMs()
    const minute = Math.floor(nowMs / MINUTE_MS)
    if (minute !== atMinute) {
      atMinute = minute
      known = readParts(format.formatToParts(nowMs))
    }
    return known
  }
}

function readParts(parts: readonly Intl.DateTimeFormatPart[]): LocalTime {
  const part = (type: string): string => parts.find(one => one.type === type)?.value ?? ''
  return {
    minute: Number(part('hour')) * 60 + Number(part('minute')),
    weekday: weekdays.findIndex(day => day === part('weekday')),
  }
}
