import { routeDefaults } from '../../model/defaults.ts'
import type { HTTPRoute, TLSRoute } from '../../model/kinds.ts'
import type { HTTPBackendRef, HTTPFilter, RequestMirror } from '../../model/kinds/http-filters.ts'
import type { HTTPRouteRetry, HTTPRouteRule } from '../../model/kinds/http-route.ts'
import { durationMs } from '../../model/quantity.ts'
import type { FieldPath } from '../../model/resource.ts'
import type {
  Action,
  Match,
  Mirror,
  Retry,
  Rule,
  StreamRule,
  WeightedBackend,
} from '../../snapshot/snapshot.ts'
import type { BackendRefs } from './backendrefs.ts'
import type { Flaw } from './conditions.ts'
import { retrySettings } from './defaults.ts'
import { filtersOf } from './filters.ts'
import type { Referrer } from './grants.ts'
import { GATEWAY_API } from './listeners.ts'
import { matchesOf } from './matches.ts'
import { originOf } from './origin.ts'
import type { Ranked } from './precedence.ts'

/** What an HTTPRoute or a TLSRoute comes to, whatever it is attached to. */
export interface RouteState {
  readonly route: HTTPRoute | TLSRoute
  readonly entries: readonly Ranked[]
  /** Of a TLSRoute, in place of entries. */
  readonly stream: StreamRule | null
  /** References that cannot be followed: ResolvedRefs. */
  readonly unresolved: readonly Flaw[]
  /** The rules that are not served as they are written, by their position: PartiallyInvalid, or Accepted where it is all of them. */
  readonly invalid: ReadonlyMap<number, readonly Flaw[]>
  readonly ruleCount: number
  readonly notServed: readonly { readonly path: FieldPath; readonly note: string }[]
}

const oneRule: readonly HTTPRouteRule[] = [{}]

/** `age` is the route's position among all, the oldest first. */
export function routeOf(route: HTTPRoute, age: number, backends: BackendRefs): RouteState {
  const rules = route.body.spec.rules ?? oneRule
  const work: RouteWork = {
    route,
    backends,
    from: { group: GATEWAY_API, kind: 'HTTPRoute', namespace: route.metadata.namespace },
    unresolved: [],
  }
  const entries: Ranked[] = []
  const invalid = new Map<number, readonly Flaw[]>()
  const notServed: { path: FieldPath; note: string }[] = []
  for (const [i, rule] of rules.entries()) {
    const path = ['spec', 'rules', i]
    const { matches, served, flaws } = ruleOf(work, rule, i)
    if (flaws.length > 0) invalid.set(i, flaws)
    if (rule.sessionPersistence)
      notServed.push({
        path: [...path, 'sessionPersistence'],
        note: 'session persistence is not served yet; requests go to any endpoint',
      })
    if (served !== null)
      for (const [j, match] of matches.entries())
        entries.push({ entry: { match, rule: served }, place: { route: age, rule: i, match: j } })
  }
  return {
    route,
    entries,
    stream: null,
    unresolved: work.unresolved,
    invalid,
    ruleCount: rules.length,
    notServed,
  }
}

interface RouteWork {
  readonly route: HTTPRoute
  readonly backends: BackendRefs
  readonly from: Referrer
  readonly unresolved: Flaw[]
}

interface RuleResult {
  readonly matches: readonly Match[]
  /** Null where the rule is dropped. */
  readonly served: Rule | null
  readonly flaws: readonly Flaw[]
}

function ruleOf(work: RouteWork, rule: HTTPRouteRule, i: number): RuleResult {
  const { route } = work
  const path = ['spec', 'rules', i]
  const { matches, flaws } = matchesOf(rule, path)
  const {
    filters,
    redirect,
    flaws: filterFlaws,
    missing,
  } = filtersOf(route, rule.filters ?? [], [...path, 'filters'], matches, 'rule')
  flaws.push(...filterFlaws)
  const backends = backendsOf(work, rule, path, matches, flaws)
  const mirrors = mirrorsOf(work, rule.filters ?? [], path)
  // An extension that nobody knows is an unresolved reference; other filters that cannot be had make the rule invalid.
  work.unresolved.push(...missing.filter(flaw => flaw.reason === 'InvalidKind'))
  const unserved = missing.filter(flaw => flaw.reason !== 'InvalidKind')
  if (flaws.length > 0) return { matches, served: null, flaws: [...flaws, ...unserved] }
  const { namespace, name } = route.metadata
  const action = missing.length > 0 ? failed : (redirect ?? forward(rule, backends, mirrors))
  const id = `httproute/${namespace}/${name}/${rule.name ?? i}`
  return {
    matches,
    served: { id, origin: originOf(route, path), filters: missing.length > 0 ? [] : filters, action },
    flaws: unserved,
  }
}

const failed: Action = { type: 'respond', failure: 'destination_not_found' }

/** Without any backend that is valid and has a weight, the answer is 500 (HTTPRouteRule.backendRefs). */
function forward(
  rule: HTTPRouteRule,
  backends: readonly WeightedBackend[],
  mirrors: readonly Mirror[],
): Action {
  if (backends.every(backend => backend.cluster === null)) return failed
  return {
    type: 'forward',
    backends,
    mirrors,
    requestTimeoutMs: durationMs(rule.timeouts?.request ?? '0s') ?? 0,
    backendTimeoutMs: durationMs(rule.timeouts?.backendRequest ?? '0s') ?? 0,
    retry: rule.retry === undefined ? null : retryOf(rule.retry),
  }
}

function retryOf({ attempts = retrySettings.attempts, codes = [], backoff }: HTTPRouteRetry): Retry {
  return {
    attempts,
    codes: [...codes],
    backoffMs:
      backoff === undefined ? retrySettings.backoffMs : (durationMs(backoff) ?? retrySettings.backoffMs),
  }
}

function backendsOf(
  work: RouteWork,
  rule: HTTPRouteRule,
  path: FieldPath,
  matches: readonly Match[],
  flaws: Flaw[],
): WeightedBackend[] {
  const backends: WeightedBackend[] = []
  for (const [i, ref] of (rule.backendRefs ?? []).entries()) {
    const at = [...path, 'backendRefs', i]
    const backend = backendOf(work, ref, at, matches, flaws)
    if (backend.weight > 0) backends.push(backend)
  }
  return backends
}

function backendOf(
  work: RouteWork,
  ref: HTTPBackendRef,
  path: FieldPath,
  matches: readonly Match[],
  flaws: Flaw[],
): WeightedBackend {
  const {
    filters,
    flaws: filterFlaws,
    missing,
  } = filtersOf(work.route, ref.filters ?? [], [...path, 'filters'], matches, 'backend')
  flaws.push(...filterFlaws)
  // A filter that cannot be had must not be skipped: the backend's share is answered 500.
  work.unresolved.push(...missing.map(flaw => ({ ...flaw, reason: 'InvalidKind' })))
  const resolved = resolve(work, ref, path)
  return {
    weight: ref.weight ?? routeDefaults.backendWeight,
    cluster: missing.length > 0 ? null : resolved,
    filters,
  }
}

function resolve(
  work: RouteWork,
  ref: HTTPBackendRef | RequestMirror['backendRef'],
  path: FieldPath,
): string | null {
  const cluster = work.backends.resolve(ref, work.from, path)
  if (typeof cluster === 'string') return cluster
  work.unresolved.push(cluster)
  return null
}

function mirrorsOf(work: RouteWork, filters: readonly HTTPFilter[], path: FieldPath): Mirror[] {
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
