import { hash } from 'node:crypto'
import { groupOf } from '../../../model/kind.ts'
import { routeDefaults } from '../../../model/defaults.ts'
import type { GRPCRoute } from '../../../model/kinds/grpc-route.ts'
import type {
  BackendObjectReference,
  HTTPBackendRef,
  HTTPFilter,
  RequestMirror,
} from '../../../model/kinds/http-filters.ts'
import type { SessionPersistence } from '../../../model/kinds/route.ts'
import type { HTTPRoute } from '../../../model/kinds/http-route.ts'
import type { Ingress } from '../../../model/kinds/ingress.ts'
import type { FieldPath } from '../../../model/resource.ts'
import { ingressFilters } from '../filter-types.ts'
import { FilterTable } from '../../../filters/compile.ts'
import { noActions } from '../../../proxy/action.ts'
import { compileFault } from '../../../proxy/compile.ts'
import type { Action, Forward, Match, Mirror, Rule, WeightedBackend } from '../../../snapshot/rule.ts'
import { backendless } from './backendless.ts'
import type { BackendRefs, Follow, NamedPort, Use } from '../backends/backend-refs.ts'
import { closedAction } from '../../../snapshot/placed.ts'
import { sessionConfig } from '../sessions/settings.ts'
import type { Doubt, Flaw } from '../../../translation/report.ts'
import type { Referrer } from '../../../translation/grants.ts'
import { ruleIdOf } from '../../../translation/rule-id.ts'
import { noteField } from '../doubts/rule-fields.ts'
import type { Extensions } from './extensions.ts'
import { filtersOf, type References } from './filters.ts'
import { originOf } from '../origin.ts'
import type { RankedEntry } from './precedence.ts'
import type { RouteState } from './route.ts'

/** What the rules of HTTPRoutes, GRPCRoutes and Ingresses have in common; the filters of a GRPCRoute are some of HTTP's. */
export interface RouteRule {
  readonly name?: string
  /** Where it is written, of an object whose rules are not `spec.rules` and have one backend. */
  readonly places?: { readonly rule: FieldPath; readonly backend: FieldPath }
  readonly filters?: readonly HTTPFilter[]
  readonly backendRefs?: readonly NamedBackendRef[]
  readonly sessionPersistence?: SessionPersistence
}

/** Of an Ingress a port may be named in place of its number. */
type NamedBackendRef = HTTPBackendRef & NamedPort

/** A match, and its weight for byPrecedence. */
export interface WeightedMatch {
  readonly match: Match
  readonly weight: readonly number[]
}

/** What tells one kind of route from the other. */
export interface Dialect<R extends RouteRule> {
  readonly use: Exclude<Use, 'stream'>
  /** The matches of a rule. A rule whose matches have flaws is not to be served, so they come together. */
  matches(rule: R, path: FieldPath): { matches: WeightedMatch[]; flaws: Flaw[] }
  /** What is legal in a rule and does not do what it seems to. */
  doubts(rule: R, path: FieldPath): readonly Doubt[]
  /** What a request gets that a rule without backends takes. */
  readonly answerWithoutBackend: string
  /** What a rule says of forwarding beside where to. */
  forwarding(rule: R): Omit<Forward, 'type' | 'backends' | 'mirrors'>
}

/** Where references of routes lead. */
export interface Leads {
  readonly backends: BackendRefs
  readonly extensions: Extensions
}

/** What has rules of this shape. */
export type RuleObject = HTTPRoute | GRPCRoute | Ingress

/** What a route came to, and all that it depends on beside the route: where its references led. */
interface Known<O extends RuleObject = RuleObject> {
  readonly state: RouteState<O>
  readonly age: number
  readonly followed: readonly Followed[]
  /** What its filters of its own were, by their names. */
  readonly extensions: ReadonlyMap<string, string>
}

/** A reference that led to a cluster. */
export interface Followed {
  /** Equal for references that lead to the same. */
  readonly way: string
  readonly from: Referrer
  readonly ref: BackendObjectReference & NamedPort
  readonly path: FieldPath
  readonly use: Use
  readonly cluster: string
}

/** Resources are immutable and stay the same object until they change. */
const known = new WeakMap<RuleObject, Known>()

/**
 * `age` is a number that is larger than those of older routes. A route comes to what it came to before as long as its
 * references lead where they led: then its rules are the same objects.
 */
