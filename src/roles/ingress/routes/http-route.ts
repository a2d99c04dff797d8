import { retryDefaults } from '../../../model/defaults.ts'
import type { HTTPRoute, HTTPRouteRetry, HTTPRouteRule } from '../../../model/kinds/http-route.ts'
import { durationMs } from '../../../model/quantity.ts'
import type { Retry } from '../../../snapshot/rule.ts'
import { globDoubts } from '../doubts/globs.ts'
import { matchesOf } from './matches.ts'
import { httpWeight } from './precedence.ts'
import type { RouteState } from './route.ts'
import { routeState, type Dialect, type Leads } from './rules.ts'

const oneRule: readonly HTTPRouteRule[] = [{}]

export function httpRouteOf(route: HTTPRoute, age: number, leads: Leads): RouteState {
  return routeState(route, route.body.spec.rules ?? oneRule, age, leads, http)
}

const http: Dialect<HTTPRouteRule> = {
  use: 'http',
  matches(rule, path) {
    const { matches, flaws } = matchesOf(rule, path)
    return { matches: matches.map(match => ({ match, weight: httpWeight(match) })), flaws }
  },
  doubts: globDoubts,
  answerWithoutBackend: 'every request is answered 500',
  forwarding: ({ timeouts, retry }) => ({
    requestTimeoutMs: timeoutOf(timeouts?.request),
    backendTimeoutMs: timeoutOf(timeouts?.backendRequest),
    retry: retry === undefined ? null : retryOf(retry),
  }),
}

/** "When 0s is specified, the timeout is disabled": also that of a BackendPolicy. */
function timeoutOf(text: string | undefined): number {
  return text === undefined ? 0 : durationMs(text) || Infinity
}

function retryOf({ attempts = retryDefaults.attempts, codes = [], backoff }: HTTPRouteRetry): Retry {
  return {
    attempts,
    codes: [...codes],
    backoffMs:
      backoff === undefined ? retryDefaults.backoffMs : (durationMs(backoff) ?? retryDefaults.backoffMs),
  }
}
