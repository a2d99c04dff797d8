import { isFailureName } from '../http/failures.ts'
import { noSteps, type FilterTable } from '../filters/compile.ts'
import type { Kit } from '../filters/kit.ts'
import { trialKit } from '../filters/trial-kit.ts'
import type { Forward, Mirror, Rule, StreamRule } from '../snapshot/snapshot.ts'
import type { Upstreams } from '../upstream/upstreams.ts'
import { findBackend, weighed } from './backend.ts'
import type { Observer } from './observe.ts'
import type { Overload } from './overload.ts'
import { compileRedirect } from './redirect.ts'
import type { CompiledAction, CompiledForward, CompiledMirror, CompiledRule, MirrorLoss } from './rule.ts'
import type { CompiledStream } from './stream.ts'

/** What compiled things hold on to. */
export interface Surroundings {
  readonly filters: FilterTable
  readonly kit: Kit
  readonly clusters: Pick<Upstreams, 'get'>
  readonly observer: Observer
  readonly overload: Overload
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
    return {
      rule,
      steps: around.filters.compile(rule.filters, around.kit),
      action: compileAction(rule, around),
      metrics: around.observer.route(rule.id),
      grpc: rule.action.type === 'forward' && rule.action.grpc === true,
    }
  } catch (error) {
    return compileClosed(rule, error, around)
  }
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
    steps: noSteps,
    action: { type: 'failure', failure: 'proxy_configuration_error', reason },
    metrics: observer.route(rule.id),
    grpc: false,
  }
}

/**
 * Why a rule could not be compiled, or null: for translation, whose conditions are to say what the workers will find.
 * What depends on clusters does not fail.
 */
export function compileFault({ filters, action }: Rule, types: FilterTable): string | null {
  try {
    types.compile(filters, trialKit)
    if (action.type === 'redirect') compileRedirect(action)
    if (action.type === 'forward')
      for (const backend of action.backends) types.compile(backend.filters, trialKit)
    return null
  } catch (error) {
    return String(error)
  }
}

function compileAction({ action }: Rule, around: Surroundings): CompiledAction {
  switch (action.type) {
    case 'forward':
      return compileForward(action, around)
    case 'redirect':
      return { type: 'redirect', respond: compileRedirect(action) }
    case 'respond':
      return {
        type: 'failure',
        failure: isFailureName(action.failure) ? action.failure : 'proxy_internal_error',
        reason: '',
      }
  }
}

function compileForward(action: Forward, around: Surroundings): CompiledForward {
  const backends = action.backends.map(backend => ({
    ...findBackend(backend, around),
    steps: around.filters.compile(backend.filters, around.kit),
  }))
  const mirrors = action.mirrors.flatMap(mirror => compileMirror(mirror, around))
  return {
    type: 'forward',
    ...weighed(backends),
    mirrors: mirrors.length === 0 ? null : mirrors,
    requestTimeoutMs: action.requestTimeoutMs,
    backendTimeoutMs: action.backendTimeoutMs,
    retry: action.retry,
  }
}

function compileMirror({ cluster, numerator, denominator }: Mirror, around: Surroundings): CompiledMirror[] {
  const found = around.clusters.get(cluster)
  if (found === undefined) return []
  const lost = (reason: MirrorLoss): void => around.mirrorLost(cluster, reason)
  return [{ cluster: found, share: numerator / denominator, lost }]
}
