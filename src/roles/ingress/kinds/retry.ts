import { Type } from 'typebox'
import { retryDefaults } from '../../../model/defaults.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import {
  duration,
  integer,
  object,
  optional,
  set,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { ClusterRetry } from '../../../snapshot/resilience.ts'

/** Of an answer, by its status. */
const codesOf: Readonly<Record<string, readonly number[]>> = {
  '5xx': Array.from({ length: 100 }, (_, i) => 500 + i),
  'gateway-error': [502, 503, 504],
  'retriable-4xx': [409],
}

/** Of an answer that is nothing but a status of gRPC. */
const grpcCodesOf: Readonly<Record<string, readonly number[]>> = {
  cancelled: [1],
  'deadline-exceeded': [4],
  'resource-exhausted': [8],
  internal: [13],
  unavailable: [14],
}

/** The names are Envoy's, as Envoy Gateway's BackendTrafficPolicy has them. */
const triggers = [
  'connect-failure',
  'reset',
  'timeout',
  '5xx',
  'gateway-error',
  'retriable-4xx',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const

export const retry = object({
  nonIdempotent: optional(
    Type.Boolean(),
    'Whether requests may be repeated whose method is not idempotent, such as POST and PATCH, which every call of gRPC is. Without it that needs an Idempotency-Key, or that nothing of them was sent.',
    false,
  ),
  attempts: optional(
    integer(0, 100),
    'How often a request is repeated at most, where the route has no `retry`. Left out: once where `retryOn` is there, else never, beside connections that could not be made or had been closed.',
  ),
  retryOn: optional(
    object({
      triggers: optional(
        set(Type.Enum(triggers), triggers.length),
        'Failures, and statuses of HTTP and gRPC. `reset`: the connection ended before an answer, or what came was none; `timeout`: of an attempt. Left out: `connect-failure`, `reset` and `timeout`.',
      ),
      httpStatusCodes: optional(
        set(integer(400, 599), 200),
        'Statuses of responses, beside those of `triggers`; the codes of a route go before both.',
      ),
    }),
    'After what a request is repeated.',
  ),
  backOff: optional(
    object({
      baseInterval: optional(
        duration,
        'How long to wait at least before a request is repeated; doubled with each time, and up to half of it is added by chance. The `backoff` of a route goes before it.',
        formatDuration(retryDefaults.backoffMs),
      ),
      maxInterval: optional(
        duration,
        'The longest time of that. A backend that asks for a longer one by Retry-After is not asked again: its answer goes to the client. Left out: ten times the base.',
      ),
    }),
    'How long to wait between two attempts.',
  ),
})

export type RetryFields = Shape<typeof retry>

export function retryViolations({ backOff: { baseInterval, maxInterval } = {} }: RetryFields): Violation[] {
  const baseMs = baseInterval === undefined ? retryDefaults.backoffMs : durationMs(baseInterval)!
  if (maxInterval === undefined || durationMs(maxInterval)! >= baseMs) return []
  const path = ['spec', 'retry', 'backOff', 'maxInterval']
  return [{ path, message: `must not be below baseInterval (${formatDuration(baseMs)})` }]
}

/** Undefined where nothing is said of it beside `nonIdempotent`. */
export function clusterRetryOf({ attempts, retryOn, backOff }: RetryFields): ClusterRetry | undefined {
  if (attempts === undefined && retryOn === undefined && backOff === undefined) return undefined
  const on: readonly string[] = retryOn?.triggers ?? ['connect-failure', 'reset', 'timeout']
  const codes = [...on.flatMap(name => codesOf[name] ?? []), ...(retryOn?.httpStatusCodes ?? [])]
  return {
    attempts: attempts ?? (retryOn === undefined ? null : retryDefaults.attempts),
    codes: [...new Set(codes)].sort((a, b) => a - b),
    grpcCodes: on.flatMap(name => grpcCodesOf[name] ?? []),
    connectFailures: on.includes('connect-failure'),
    resets: on.includes('reset'),
    timeouts: on.includes('timeout'),
    backoffMs:
      backOff?.baseInterval === undefined ? retryDefaults.backoffMs : durationMs(backOff.baseInterval)!,
    maxBackoffMs: backOff?.maxInterval === undefined ? 0 : durationMs(backOff.maxInterval)!,
  }
}
