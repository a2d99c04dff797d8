import { backendDefaults } from '../../../model/defaults.ts'
import {
  duration,
  integer,
  object,
  optional,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import type { AdaptiveConcurrencySettings } from '../../../snapshot/resilience.ts'

const { adaptiveConcurrency: defaults } = backendDefaults
const LEAST_MS = 10

/** After Envoy's filter adaptive_concurrency, whose words are longer. */
export const adaptiveConcurrency = object({
  minLimit: optional(
    integer(1, 100_000),
    'Requests at once that are let through in any case, of this process; each worker has its share, at least 1.',
    defaults.minLimit,
  ),
  maxLimit: optional(
    integer(1, 1_000_000),
    'The limit is never more than this, of this process; each worker has its share.',
    defaults.maxLimit,
  ),
  sampleInterval: optional(
    duration,
    'How often the limit is judged; 10ms at least.',
    formatDuration(defaults.sampleMs),
  ),
  percentile: optional(
    integer(1, 99),
    'Which latency of such an interval is compared with the least one: that of so many percent.',
    defaults.percentile,
  ),
  minRtt: optional(
    object({
      interval: optional(
        duration,
        'How long the least latency that was seen is believed. Then it is found out anew.',
        formatDuration(defaults.minRttIntervalMs),
      ),
      requests: optional(
        integer(1, 10_000),
        'By so many requests, with no more than `minLimit` at once, where the limit was met since the last time; from what was seen where it was not.',
        defaults.minRttRequests,
      ),
      buffer: optional(
        integer(0, 1000),
        'So many percent above the least latency are no sign of too much.',
        defaults.bufferPercent,
      ),
      jitter: optional(
        integer(0, 100),
        'The interval is longer by up to so many percent, so that not all workers and replicas find out at once.',
        defaults.jitterPercent,
      ),
    }),
    'The least latency, from which too much is told.',
  ),
})

type Fields = Shape<typeof adaptiveConcurrency>

export function adaptiveConcurrencyViolations(given: Fields): Violation[] {
  const { minLimit = defaults.minLimit, maxLimit = defaults.maxLimit, sampleInterval, minRtt } = given
  const path = ['spec', 'adaptiveConcurrency']
  const violations: Violation[] = []
  if (maxLimit < minLimit)
    violations.push({
      path: [...path, given.maxLimit === undefined ? 'minLimit' : 'maxLimit'],
      message: `maxLimit ${maxLimit} is below minLimit ${minLimit}`,
    })
  const sampleMs = sampleInterval === undefined ? defaults.sampleMs : durationMs(sampleInterval)!
  if (sampleMs < LEAST_MS)
    violations.push({ path: [...path, 'sampleInterval'], message: `must be ${LEAST_MS}ms at least` })
  const minRttMs = minRtt?.interval === undefined ? defaults.minRttIntervalMs : durationMs(minRtt.interval)!
  if (minRttMs < 10 * sampleMs)
    violations.push({
      path: minRtt?.interval === undefined ? [...path, 'sampleInterval'] : [...path, 'minRtt', 'interval'],
      message: 'minRtt.interval must be ten times sampleInterval at least',
    })
  return violations
}

/** Undefined where no policy has any of it: `{}` is all by default. */
export function adaptiveConcurrencyOf(far?: Fields, near?: Fields): AdaptiveConcurrencySettings | undefined {
  if (far === undefined && near === undefined) return undefined
  const { minLimit, maxLimit, percentile, sampleInterval } = { ...defaults, ...far, ...near }
  const minRtt = { ...far?.minRtt, ...near?.minRtt }
  const ms = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : durationMs(text)!
  return {
    minLimit,
    // One policy may have said the one, and another the other.
    maxLimit: Math.max(minLimit, maxLimit),
    percentile,
    sampleMs: ms(sampleInterval, defaults.sampleMs),
    minRttIntervalMs: ms(minRtt.interval, defaults.minRttIntervalMs),
    minRttRequests: minRtt.requests ?? defaults.minRttRequests,
    bufferPercent: minRtt.buffer ?? defaults.bufferPercent,
    jitterPercent: minRtt.jitter ?? defaults.jitterPercent,
  }
}