export function routeState<R extends RouteRule, O extends RuleObject>(
  route: O,
  rules: readonly R[],
  age: number,
  { backends, extensions }: Leads,
  dialect: Dialect<R>,
): RouteState<O> {
  // Of an object there is what was made of it.
  const before = known.get(route) as Known<O> | undefined
  const from = { group: groupOf(route.apiVersion), kind: route.kind, namespace: route.metadata.namespace }
  if (
    before?.followed.every(one => leadsAsBefore(one, backends)) === true &&
    before.extensions.entries().every(([name, said]) => extensions.said(name, from.namespace) === said)
  ) {
    if (before.age === age) return before.state
    // All are numbered anew where no number was left between two.
    const state = withAge(before.state, age)
    known.set(route, { ...before, state, age })
    return state
  }
  const followed = new Map<string, Followed>()
  const follow: Follow = (ref, path, use = dialect.use) => {
    const cluster = backends.resolve(ref, from, path, use)
    const way = wayOf(from, ref, use)
    if (typeof cluster === 'string') followed.set(way, { way, from, ref, path, use, cluster })
    return cluster
  }
  const state = newState(route, rules, age, dialect, { follow, extensions })
  // What stands in the way of a reference may be anything, and is told with its place.
  if (state.unresolved.length === 0)
    known.set(route, {
      state,
      age,
      followed: [...followed.values()],
      extensions: extensionsOf(rules, extensions, from),
    })
  else known.delete(route)
  return state
}

export function leadsAsBefore(
  { way, from, ref, path, use, cluster }: Followed,
  backends: BackendRefs,
): boolean {
  return backends.resolveOnce(way, ref, from, path, use) === cluster
}

/** Where the references of a route led, if what it came to depends on nothing else beside it. */
export function ledBy(route: RuleObject): readonly Followed[] | null {
  const found = known.get(route)
  return found?.extensions.size === 0 ? found.followed : null
}

function extensionsOf(
  rules: readonly RouteRule[],
  extensions: Extensions,
  { namespace }: Referrer,
): ReadonlyMap<string, string> {
  const names = rules.flatMap(({ filters = [] }) => filters.flatMap(one => one.extensionRef?.name ?? []))
  return new Map(names.map(name => [name, extensions.said(name, namespace)]))
}

/** Equal for references that lead to the same. */
function wayOf(
  from: Referrer,
  { group, kind, namespace, name, port, portName }: BackendObjectReference & NamedPort,
  use: Use,
): string {
  return JSON.stringify([from.kind, from.namespace, group, kind, namespace, name, port, use, portName])
}

function withAge<O extends RuleObject>(state: RouteState<O>, age: number): RouteState<O> {
  const entries = state.entries.map(ranked => ({ ...ranked, tie: { ...ranked.tie, route: age } }))
  return { ...state, entries }
}

function newState<R extends RouteRule, O extends RuleObject>(
  route: O,
  rules: readonly R[],
  age: number,
  dialect: Dialect<R>,
  references: References,
): RouteState<O> {
  const work: RouteWork<R> = {
    route,
    dialect,
    references,
    unresolved: [],
    doubts: [],
  }
  const entries: RankedEntry[] = []
  const invalid = new Map<number, readonly Flaw[]>()
  for (const [i, rule] of rules.entries()) {
    const path = placeOf(rule, i)
    const { matches, served, flaws } = ruleOf(work, rule, i)
    if (flaws.length > 0) invalid.set(i, flaws)
    if (served !== null) {
      noteField(served.origin, { route, path })
      for (const [j, { match, weight }] of matches.entries())
        entries.push({ entry: { match, rule: served }, weight, tie: { route: age, rule: i, match: j } })
    }
  }
  return {
    route,
    entries,
    stream: null,
    unresolved: work.unresolved,
    invalid,
    ruleCount: rules.length,
    doubts: work.doubts,
  }
}

function placeOf({ places }: RouteRule, i: number): FieldPath {
  return places?.rule ?? ['spec', 'rules', i]
}

interface RouteWork<R extends RouteRule> {
  readonly route: RuleObject
  readonly dialect: Dialect<R>
  readonly references: References
  readonly unresolved: Flaw[]
  readonly doubts: Doubt[]
}

/** The parts that do not depend on the kind of rule. */
type Work = Omit<RouteWork<RouteRule>, 'dialect'>

interface RuleResult {
  readonly matches: readonly WeightedMatch[]
  /** Null where the rule is dropped. */
  readonly served: Rule | null
  readonly flaws: readonly Flaw[]
}

