import type { Failure } from '../../../filters/filter.ts'
import type { FailureName } from '../../../http/failures.ts'
import type { Limit } from './limit.ts'

/** What a filter answers where one of its limits has no room. */
export type Denials = Readonly<Record<'rate' | 'quota', FailureName>>

/** `limits` are those without room; Infinity seconds: there will never be any. */
export function denialOf(
  owner: string,
  limits: readonly Limit[],
  retrySeconds: number,
  denials: Denials,
): Failure {
  const names = limits.map(({ name }) => name)
  return {
    failure: limits.some(limit => limit.isQuota) ? denials.quota : denials.rate,
    detail: `${owner}: ${names.join(', ')}`,
    // Where it will never have room there is no time to come back at.
    ...(retrySeconds !== Infinity && { fields: ['Retry-After', String(Math.max(1, retrySeconds))] }),
    members: { 'violated-policies': names },
  }
}
