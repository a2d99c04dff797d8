import { Type } from 'typebox'
import { backendDefaults } from '../../../model/defaults.ts'
import { duration, integer, object, optional } from '../../../model/kinds/shapes.ts'
import { formatDuration } from '../../../model/quantity.ts'

const { successRate, latency } = backendDefaults

/** Below two there is nobody to compare with. */
const minEndpoints = (standard: number) =>
  optional(
    integer(2, 1000),
    'How many endpoints must have had enough requests for any to be compared.',
    standard,
  )

const minRequests = (standard: number) =>
  optional(
    integer(1, 1_000_000),
    'How many requests of the interval an endpoint must have had to be compared.',
    standard,
  )

/** spec.outlierDetection: which endpoints are left out for a while, by what requests of clients meet. */
export const outlierDetection = object({
  consecutiveFailures: optional(
    integer(1, 1000),
    'Connections that fail in a row until an endpoint is left out.',
    backendDefaults.consecutiveFailures,
  ),
  consecutive5xx: optional(
    integer(1, 1000),
    'Answers of 500 or more in a row until an endpoint is left out; connections that fail or break, and answers that do not come, count. Left out: they are not looked at.',
  ),
  consecutiveGatewayErrors: optional(
    integer(1, 1000),
    'The same of 502, 503 and 504, and of answers that do not come. Left out: they are not looked at.',
  ),
  interval: optional(
    duration,
    'The time over which endpoints are compared with the others.',
    formatDuration(backendDefaults.outlierIntervalMs),
  ),
  successRate: optional(
    object({
      minEndpoints: minEndpoints(successRate.minEndpoints),
      minRequests: minRequests(successRate.minRequests),
      deviations: optional(
        Type.Number({ minimum: 0.1, maximum: 10 }),
        'How many standard deviations below the mean of the endpoints one is left out, and at least five percentage points.',
        successRate.deviations,
      ),
    }),
    'Leaves out an endpoint that fails more often than the others; `{}` for what is usual.',
  ),
  latency: optional(
    object({
      minEndpoints: minEndpoints(latency.minEndpoints),
      minRequests: minRequests(latency.minRequests),
      factor: optional(
        Type.Number({ minimum: 1.1, maximum: 1000 }),
        'How many times as long as the median of the endpoints one may take to answer.',
        latency.factor,
      ),
      least: optional(
        duration,
        'Whoever answers faster than this is never left out.',
        formatDuration(latency.leastMs),
      ),
    }),
    'Leaves out an endpoint that is much slower than the others; `{}` for what is usual.',
  ),
  baseEjection: optional(
    duration,
    'How long it is left out the first time; twice, three times as long with the next ones.',
    formatDuration(backendDefaults.baseEjectionMs),
  ),
  maxEjection: optional(
    duration,
    'The longest time that it is left out.',
    formatDuration(backendDefaults.maxEjectionMs),
  ),
  maxEjectedPercent: optional(
    integer(0, 100),
    'Most endpoints that are left out at once, in percent, but always one of two or more. Where more have failed, all are used. 0: none is ever left out.',
    backendDefaults.maxEjectedPercent,
  ),
  panicThreshold: optional(
    integer(0, 100),
    'Where fewer of the endpoints than this, in percent, are neither left out nor found unhealthy by checks, all are used: those that are left would be next. 0: never, and where none is left requests are answered 503.',
    backendDefaults.panicPercent,
  ),
})
