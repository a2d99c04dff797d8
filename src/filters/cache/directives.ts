/** What is read of Cache-Control (RFC 9111 §5.2, RFC 5861); seconds, and -1 where a directive is not there. */
export interface Directives {
  readonly noStore: boolean
  readonly noCache: boolean
  readonly private: boolean
  readonly public: boolean
  readonly mustRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly onlyIfCached: boolean
  readonly maxAge: number
  readonly sMaxAge: number
  /** Infinity where it has no value. */
  readonly maxStale: number
  readonly minFresh: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
}

/** RFC 9111 §1.2.2: what is more than this is this. */
const MOST_SECONDS = 2 ** 31

export const noDirectives: Directives = {
  noStore: false,
  noCache: false,
  private: false,
  public: false,
  mustRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  onlyIfCached: false,
  maxAge: -1,
  sMaxAge: -1,
  maxStale: -1,
  minFresh: -1,
  staleWhileRevalidate: -1,
  staleIfError: -1,
}

type Flag = { [K in keyof Directives]: Directives[K] extends boolean ? K : never }[keyof Directives]
type Seconds = Exclude<keyof Directives, Flag>

const flags: Readonly<Record<string, Flag>> = {
  'no-store': 'noStore',
  // With names of fields they would be for those alone: as a whole is the stricter reading (§5.2.2.4).
  'no-cache': 'noCache',
  private: 'private',
  public: 'public',
  'must-revalidate': 'mustRevalidate',
  // Of shared caches it says the same (§5.2.2.8).
  'proxy-revalidate': 'mustRevalidate',
  'must-understand': 'mustUnderstand',
  'no-transform': 'noTransform',
  'only-if-cached': 'onlyIfCached',
}

const seconds: Readonly<Record<string, Seconds>> = {
  'max-age': 'maxAge',
  's-maxage': 'sMaxAge',
  'max-stale': 'maxStale',
  'min-fresh': 'minFresh',
  'stale-while-revalidate': 'staleWhileRevalidate',
  'stale-if-error': 'staleIfError',
}

/** The last one that was read: of one backend most values are the same. */
let lastText = ''
let last: Directives = noDirectives

/** Of all lines of Cache-Control together; undefined where there is none. */
export function directivesOf(text: string | undefined): Directives {
  if (text === undefined) return noDirectives
  if (text === lastText) return last
  const read: { -readonly [K in keyof Directives]: Directives[K] } = { ...noDirectives }
  for (const [, name = '', quoted, bare] of text.matchAll(
    /([^\s=,;"]+)(?:="((?:[^"\\]|\\.)*)"|=([^\s,;"]*))?/g,
  )) {
    const lower = name.toLowerCase()
    const flag = Object.hasOwn(flags, lower) ? flags[lower]! : null
    const number = Object.hasOwn(seconds, lower) ? seconds[lower]! : null
    if (flag !== null) read[flag] = true
    else if (number !== null) read[number] = least(read[number], secondsOf(number, quoted ?? bare))
  }
  lastText = text
  last = read
  return read
}

/** Of two that contradict the shorter counts: §4.2.1 lets a cache take it for stale. */
function least(before: number, now: number): number {
  return before === -1 ? now : Math.min(before, now)
}

/** What is no number is 0, so that what it is about is stale (§4.2.1), and not for ever. */
function secondsOf(name: Seconds, text: string | undefined): number {
  if (text === undefined || text === '') return name === 'maxStale' ? Infinity : 0
  return /^\d+$/.test(text) ? Math.min(Number(text), MOST_SECONDS) : 0
}
