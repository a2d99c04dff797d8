import { backendDefaults } from '../../../model/defaults.ts'
import { durationMs, formatDuration } from '../../../model/quantity.ts'
import {
  duration,
  integer,
  object,
  optional,
  required,
  type Shape,
  type Violation,
} from '../../../model/kinds/shapes.ts'
import type { RetryBudgetSettings } from '../../../snapshot/resilience.ts'

const LEAST_MS = 1_000

/** As retryConstraint of the standard's XBackendTrafficPolicy (GEP-3388): budget, and minRetryRate. */
export const retryBudget = object({
  percent: optional(
    integer(0, 100),
    'Most requests of the interval that may be retries, in percent.',
    backendDefaults.retryPercent,
  ),
  interval: optional(
    duration,
    'The time over which requests are counted; 1s at least.',
    formatDuration(backendDefaults.retryIntervalMs),
  ),
  minRetries: optional(
    object({
      count: required(integer(1, 1_000_000), 'How many.'),
      interval: required(duration, 'In which time.'),
    }),
    `Retries that are allowed whatever the percentage: ${backendDefaults.minRetries} in ${formatDuration(backendDefaults.retryIntervalMs)} where it is left out.`,
  ),
})

type RetryBudgetFields = Shape<typeof retryBudget>

export function retryBudgetViolations({ interval, minRetries }: RetryBudgetFields): Violation[] {
  const violations: Violation[] = []
  const tooShort = (text: string | undefined, path: string[]): void => {
    if (text !== undefined && durationMs(text)! < LEAST_MS)
      violations.push({ path: ['spec', 'retryBudget', ...path], message: 'must be 1s at least' })
  }
  tooShort(interval, ['interval'])
  tooShort(minRetries?.interval, ['minRetries', 'interval'])
  return violations
}

export function retryBudgetOf({ percent, interval, minRetries }: RetryBudgetFields): RetryBudgetSettings {
  const intervalMs = interval === undefined ? backendDefaults.retryIntervalMs : durationMs(interval)!
  const { retryPercent, retryIntervalMs, minRetries: least } = backendDefaults
  const { count, ms } =
    minRetries === undefined
      ? { count: least, ms: retryIntervalMs }
      : { count: minRetries.count, ms: durationMs(minRetries.interval)! }
  return { percent: percent ?? retryPercent, intervalMs, minRetries: Math.ceil((count * intervalMs) / ms) }
}
