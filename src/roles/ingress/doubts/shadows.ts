import type { Match, PathMatch, Rule } from '../../../snapshot/rule.ts'
import type { Port, RouteEntry } from '../../../snapshot/snapshot.ts'
import { memoized, Successive, type Made } from '../../../snapshot/memo.ts'
import { placesBefore } from '../../../snapshot/runs.ts'
import type { Report } from '../../../translation/report.ts'
import { intersect } from '../routes/hostnames.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import { fieldOf, hostsOf, describeRule, type RuleField } from './rule-fields.ts'
import { hostnamesOf, type RouteState } from '../routes/route.ts'

const SHADOWED = { severity: 'error', reason: 'Shadowed', path: [] } as const
const EXPECTED = 'takes all that it would take; expected another hostname or match'

/** How many of its entries others have taken the requests of, and the first rule that did. */
interface Tally {
  readonly field: RuleField
  entries: number
  hidden: number
  by: Rule | null
}

/**
 * Routes, and rules of routes, that no request ever reaches: on every listener each of their entries comes after one
 * that takes all that it takes. Answers with the entries that are hidden.
 */
export function doubtShadows(ports: readonly Port[], report: Report): ReadonlySet<RouteEntry> {
  const routes = new Map<unknown, Tally>()
  const rules = new Map<unknown, Tally>()
  const hidden = new Set<RouteEntry>()
  const hosts = hostsOf(ports)
  if (hosts.every(({ entries }) => hidersOf(entries) === null)) return hidden
  for (const { entries } of hosts)
    for (let i = 0; i < entries.length; i++) {
      const by = hidersOf(entries)?.[i] ?? null
      const entry = entries[i]!
      const field = fieldOf(entry.rule)
      if (by !== null) hidden.add(entry)
      if (field === undefined) continue
      count(routes, field.route, field, by)
      count(rules, entry.rule.origin, field, by)
    }
  const gone = new Set([...routes.values()].filter(isHidden).map(({ field }) => field.route))
  for (const { field, by } of routes.values())
    if (gone.has(field.route) && by !== null)
      report.doubt(field.route, {
        ...SHADOWED,
        message: `no request reaches it: ${describeRule(by)} comes first, and ${EXPECTED}`,
      })
  for (const tally of rules.values())
    if (isHidden(tally) && tally.by !== null && !gone.has(tally.field.route))
      report.doubt(tally.field.route, {
        severity: 'warning',
        reason: 'RuleShadowed',
        path: tally.field.path,
        message: `no request reaches this rule: ${describeRule(tally.by)} comes first, and takes all that it would take`,
      })
  return hidden
}

/** Routes of connections of which others have all, on every listener that took them. */
export function doubtStreams(
  attached: ReadonlyMap<RouteState, ReadonlySet<ListenerState>>,
  report: Report,
): void {
  for (const [{ route, stream }, listeners] of attached) {
    if (stream === null) continue
    const shares = [...listeners].flatMap(({ streams }) => [...streams])
    if (shares.length === 0 || shares.some(([, { rule }]) => rule === stream)) continue
    const own = hostnamesOf(route)
    const names = own.length === 0 ? [''] : own
    const taker = shares.find(([hostname]) => names.some(name => intersect(hostname, name) !== null))?.[1]
    const who = taker === undefined ? `another ${route.kind}` : describeRule(taker.rule)
    report.doubt(route, {
      ...SHADOWED,
      message: `no ${route.kind === 'UDPRoute' ? 'datagram' : 'connection'} reaches it: ${who} comes first, and ${own.length === 0 ? 'takes all; expected another listener' : EXPECTED}`,
    })
  }
}

function count(tallies: Map<unknown, Tally>, key: unknown, field: RuleField, by: RouteEntry | null): void {
  let tally = tallies.get(key)
  if (tally === undefined) tallies.set(key, (tally = { field, entries: 0, hidden: 0, by: null }))
  tally.entries++
  if (by === null) return
  tally.hidden++
  tally.by ??= by.rule
}

function isHidden({ entries, hidden }: Tally): boolean {
  return hidden === entries
}

/** How many wide matches of one kind are looked at again; a host with more has other troubles. */
const MOST_WIDE = 100

/**
 * For each entry of a host, in their order, the one before it that takes all that it takes, or null: one that says the
 * same, a shorter prefix (of a route whose own hostname is the more specific), or a regular expression with an open end.
 * Null in place of the list where nothing is hidden.
 */
function hidersOf(entries: readonly RouteEntry[]): readonly (RouteEntry | null)[] | null {
  return memoized(judged, entries, judge).hiders
}

interface Judged {
  readonly hiders: readonly (RouteEntry | null)[] | null
  /** Whether all pairs were looked at. */
  readonly whole: boolean
}

/** Hosts in which nothing changes have the same entries. */
const judged = new WeakMap<readonly RouteEntry[], Judged>()
const last = new Successive<RouteEntry, Judged>()

function judge(entries: readonly RouteEntry[]): Judged {
  const before = last.before(entries)
  const isStillClean = before !== null && isClean(entries, before)
  return last.keep(entries, isStillClean ? { hiders: null, whole: true } : judgeAll(entries))
}

function judgeAll(entries: readonly RouteEntry[]): Judged {
  const seen = new Seen()
  const hiders = entries.map(entry => {
    const hider = seen.hiderOf(entry)
    if (hider === null) seen.add(entry)
    return hider
  })
  return { hiders: hiders.every(hider => hider === null) ? null : hiders, whole: seen.whole }
}

/** So many new entries are compared with all others one by one. */
const MOST_FRESH = 16