function ruleOf<R extends RouteRule>(work: RouteWork<R>, rule: R, i: number): RuleResult {
  const { route, dialect } = work
  const path = placeOf(rule, i)
  const { matches, flaws } = dialect.matches(rule, path)
  const isMatched = flaws.length === 0
  const plain = matches.map(({ match }) => match)
  const {
    filters,
    redirect,
    flaws: filterFlaws,
    missing,
    lost,
  } = filtersOf(route, rule.filters ?? [], [...path, 'filters'], plain, 'rule', work.references)
  flaws.push(...filterFlaws)
  const backends = backendsOf(work, rule, path, plain, flaws)
  const mirrors = mirrorsOf(work, rule.filters ?? [], path)
  // An extension that nobody knows is an unresolved reference, as is a service that cannot be asked.
  work.unresolved.push(...missing, ...lost)
  const isClosing = missing.length > 0 || (flaws.length > 0 && isProtected(rule))
  // Dropped, its requests would come to another rule, and past a filter that must not be skipped.
  const isClosed = isClosing && isMatched
  if (flaws.length > 0 && !isClosed) return { matches, served: null, flaws }
  work.doubts.push(...dialect.doubts(rule, path))
  if (redirect === null && !isClosing) {
    const doubt = backendless(rule.backendRefs ?? [], path, dialect.answerWithoutBackend)
    if (doubt !== null) work.doubts.push(doubt)
  }
  const forward = (): Action => forwardTo(backends, mirrors, dialect.forwarding(rule))
  const action = isClosing ? closedAction : (redirect ?? forward())
  const id = ruleIdOf(route, rule.name, i)
  const { sessionPersistence } = rule
  const keepsSessions = sessionPersistence !== undefined && action.type === 'forward'
  const served: Rule = {
    id,
    digest: digestOf(rule),
    origin: originOf(route, path),
    filters: isClosing
      ? []
      : keepsSessions
        ? [
            ...filters,
            sessionConfig(sessionPersistence, id, originOf(route, [...path, 'sessionPersistence'])),
          ]
        : filters,
    action: keepsSessions ? { ...action, sessions: true } : action,
  }
  const fault = compileFault(served, types)
  if (fault === null) return { matches, served, flaws }
  const message = `cannot be compiled, and its requests are answered 500: ${fault}`
  return {
    matches,
    served: { ...served, filters: [], action: uncompilable },
    flaws: [{ reason: 'UnsupportedValue', path, message }],
  }
}

/** Of what it says. */
function digestOf({ places: _, ...rule }: RouteRule): string {
  return hash('sha256', JSON.stringify(rule), 'base64url')
}

/** Whether something of it must not be skipped. */
function isProtected({ filters = [], backendRefs = [] }: RouteRule): boolean {
  return [...filters, ...backendRefs.flatMap(backend => backend.filters ?? [])].some(
    ({ type }) => type === 'ExternalAuth' || type === 'ExtensionRef',
  )
}

/** A rule of a route has none but these, whatever other roles have. */
const types = { filters: new FilterTable(ingressFilters), actions: noActions }

const uncompilable: Action = { type: 'respond', failure: 'proxy_configuration_error' }

const failed: Action = { type: 'respond', failure: 'destination_not_found' }

/** Without any backend that is valid and has a weight, the answer is 500, or UNAVAILABLE (backendRefs of both kinds of rules). */
function forwardTo(
  backends: readonly WeightedBackend[],
  mirrors: readonly Mirror[],
  rest: Omit<Forward, 'type' | 'backends' | 'mirrors'>,
): Action {
  if (backends.every(backend => backend.cluster === null || backend.weight === 0))
    return backends.some(({ closed }) => closed) ? closedAction : failed
  return { type: 'forward', backends, mirrors, ...rest }
}

function backendsOf(
  work: Work,
  rule: RouteRule,
  path: FieldPath,
  matches: readonly Match[],
  flaws: Flaw[],
): WeightedBackend[] {
  const backends: WeightedBackend[] = []
  for (const [i, ref] of (rule.backendRefs ?? []).entries()) {
    const at = rule.places?.backend ?? [...path, 'backendRefs', i]
    const backend = backendOf(work, ref, at, matches, flaws)
    // Sessions go on where they are, also on a backend that gets no others (GEP-1619, traffic splitting).
    if (backend.weight > 0) backends.push(backend)
    else if (rule.sessionPersistence && backend.cluster !== null) backends.unshift(backend)
  }
  return backends
}

function backendOf(
  work: Work,
  ref: NamedBackendRef,
  path: FieldPath,
  matches: readonly Match[],
  flaws: Flaw[],
): WeightedBackend {
  const {
    filters,
    flaws: filterFlaws,
    missing,
  } = filtersOf(work.route, ref.filters ?? [], [...path, 'filters'], matches, 'backend', work.references)
  flaws.push(...filterFlaws)
  // A filter that cannot be had must not be skipped: the backend's share is answered 500.
  work.unresolved.push(...missing)
  const cluster = resolve(work, ref, path)
  const { weight = routeDefaults.backendWeight } = ref
  return missing.length > 0
    ? { weight, cluster: null, closed: true, filters: [] }
    : { weight, cluster, filters }
}

function resolve(
  work: Work,
  ref: NamedBackendRef | RequestMirror['backendRef'],
  path: FieldPath,
): string | null {
  const cluster = work.references.follow(ref, path)
  if (typeof cluster === 'string') return cluster
  work.unresolved.push(cluster)
  return null
}

function mirrorsOf(work: Work, filters: readonly HTTPFilter[], path: FieldPath): Mirror[] {
  const mirrors: Mirror[] = []
  for (const [i, { requestMirror }] of filters.entries()) {
    if (requestMirror === undefined) continue
    const { backendRef, percent, fraction } = requestMirror
    const cluster = resolve(work, backendRef, [...path, 'filters', i, 'requestMirror', 'backendRef'])
    const numerator = fraction?.numerator ?? percent ?? routeDefaults.mirrorDenominator
    const denominator = fraction?.denominator ?? routeDefaults.mirrorDenominator
    if (cluster !== null && numerator > 0)
      mirrors.push({ cluster, numerator: Math.min(numerator, denominator), denominator })
  }
  return mirrors
}
