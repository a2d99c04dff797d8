import type { Stored } from '../../shared/cache/stored.ts'
import type { Directives } from './directives.ts'
import { ageMs } from './freshness.ts'

/** `fresh`: it is given as it is; `renew`: as well, and the backend is asked beside that; `ask`: it is asked first. */
export type Use = 'fresh' | 'stale' | 'renew' | 'ask'

/** Whether a stored answer is used without asking (RFC 9111 §4), for a request that says so of it. */
export function useOf({ times, policy }: Stored, request: Directives, nowMs: number): Use {
  if (policy.asks || request.noCache) return 'ask'
  const age = ageMs(times, nowMs)
  const leftMs = times.freshMs - age
  if (request.maxAge >= 0 && age > request.maxAge * 1000) return 'ask'
  if (leftMs > 0 && leftMs >= request.minFresh * 1000) return 'fresh'
  if (policy.strict || request.minFresh >= 0) return 'ask'
  if (-leftMs < policy.staleWhileRevalidateMs) return 'renew'
  return request.maxStale >= 0 && -leftMs <= request.maxStale * 1000 ? 'stale' : 'ask'
}

/** Whether it is given where the backend has failed (RFC 5861 §4). */
export function isGoodOnError({ times, policy }: Stored, request: Directives, nowMs: number): boolean {
  if (policy.strict || policy.asks) return false
  const forMs = Math.max(policy.staleIfErrorMs, request.staleIfError * 1000)
  return ageMs(times, nowMs) - times.freshMs < forMs
}
