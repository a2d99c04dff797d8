import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import {
  duration,
  INT32,
  integer,
  object,
  optional,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { BreakerSettings } from '../../../snapshot/resilience.ts'

const { breaker: defaults } = backendDefaults
const LEAST_MS = 1_000

/** The limits are named as in Envoy Gateway's BackendTrafficPolicy; connections and who waits for one are in `connections`. */
export const circuitBreaker = object({
  maxParallelRequests: optional(
    integer(0, INT32),
    'Most requests at once to the backend, of this process; each worker has its share. 503 beyond (backend_request_limit_reached). 0: no limit.',
    defaults.maxParallelRequests,
  ),
  maxParallelRetries: optional(
    integer(0, INT32),
    'Most of them that may be repeating at once; beyond, what failed is answered as it is. 0: no limit but the budget.',
    defaults.maxParallelRetries,
  ),
  trip: optional(
    object({
      interval: optional(
        duration,
        'The time over which attempts are counted, of all workers together; 1s at least.',
        formatDuration(defaults.intervalMs),
      ),
      minRequests: optional(integer(1, 100_000), 'Below so many nothing is judged.', defaults.minRequests),
      errorPercent: optional(
        integer(0, 100),
        'It opens where so many of them, in percent, failed: a status of 500 or more, no connection, none or half of an answer, none in time. 0: never.',
        defaults.errorPercent,
      ),
      slowPercent: optional(
        integer(0, 100),
        'It opens where so many of them, in percent, were slow. 0: never.',
        defaults.slowPercent,
      ),
      slowAfter: optional(
        duration,
        'An answer whose head takes longer than this is slow.',
        formatDuration(defaults.slowAfterMs),
      ),
      openFor: optional(
        duration,
        'So long all requests are answered 503 (breaker_open). Then some may try.',
        formatDuration(defaults.openMs),
      ),
      probes: optional(
        integer(1, 1000),
        'So many, of all workers together: it closes when they have succeeded, and opens again with the first that has not.',
        defaults.probes,
      ),
    }),
    'When nothing is sent to the backend for a while; `{}` for all that follows. Left out: never.',
  ),
})

type BreakerFields = Shape<typeof circuitBreaker>

export function breakerViolations({ trip }: BreakerFields): Violation[] {
  if (trip?.interval === undefined || durationMs(trip.interval)! >= LEAST_MS) return []
  return [{ path: ['spec', 'circuitBreaker', 'trip', 'interval'], message: 'must be 1s at least' }]
}

/** Undefined where nothing of it limits anything. */
export function breakerOf(far: BreakerFields = {}, near: BreakerFields = {}): BreakerSettings | undefined {
  const { maxParallelRequests = 0, maxParallelRetries = 0 } = { ...far, ...near }
  const trip = (far.trip ?? near.trip) && { ...far.trip, ...near.trip }
  if (maxParallelRequests === 0 && maxParallelRetries === 0 && trip === undefined) return undefined
  const ms = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : durationMs(text)!
  return {
    maxRequests: maxParallelRequests,
    maxRetries: maxParallelRetries,
    trip:
      trip === undefined
        ? null
        : {
            intervalMs: ms(trip.interval, defaults.intervalMs),
            minRequests: trip.minRequests ?? defaults.minRequests,
            errorPercent: trip.errorPercent ?? defaults.errorPercent,
            slowPercent: trip.slowPercent ?? defaults.slowPercent,
            slowAfterMs: ms(trip.slowAfter, defaults.slowAfterMs),
            openMs: ms(trip.openFor, defaults.openMs),
            probes: trip.probes ?? defaults.probes,
          },
  }
}
