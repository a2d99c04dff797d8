import { isFailureName } from '../http/failures.ts'
import { noSteps, stepsOf, type FilterTable } from '../filters/compile.ts'
import type { Kit } from '../filters/kit.ts'
import { rankingOf } from '../filters/priority.ts'
import { trialKit } from '../filters/trial-kit.ts'
import type { Action, FilterConfig, Forward, Mirror, Rule, StreamRule } from '../snapshot/rule.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import type { ActionTable } from './action.ts'
import { findBackend, weighed } from './backend.ts'
import { Forwarding } from './forward.ts'
import { GrpcForwarding } from './grpc/forwarding.ts'
import { enterWeb } from './grpc/web-request.ts'
import type { HeldBodies } from './held-bodies.ts'
import { isOfAnswers, ListenerChain } from './listener-filters.ts'
import type { Observer } from './observe.ts'
import type { Overload } from './overload.ts'
import { compileRedirect } from './redirect.ts'
import { routeRetry } from './retry-rules.ts'
import { answering, type CompiledAction } from './run.ts'
import type { CompiledForward, CompiledMirror, CompiledRule, MirrorLoss } from './rule.ts'
import { SessionPlaces } from './sessions.ts'
import type { CompiledStream } from './proxied-stream.ts'

/** What rules may name. */
export interface RuleTypes {
  readonly filters: FilterTable
  readonly actions: ActionTable
}

/** What compiled things hold on to. */
export interface Surroundings {
  readonly types: RuleTypes
  readonly kit: Kit
  readonly clusters: Pick<Upstreams, 'get'>
  readonly observer: Observer
  readonly overload: Overload
  readonly held: HeldBodies
  /** Tells of a rule that cannot be compiled. */
  readonly uncompilable: (rule: string, reason: string) => void
  /** Tells of a copy of a request that did not reach a mirror. */
  readonly mirrorLost: (cluster: string, reason: MirrorLoss) => void
}

export function compileStream(
  rule: StreamRule,
  around: Pick<Surroundings, 'clusters' | 'observer'>,
): CompiledStream {
  const backends = rule.backends.length === 0 ? [nowhere] : rule.backends
  return {
    rule,
    ...weighed(backends.map(backend => findBackend(backend, around))),
    metrics: around.observer.route(rule.id),
  }
}

/** Of a rule whose backends have no weight. */
const nowhere = { weight: 1, cluster: null }

export function compileRule(rule: Rule, around: Surroundings): CompiledRule {
  try {
    const asks = asksOf(rule.action)
    const wanted = asks ? rule.filters : rule.filters.filter(config => !isOfAnswers(config))
    const filters = around.types.filters.ready(wanted, around.kit)
    const { asked, clusters } = recorded(around.clusters)
    return {
      rule,
      asks,
      filters,
      steps: stepsOf(filters),
      ranking: rankingOf(rule.filters),
      action: compileAction(rule.action, { ...around, clusters }),
      clusters: asked,
      metrics: around.observer.route(rule.id),
      enter: rule.action.type === 'forward' && rule.action.grpc === true ? enterWeb : null,
    }
  } catch (error) {
    return compileClosed(rule, error, around)
  }
}

/** Where all that would be asked is closed, or cannot be referred to, nobody is. */
function asksOf(action: Action): boolean {
  if (action.type !== 'forward') return action.type === 'handle'
  return action.backends.some(({ cluster, weight }) => cluster !== null && weight > 0)
}

/** The same, and a list of what was asked for. */
function recorded(clusters: Surroundings['clusters']) {
  const asked: (readonly [name: string, cluster: object | null])[] = []
  const get: Surroundings['clusters']['get'] = name => {
    const found = clusters.get(name)
    asked.push([name, found ?? null])
    return found
  }
  return { asked, clusters: { get } }
}

/** Stands for a rule that cannot be compiled: its requests meet no filter less, and others are served. */
export function compileClosed(
  rule: Rule,
  error: unknown,
  { observer, uncompilable }: Pick<Surroundings, 'observer' | 'uncompilable'>,
): CompiledRule {
  const reason = String(error)
  uncompilable(rule.id, reason)
  return {
    rule,
    asks: false,
    filters: [],
    steps: noSteps,
    ranking: null,
    clusters: [],
    action: answering(x => x.fail('proxy_configuration_error', reason)),
    metrics: observer.route(rule.id),
    enter: null,
  }
}

/** Of one listener; where one of its filters cannot be had, what closes it. */
export function compileChain(
  name: string,
  filters: readonly FilterConfig[],
  { types, kit, uncompilable }: Pick<Surroundings, 'types' | 'kit' | 'uncompilable'>,
): ListenerChain {
  try {
    return new ListenerChain(types.filters.ready(filters, kit), (far, near) =>
      types.filters.together(far, near, kit),
    )
  } catch (error) {
    const reason = String(error)
    uncompilable(name, reason)
    return new ListenerChain([], (_, near) => near, reason)
  }
}

/**
 * Why a rule could not be compiled, or null: for translation, whose conditions are to say what the workers will find.
 * What depends on clusters does not fail.
 */
export function compileFault({ filters, action }: Rule, types: RuleTypes): string | null {
  try {
    types.filters.ready(filters, trialKit)
    tryAction(action, types)
    return null
  } catch (error) {
    return String(error)
  }
}

function tryAction(action: Action, types: RuleTypes): CompiledAction {
  if (action.type === 'redirect') compileRedirect(action)
  if (action.type === 'forward')
    for (const backend of action.backends) types.filters.ready(backend.filters, trialKit)
  if (action.type === 'handle')
    types.actions.find(action.handler).compile(action, trialKit, inner => tryAction(inner, types))
  return answering(() => {})
}

function compileAction(action: Action, around: Surroundings): CompiledAction {
  switch (action.type) {
    case 'forward':
      return forwarding(compileForward(action, around), action.grpc === true)
    case 'redirect': {
      const respond = compileRedirect(action)
      return answering(x => x.respond(respond(x.request, x.localPort)))
    }
    case 'respond': {
      const failure = isFailureName(action.failure) ? action.failure : 'proxy_internal_error'
      return answering(x => x.fail(failure, ''))
    }
    case 'handle':
      return around.types.actions
        .find(action.handler)
        .compile(action, around.kit, inner => compileAction(inner, around))
  }
}

/** The time of the whole runs as soon as the run begins. */
function forwarding(action: CompiledForward, grpc: boolean): CompiledAction {
  return {
    begin(x) {
      const run = grpc ? new GrpcForwarding(x, action) : new Forwarding(x, action)
      run.arm()
      return run
    },
  }
}

function compileForward(action: Forward, around: Surroundings): CompiledForward {
  const { filters } = around.types
  const backends = action.backends.map(backend => ({
    ...findBackend(backend, around),
    steps: stepsOf(filters.ready(backend.filters, around.kit)),
  }))
  const mirrors = action.mirrors.flatMap(mirror => compileMirror(mirror, around))
  return {
    ...weighed(backends),
    mirrors: mirrors.length === 0 ? null : mirrors,
    requestTimeoutMs: action.requestTimeoutMs,
    backendTimeoutMs: action.backendTimeoutMs,
    sessions: action.sessions === true ? new SessionPlaces(backends) : null,
    retry: routeRetry(action.retry),
  }
}

function compileMirror({ cluster, numerator, denominator }: Mirror, around: Surroundings): CompiledMirror[] {
  const found = around.clusters.get(cluster)
  if (found === undefined) return []
  const lost = (reason: MirrorLoss): void => around.mirrorLost(cluster, reason)
  return [{ cluster: found, share: numerator / denominator, lost }]
}
