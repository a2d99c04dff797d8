import type { ResponseHead } from '../http/head.ts'
import type { ClusterRetry } from '../snapshot/resilience.ts'
import type { Retry } from '../snapshot/rule.ts'

/** What is repeated: what a route says, where it has a `retry`, and what the policy of the backend says beyond that. */
export interface RetryRules {
  /** Beyond the first; 0 is none. */
  readonly attempts: number
  readonly codes: readonly number[]
  readonly grpcCodes: readonly number[]
  /** No connection, or nothing of the request was sent. */
  readonly connectFailures: boolean
  /** The connection ended, or what came of an answer was none. */
  readonly resets: boolean
  readonly timeouts: boolean
  /** The least before the second attempt; doubled with each that follows, up to the other. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

/** As Envoy has it where nothing is said. */
const MOST_BACKOFFS = 10

/** What a route says by itself; null where it says nothing. */
export function routeRetry(retry: Retry | null): RetryRules | null {
  if (retry === null) return null
  const { attempts, codes, backoffMs } = retry
  return {
    attempts,
    codes,
    grpcCodes: [],
    connectFailures: true,
    resets: true,
    timeouts: true,
    backoffMs,
    maxBackoffMs: backoffMs * MOST_BACKOFFS,
  }
}

/** The route's word counts where it has one; of statuses, where it names any. */
export function withPolicy(route: RetryRules | null, policy: ClusterRetry): RetryRules {
  const backoffMs = route?.backoffMs ?? policy.backoffMs
  return {
    ...policy,
    attempts: route?.attempts ?? policy.attempts ?? 0,
    codes: route === null || route.codes.length === 0 ? policy.codes : route.codes,
    backoffMs,
    maxBackoffMs: policy.maxBackoffMs === 0 ? backoffMs * MOST_BACKOFFS : policy.maxBackoffMs,
  }
}

/**
 * How long to wait before attempt number `attempts` + 1; Infinity where the backend wants to be left alone for longer than
 * may be waited. The time that is configured is the least (HTTPRouteRetry.backoff); what is added to it keeps apart clients
 * that failed together.
 */
export function pauseBefore(
  { backoffMs: base, maxBackoffMs }: RetryRules,
  attempts: number,
  askedMs: number,
): number {
  const ms = Math.min(base * 2 ** (attempts - 1), Math.max(base, maxBackoffMs)) * (1 + Math.random() / 2)
  if (askedMs <= ms) return ms
  return askedMs <= maxBackoffMs ? askedMs : Infinity
}

/** What `Retry-After` asks for (RFC 9110 §10.2.3), seconds or a date; 0 where it is not there, or nobody can read it. */
export function retryAfterMs({ fields }: Pick<ResponseHead, 'fields'>, nowMs: number): number {
  const text = fields.get('retry-after')
  if (text === undefined) return 0
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs)
}
