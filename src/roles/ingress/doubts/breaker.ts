import { formatDuration } from '../../../model/quantity.ts'
import { shortestWait, type Doubtful, type Said } from './backend-doubt.ts'

const TRIP = ['circuitBreaker', 'trip']

/** Breakers that never open, or for nothing that is wrong. */
export function breakerDoubts(said: Said): readonly Doubtful[] {
  if (said.cluster.breaker?.trip == null) return []
  return [inert, alwaysSlow, unseenSlowness, unusedSlowAfter, hasty].flatMap(doubt => doubt(said) ?? [])
}

function inert({ cluster: { breaker } }: Said): Doubtful | null {
  const { errorPercent, slowPercent } = breaker!.trip!
  if (errorPercent > 0 || slowPercent > 0) return null
  return {
    path: TRIP,
    message: 'it never opens: both errorPercent and slowPercent are 0; expected one of them above',
  }
}

function alwaysSlow({ cluster: { breaker } }: Said): Doubtful | null {
  const { slowPercent, slowAfterMs, minRequests } = breaker!.trip!
  if (slowPercent === 0 || slowAfterMs > 0) return null
  return {
    severity: 'error',
    reason: 'AlwaysOpens',
    path: [...TRIP, 'slowAfter'],
    message: `every answer takes longer than 0s: it opens after ${minRequests} of them, and again with each probe, so that requests are answered 503 (breaker_open); expected more than 0s`,
  }
}

function unseenSlowness(said: Said): Doubtful | null {
  const { slowPercent, slowAfterMs } = said.cluster.breaker!.trip!
  const first = shortestWait(said)
  if (slowPercent === 0 || first === null || slowAfterMs < first.ms) return null
  return {
    path: [...TRIP, 'slowPercent'],
    message: `no answer is slow: what takes ${formatDuration(slowAfterMs)} (slowAfter) has failed before, by timeouts.${first.field} (${formatDuration(first.ms)})`,
  }
}

function unusedSlowAfter({ cluster: { breaker }, specs }: Said): Doubtful | null {
  const { errorPercent, slowPercent } = breaker!.trip!
  const isSaid = specs.some(({ circuitBreaker }) => circuitBreaker?.trip?.slowAfter !== undefined)
  if (!isSaid || slowPercent > 0 || errorPercent === 0) return null
  return {
    path: [...TRIP, 'slowAfter'],
    message: 'slowPercent is 0, so that it opens for no slow answer; expected slowPercent beside it',
  }
}

function hasty({ cluster: { breaker } }: Said): Doubtful | null {
  const { errorPercent, minRequests } = breaker!.trip!
  if (errorPercent === 0 || minRequests > 1) return null
  return {
    reason: 'OpensAtOnce',
    path: [...TRIP, 'minRequests'],
    message:
      'one attempt that fails opens it for everybody, where nothing else was asked in its interval; expected as many as tell a backend that is down from a request that fails',
  }
}
