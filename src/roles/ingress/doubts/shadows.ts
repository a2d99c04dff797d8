import type { Match, PathMatch, Port, RouteEntry, Rule } from '../../../snapshot/snapshot.ts'
import type { Report } from '../../../translation/report.ts'
import { intersect } from '../routes/hostnames.ts'
import type { ListenerState } from '../gateway/listeners.ts'
import { hostsOf, describeRule, type RuleField, type RuleFields } from './rule-fields.ts'
import type { RouteState } from '../routes/route.ts'

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
export function doubtShadows(
  ports: readonly Port[],
  fields: RuleFields,
  report: Report,
): ReadonlySet<RouteEntry> {
  const routes = new Map<unknown, Tally>()
  const rules = new Map<unknown, Tally>()
  const hidden = new Set<RouteEntry>()
  for (const { entries } of hostsOf(ports))
    for (const [i, by] of hidersOf(entries).entries()) {
      const entry = entries[i]!
      const field = fields.get(entry.rule.origin)
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

/** TLSRoutes all of whose hostnames others have, on every listener that took them. */
export function doubtStreams(
  attached: ReadonlyMap<RouteState, ReadonlySet<ListenerState>>,
  report: Report,
): void {
  for (const [{ route, stream }, listeners] of attached) {
    if (stream === null) continue
    const shares = [...listeners].flatMap(({ streams }) => [...streams])
    if (shares.length === 0 || shares.some(([, { rule }]) => rule === stream)) continue
    const names = route.body.spec.hostnames ?? ['']
    const taker = shares.find(([hostname]) => names.some(name => intersect(hostname, name) !== null))?.[1]
    const who = taker === undefined ? 'another TLSRoute' : describeRule(taker.rule)
    report.doubt(route, {
      ...SHADOWED,
      message: `no connection reaches it: ${who} comes first, and ${EXPECTED}`,
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
 */
function hidersOf(entries: readonly RouteEntry[]): readonly (RouteEntry | null)[] {
  const known = hiders.get(entries)
  if (known !== undefined) return known
  const seen = new Seen()
  const found = entries.map(entry => {
    const hider = seen.hiderOf(entry)
    if (hider === null) seen.add(entry)
    return hider
  })
  hiders.set(entries, found)
  return found
}

/** Hosts in which nothing changes have the same entries. */
const hiders = new WeakMap<readonly RouteEntry[], readonly (RouteEntry | null)[]>()

class Seen {
  private readonly twins = new Map<string, RouteEntry>()
  private readonly prefixes = new Map<string, RouteEntry[]>()
  private readonly open: { readonly entry: RouteEntry; readonly start: OpenStart }[] = []

  add(entry: RouteEntry): void {
    const { path } = entry.match
    this.twins.set(keyOf(entry.match), entry)
    if (path.type === 'prefix') this.addPrefix(path.value, entry)
    const start = path.type === 'regex' && this.open.length < MOST_WIDE ? openStart(path.value) : null
    if (start !== null) this.open.push({ entry, start })
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
