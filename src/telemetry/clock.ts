/**
 * RFC 3339 in UTC with milliseconds, formatted at most once per millisecond:
 * formatting costs some 300 ns, a request a few thousand, and a busy worker has
 * dozens of them in one millisecond.
 *
 * There is no coarse clock beside it. Date.now() and performance.now() cost
 * 40–50 ns each on the machine where bench/micro/telemetry.ts was first run; a
 * value refreshed by a timer would save two such calls a request and, in a busy
 * event loop, be wrong by as much as the loop is late: exactly when somebody
 * looks at durations.
 */
let lastMs = Number.NaN
let lastText = ''
let lastSecond = Number.NaN
let lastSecondText = ''

/** `ms` since the Unix epoch, an integer, between the years 0 and 9999. */
export function timestamp(ms: number): string {
  if (ms === lastMs) return lastText
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastSecondText = new Date(second * 1000).toISOString().slice(0, 20)
    lastSecond = second
  }
  const rest = ms - second * 1000
  lastText = `${lastSecondText}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`
  lastMs = ms
  return lastText
}