/** Whether nothing is hidden, since nothing was before, and what is new neither hides anything nor is hidden. */
function isClean(entries: readonly RouteEntry[], { list, value }: Made<RouteEntry, Judged>): boolean {
  if (value.hiders !== null || !value.whole) return false
  const places = placesBefore(list, entries)
  const fresh: number[] = []
  let place = -1
  for (let i = 0; i < places.length; i++) {
    if (places[i]! < 0) fresh.push(i)
    else if (places[i]! < place || fresh.length > MOST_FRESH) return false
    else place = places[i]!
  }
  return fresh.length <= MOST_FRESH && fresh.every(i => isAlone(entries, i))
}

function isAlone(entries: readonly RouteEntry[], at: number): boolean {
  const { match } = entries[at]!
  for (let i = 0; i < at; i++) if (hides(entries[i]!.match, match)) return false
  for (let i = at + 1; i < entries.length; i++) if (hides(match, entries[i]!.match)) return false
  return true
}

/** Whether `wide` is one that Seen finds for `narrow`. */
function hides(wide: Match, narrow: Match): boolean {
  const { type, value } = wide.path
  if (value === narrow.path.value && keyOf(wide) === keyOf(narrow)) return true
  if (type === 'prefix') return isWithin(narrow.path, value) && takesRest(wide, narrow)
  if (type !== 'regex' || narrow.path.type === 'regex') return false
  const start = openStart(value)
  return start !== null && takesPath(start, narrow.path) && takesRest(wide, narrow)
}

/** Whether a prefix is one of prefixesOf. */
function isWithin({ type, value }: PathMatch, prefix: string): boolean {
  if (prefix === '' || type === 'regex') return prefix === ''
  return value.startsWith(prefix) && (value.length === prefix.length || value[prefix.length] === '/')
}

class Seen {
  private readonly twins = new Map<string, RouteEntry>()
  private readonly prefixes = new Map<string, RouteEntry[]>()
  private readonly open: { readonly entry: RouteEntry; readonly start: OpenStart }[] = []
  /** False where there were too many to look at all. */
  whole = true

  add(entry: RouteEntry): void {
    const { path } = entry.match
    this.twins.set(keyOf(entry.match), entry)
    if (path.type === 'prefix') this.addPrefix(path.value, entry)
    const start = path.type === 'regex' ? openStart(path.value) : null
    if (start === null) return
    if (this.open.length < MOST_WIDE) this.open.push({ entry, start })
    else this.whole = false
  }

  hiderOf({ match }: RouteEntry): RouteEntry | null {
    const twin = this.twins.get(keyOf(match))
    if (twin !== undefined) return twin
    for (const prefix of prefixesOf(match.path))
      for (const wide of this.prefixes.get(prefix) ?? []) if (takesRest(wide.match, match)) return wide
    if (match.path.type === 'regex') return null
    const open = this.open.find(
      ({ entry, start }) => takesPath(start, match.path) && takesRest(entry.match, match),
    )
    return open?.entry ?? null
  }

  private addPrefix(value: string, entry: RouteEntry): void {
    const list = this.prefixes.get(value)
    if (list === undefined) this.prefixes.set(value, [entry])
    else if (list.length < MOST_WIDE) list.push(entry)
    else this.whole = false
  }
}

/** Every prefix that takes all of a path: `/a/b`, `/a` and "" of `/a/b`; of what a pattern takes only "" is certain. */
function* prefixesOf({ type, value }: PathMatch): Generator<string> {
  if (type !== 'regex')
    for (let end = value.length; end > 0; end = value.lastIndexOf('/', end - 1)) yield value.slice(0, end)
  yield ''
}

/** Equal for matches that take the same. */
function keyOf(match: Match): string {
  let key = keys.get(match)
  if (key === undefined) keys.set(match, (key = newKey(match)))
  return key
}

/** Matches stay as long as their routes do, and a text that was looked up once is looked up for less. */
const keys = new WeakMap<Match, string>()

function newKey({ path, method, headers, query }: Match): string {
  const base = `${path.type} ${path.value} ${method}`
  return headers.length + query.length === 0 ? base : `${base} ${sorted(headers)} ${sorted(query)}`
}

function sorted(list: Match['headers']): string {
  return list
    .map(({ name, type, value }) => JSON.stringify([name, type, value]))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join(' ')
}

/** What every path that a pattern takes begins with, where it takes all that go on from there. */
interface OpenStart {
  readonly text: string
  /** Whether something has to follow (`.+`). */
  readonly more: boolean
}

/** Of `/api/.*`; null where a pattern asks for anything else. */
function openStart(pattern: string): OpenStart | null {
  const [, text, end] = /^\^?((?:[A-Za-z0-9/_~%-]|\\[./~-])*)\.([*+])\$?$/.exec(pattern) ?? []
  return text === undefined ? null : { text: text.replaceAll('\\', ''), more: end === '+' }
}

function takesPath({ text, more }: OpenStart, { value }: PathMatch): boolean {
  const shortest = value === '' ? '/' : value
  return shortest.startsWith(text) && (!more || shortest.length > text.length)
}

/** Whether a match takes all that another one takes, as far as it is not about paths. */
function takesRest(wide: Match, narrow: Match): boolean {
  const among = (list: Match['headers'], others: Match['headers']): boolean =>
    list.every(one => others.some(other => sorted([one]) === sorted([other])))
  return (
    (wide.method === '' || wide.method === narrow.method) &&
    among(wide.headers, narrow.headers) &&
    among(wide.query, narrow.query)
  )
}
