import type { Scenario } from './page.ts'
import { breaker } from './scenarios/breaker.ts'
import { ejection } from './scenarios/ejection.ts'
import { retries } from './scenarios/retries.ts'
import { slowEndpoint } from './scenarios/slow-endpoint.ts'

/** In the order of docs/RESILIENCE.md. */
export const scenarios: readonly Scenario[] = [retries, slowEndpoint, ejection, breaker]
