import type { Ejection } from '../snapshot/health.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * The one state of an endpoint, the first that applies: `unready` says its EndpointSlice, `unhealthy` say checks,
 * `ejected` is what requests have met.
 */
export type EndpointState = 'unready' | 'unhealthy' | 'ejected' | 'serving'

interface Service<E> {
  /** Among whom to balance. */
  readonly serving: readonly E[]
  /** So few could serve that all do. */
  readonly panics: boolean
  /** How many of `of` are well. */
  readonly well: number
  readonly of: number
}

/** As Envoy has it (healthy_panic_threshold). */
const PANIC_PERCENT = 50

/** How many may be ejected at once: the share, but always one of two or more. */
export function mostEjected(policy: Pick<Ejection, 'maxEjectedPercent'>, count: number): number {
  if (count < 2) return 0
  return Math.max(1, Math.floor((count * policy.maxEjectedPercent) / 100))
}

/**
 * Who takes requests. Where fewer than the share are well, or endpoints have gone so that more are ejected than may be,
 * everyone does that is ready: one that may be dead is better than none, and the few that are left would fall next.
 * Who was never seen well has no part in that: its cluster asked for checks before requests.
 */
export function inService<E extends Endpoint>(
  all: readonly E[],
  policy: Ejection | null,
  panicPercent: number = PANIC_PERCENT,
): Service<E> {
  const known = standing(all).filter(({ sickness }) => sickness?.unchecked !== true)
  const well = known.filter(endpoint => endpoint.sickness === null && endpoint.ejectedUntilMs === 0)
  const of = known.length
  const panics =
    well.length < of &&
    panicPercent > 0 &&
    (well.length === 0 || well.length * 100 < of * panicPercent || isOverEjected(known, policy))
  return { serving: panics ? known : well, panics, well: well.length, of }
}

/** Those that are ready; where none is, those that end and still serve (KEP-1669), as kube-proxy has it. */
export function standing<E extends Endpoint>(all: readonly E[]): readonly E[] {
  if (all.every(({ readiness }) => readiness === null)) return all
  const ready = all.filter(({ readiness }) => readiness === null)
  return ready.length > 0 ? ready : all.filter(({ readiness }) => readiness === 'terminating')
}

function isOverEjected(known: readonly Endpoint[], policy: Ejection | null): boolean {
  if (policy === null) return false
  const ejected = known.filter(({ ejectedUntilMs }) => ejectedUntilMs > 0).length
  return ejected > mostEjected(policy, known.length)
}

export function stateOf({ readiness, sickness, ejectedUntilMs }: Endpoint): EndpointState {
  if (readiness !== null) return 'unready'
  if (sickness !== null) return 'unhealthy'
  return ejectedUntilMs > 0 ? 'ejected' : 'serving'
}

/** Why it is not serving, as far as this is known; "" where it is. */
export function reasonOf({ readiness, sickness, ejectedUntilMs, ejectedFor }: Endpoint): string {
  if (readiness !== null) return readinessReason(readiness)
  if (sickness !== null) return sickness.reason
  return ejectedUntilMs > 0 ? ejectedFor : ''
}

export function readinessReason(readiness: NonNullable<Endpoint['readiness']>): string {
  return readiness === 'terminating' ? 'it is terminating' : 'its EndpointSlice says so'
}
