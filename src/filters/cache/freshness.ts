import type { Fields } from '../../http/fields.ts'
import type { StoredTimes } from '../../shared/cache/stored.ts'
import { httpDateMs } from './dates.ts'
import type { Directives } from './directives.ts'

/** What an answer says of its time. */
export interface Times extends StoredTimes {
  /** It says nothing, so that its lifetime is a guess. */
  readonly isHeuristic: boolean
}

/** RFC 9111 §1.2.2: what is more than this is this. */
const MOST_SECONDS = 2 ** 31

export interface HeuristicSettings {
  /** Of the time since Last-Modified; 0: nothing is guessed. */
  readonly heuristicShare: number
}

/** A guess is never longer (RFC 9111 §4.2.2 leaves that to us). */
const MOST_GUESSED_MS = 24 * 3_600_000

/** Statuses whose lifetime may be guessed (RFC 9110 §15.1). */
const guessable: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

export function timesOf(
  status: number,
  fields: Fields,
  directives: Directives,
  askedMs: number,
  receivedMs: number,
  { heuristicShare }: HeuristicSettings,
): Times {
  const dateMs = httpDateMs(fields.get('date')) ?? receivedMs
  const apparentMs = Math.max(0, receivedMs - dateMs)
  const toldMs = ageOf(fields) * 1000 + (receivedMs - askedMs)
  const saidMs = lifetimeMs(fields, directives, dateMs)
  const guessedMs =
    saidMs === null && heuristicShare > 0 ? guess(status, fields, directives, dateMs) * heuristicShare : 0
  return {
    initialAgeMs: Math.max(apparentMs, toldMs),
    receivedMs,
    freshMs: saidMs ?? Math.min(guessedMs, MOST_GUESSED_MS),
    isHeuristic: saidMs === null,
  }
}

export function ageMs({ initialAgeMs, receivedMs }: StoredTimes, nowMs: number): number {
  return initialAgeMs + Math.max(0, nowMs - receivedMs)
}

/** Null where the answer does not say. */
function lifetimeMs(fields: Fields, { sMaxAge, maxAge }: Directives, dateMs: number): number | null {
  if (sMaxAge >= 0) return sMaxAge * 1000
  if (maxAge >= 0) return maxAge * 1000
  const lines = fields.combined('expires')
  if (lines === undefined) return null
  // RFC 9111 §5.3: what is no date, "0" mostly, is in the past.
  const expiresMs = httpDateMs(lines)
  return expiresMs === null ? 0 : Math.max(0, expiresMs - dateMs)
}

/** Seconds; of a list the first counts (§5.1). What reads in another way is older than anything: it would be fresh for who does not understand it. */
function ageOf(fields: Fields): number {
  const text = fields.combined('age')
  if (text === undefined) return 0
  const [, first] = /^(\d+)(?:,\d+)*$/.exec(text) ?? []
  return first === undefined ? MOST_SECONDS : Math.min(Number(first), MOST_SECONDS)
}

function guess(status: number, fields: Fields, directives: Directives, dateMs: number): number {
  if (!guessable.has(status) && !directives.public) return 0
  const modifiedMs = httpDateMs(fields.get('last-modified'))
  return modifiedMs === null ? 0 : Math.max(0, dateMs - modifiedMs)
}
