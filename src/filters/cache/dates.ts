const days = 'Sun|Mon|Tue|Wed|Thu|Fri|Sat'
const longDays = 'Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday'
const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'

/** The three forms of RFC 9110 §5.6.7, and no other: Date.parse takes nearly everything for a date. */
const forms = [
  new RegExp(`^(?:${days}), \\d{2} (?:${months}) \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`),
  new RegExp(`^(?:${longDays}), \\d{2}-(?:${months})-\\d{2} \\d{2}:\\d{2}:\\d{2} GMT$`),
  new RegExp(`^(?:${days}) (?:${months}) [ \\d]\\d \\d{2}:\\d{2}:\\d{2} \\d{4}$`),
]

/** Milliseconds since 1970 of an HTTP-date, or null where it is none. */
export function httpDateMs(text: string | undefined): number | null {
  if (text === undefined) return null
  if (forms[0]!.test(text)) return valid(Date.parse(text))
  if (forms[1]!.test(text)) return valid(obsolete(text))
  return forms[2]!.test(text) ? valid(Date.parse(`${text} GMT`)) : null
}

/** A year of two digits that seems more than 50 years ahead is of the century before. */
function obsolete(text: string): number {
  const [, day = '', month = '', year = '', time = ''] = /, (\d{2})-(\w{3})-(\d{2}) (\S+)/.exec(text)!
  const century = Math.floor(new Date().getUTCFullYear() / 100) * 100
  const full = century + Number(year)
  const read = full > new Date().getUTCFullYear() + 50 ? full - 100 : full
  return Date.parse(`${day} ${month} ${read} ${time} GMT`)
}

function valid(ms: number): number | null {
  return Number.isNaN(ms) ? null : ms
}
