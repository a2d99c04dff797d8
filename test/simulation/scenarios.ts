import type { Scenario } from './page.ts'
import { breaker } from './scenarios/breaker.ts'
import { concurrency } from './scenarios/concurrency.ts'
import { ejection } from './scenarios/ejection.ts'
import { hedging } from './scenarios/hedging.ts'
import { overload } from './scenarios/overload.ts'
import { retries } from './scenarios/retries.ts'
import { rolling } from './scenarios/rolling.ts'
import { slowEndpoint } from './scenarios/slow-endpoint.ts'

/** In the order of docs/RESILIENCE.md. */
export const scenarios: readonly Scenario[] = [
  retries,
  hedging,
  slowEndpoint,
  ejection,
  breaker,
  concurrency,
  overload,
  rolling,
]
