import type { Ingress, IngressBackend, IngressPath } from '../../../model/kinds/ingress.ts'
import type { FieldPath } from '../../../model/resource.ts'
import { memoized } from '../../../snapshot/memo.ts'
import { closedAction } from '../../../snapshot/placed.ts'
import type { Match, Rule } from '../../../snapshot/rule.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'
import { ruleIdOf } from '../../../translation/rule-id.ts'
import { originOf } from '../origin.ts'
import { pathMatch, withoutSlash } from '../routes/matches.ts'
import { EXACT, httpWeight, type RankedEntry } from '../routes/precedence.ts'
import type { RouteState } from '../routes/route.ts'
import { routeState, type Dialect, type Leads, type RouteRule } from '../routes/rules.ts'
import { patternIn, patternMatch } from './closed-patterns.ts'

/** A path of an Ingress, or its default backend. */
interface IngressRule extends RouteRule {
  /** "" for any. */
  readonly host: string
  /** Null of the default backend. */
  readonly path: IngressPath | null
  readonly places: NonNullable<RouteRule['places']>
}

/** The same objects as long as the Ingress stays. */
const written = new WeakMap<Ingress, readonly IngressRule[]>()

/** An Ingress as a route whose rules have a host each. */
export function ingressRoute(ingress: Ingress, age: number, leads: Leads): RouteState<Ingress> {
  return routeState(ingress, rulesOf(ingress), age, leads, dialect)
}

/** What an Ingress brings to its hosts ("" for any), the same lists as long as it comes to the same. */
export interface IngressShares {
  readonly byHost: ReadonlyMap<string, readonly RankedEntry[]>
  /** For requests that no rule of any Ingress takes; null where it has no default backend. */
  readonly fallback: readonly RankedEntry[] | null
}

export function sharesOf(state: RouteState<Ingress>): IngressShares {
  return memoized(shares, state, newShares)
}

/**
 * Of one that is closed: what may be a pattern to the controller that protects it takes all that the pattern may, before
 * everything else of its host (behind longer paths where it is letters alone), or those requests would come to another Ingress without protection.
 */
export function closedSharesOf(
  state: RouteState<Ingress>,
  age: number,
  regexHosts: ReadonlySet<string>,
): IngressShares {
  const regex = rulesOf(state.route).map(({ host }) => regexHosts.has(host))
  const key = regex.join()
  const before = closedShares.get(state)
  if (before?.key === key) return before.made
  const made = newShares(withPatterns(state, age, regex))
  closedShares.set(state, { key, made })
  return made
}

const shares = new WeakMap<RouteState<Ingress>, IngressShares>()
/** Also by which of its rules are on hosts of regular expressions. */
const closedShares = new WeakMap<
  RouteState<Ingress>,
  { readonly key: string; readonly made: IngressShares }
>()

type Entries = Pick<RouteState<Ingress>, 'route' | 'entries'>

function withPatterns({ route, entries }: Entries, age: number, regex: readonly boolean[]): Entries {
  const served = new Map(entries.map(({ tie, entry }) => [tie.rule, entry.rule]))
  const patterns = new Map<number, RankedEntry>()
  for (const [i, { path, places }] of rulesOf(route).entries()) {
    const pattern = path === null ? null : patternIn(path, regex[i]!)
    if (path === null || pattern === null) continue
    const letters = path.path ?? ''
    const match = { ...everything, path: patternMatch(letters) }
    // What cannot be a path of a request has no rule.
    const rule = served.get(i) ?? closedRule(route, places.rule, i)
    patterns.set(i, {
      entry: { match, rule },
      weight: pattern === 'pattern' ? beforeAll(match) : asPrefix(letters),
      tie: { route: age, rule: i, match: 0 },
    })
  }
  return { route, entries: [...entries.filter(({ tie }) => !patterns.has(tie.rule)), ...patterns.values()] }
}

function closedRule(ingress: Ingress, path: FieldPath, i: number): Rule {
  const id = ruleIdOf(ingress, undefined, i)
  return { id, origin: originOf(ingress, path), filters: [], action: closedAction }
}

function beforeAll(match: Match): readonly number[] {
  return [EXACT + 1, ...httpWeight(match).slice(1)]
}

function asPrefix(value: string): readonly number[] {
  return httpWeight({ ...everything, path: { type: 'prefix', value: withoutSlash(value) } })
}

function newShares({ route, entries }: Pick<RouteState<Ingress>, 'route' | 'entries'>): IngressShares {
  const rules = rulesOf(route)
  const hosts = new Map<string, RankedEntry[]>()
  const add = (host: string, entry: RankedEntry): void => {
    const list = hosts.get(host)
    if (list === undefined) hosts.set(host, [entry])
    else list.push(entry)
  }
  const own = new Set((route.body.spec?.rules ?? []).flatMap(({ host = '' }) => (host === '' ? [] : [host])))
  let fallback: readonly RankedEntry[] | null = null
  for (const ranked of entries) {
    const rule = rules[ranked.tie.rule]!
    if (rule.path === null) fallback = [ranked]
    for (const host of rule.path === null ? own : [rule.host]) add(host, onHost(ranked, host))
  }
  return { byHost: hosts, fallback }
}

/**
 * `*.foo.example` takes bar.foo.example and neither foo.example nor a.bar.foo.example (IngressRule.host), where a
 * hostname of Gateway API takes the last as well.
 */
function onHost(ranked: RankedEntry, host: string): RankedEntry {
  if (!host.startsWith('*.')) return ranked
  const labels = host.split('.').map(() => '[^.]+')
  // What Host says may end in a dot, and have a port.
  const value = `${labels.join('\\.')}(\\.(:\\d*)?)?`
  const one = { name: 'host', type: 'regex' as const, value }
  const { match, rule } = ranked.entry
  return { ...ranked, entry: { match: { ...match, headers: [...match.headers, one] }, rule } }
}

function rulesOf(ingress: Ingress): readonly IngressRule[] {
  let rules = written.get(ingress)
  if (rules === undefined) written.set(ingress, (rules = newRules(ingress)))
  return rules
}

function newRules({ body: { spec = {} } }: Ingress): IngressRule[] {
  const { rules = [], defaultBackend } = spec
  const paths = rules.flatMap(({ host = '', http }, i) =>
    (http?.paths ?? []).map((path, j) => {
      const at = ['spec', 'rules', i, 'http', 'paths', j]
      return { ...ruleTo(path.backend, at, [...at, 'backend']), host, path }
    }),
  )
  // Hosts without paths are those of the default backend.
  if (defaultBackend === undefined) return paths
  const at = ['spec', 'defaultBackend']
  return [...paths, { ...ruleTo(defaultBackend, at, at), name: 'default', host: '', path: null }]
}

function ruleTo(
  { service, resource }: IngressBackend,
  rule: FieldPath,
  backend: FieldPath,
): Pick<IngressRule, 'places' | 'backendRefs'> {
  const places = { rule, backend }
  if (resource !== undefined) {
    const { apiGroup = '', kind, name } = resource
    return { places, backendRefs: [{ group: apiGroup, kind, name }] }
  }
  const { name = '', port = {} } = service ?? {}
  return {
    places,
    backendRefs: [
      {
        name,
        ...(port.number !== undefined && { port: port.number }),
        ...(port.name !== undefined && { portName: port.name }),
      },
    ],
  }
}

const everything: Match = { path: { type: 'prefix', value: '' }, method: '', headers: [], query: [] }

const dialect: Dialect<IngressRule> = {
  use: 'http',
  matches({ path }, at) {
    // Behind everything else of the same host, a prefix of "/" too.
    if (path === null) return { matches: [{ match: everything, weight: [-1] }], flaws: [] }
    const found: Flaw[] = []
    const { path: value = '', pathType } = path
    const type = pathType === 'Exact' ? 'Exact' : 'PathPrefix'
    const match = { ...everything, path: pathMatch({ type, value: value === '' ? '/' : value }, at, found) }
    const flaws = found.map(flaw => ({ ...flaw, path: [...at, 'path'] }))
    return { matches: [{ match, weight: httpWeight(match) }], flaws }
  },
  doubts: ({ path }, at) => (path === null ? [] : patternDoubts(path, at)),
  answerWithoutBackend: 'every request is answered 500',
  forwarding: () => ({ requestTimeoutMs: 0, backendTimeoutMs: 0, retry: null }),
}

/** What other controllers take for a pattern is taken here as it stands. */
function patternDoubts({ path = '', pathType }: IngressPath, at: FieldPath): Doubt[] {
  if (pathType !== 'ImplementationSpecific' || !/[*^$()[\]\\|?+]/.test(path)) return []
  const message = `${JSON.stringify(path)} is taken as the beginning of a path, and not as a pattern: expected an HTTPRoute with type RegularExpression`
  return [{ severity: 'warning', reason: 'LiteralPattern', path: [...at, 'path'], message }]
}
