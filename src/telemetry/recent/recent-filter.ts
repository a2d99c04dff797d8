import type { RecentRecord } from './slot-reader.ts'

/** Which records are wanted; what is left out is any. */
export interface RecentFilter {
  /** From the first to the last, both included; `error` is all that went wrong, whatever its status. */
  readonly status?: readonly [from: number, to: number] | 'error'
  readonly method?: string
  /** Id of a rule. */
  readonly route?: string
  readonly host?: string
  /** What the path begins with. */
  readonly path?: string
  readonly client?: string
  readonly cluster?: string
  /** Name of a failure, or of a rule of the codec. */
  readonly failure?: string
  readonly minDurationMs?: number
  /** `errors`, `slow`: what is kept for longer. */
  readonly keep?: 'all' | 'errors' | 'slow'
}

/** What can be judged by numbers alone. */
export interface RecentNumbers {
  readonly status: number
  readonly durationMs: number
  readonly isError: boolean
  readonly isSlow: boolean
}

export function numbersMatch(numbers: RecentNumbers, filter: RecentFilter): boolean {
  const { status, keep, minDurationMs = 0 } = filter
  if (numbers.durationMs < minDurationMs) return false
  if (keep === 'errors' && !numbers.isError) return false
  if (keep === 'slow' && !numbers.isSlow) return false
  if (status === undefined) return true
  if (status === 'error') return numbers.isError
  return numbers.status >= status[0] && numbers.status <= status[1]
}

export function recordMatches(record: RecentRecord, filter: RecentFilter): boolean {
  const { method, route, host, path, client, cluster, failure } = filter
  return (
    numbersMatch(record, filter) &&
    (method === undefined || record.method === method) &&
    (route === undefined || record.route === route) &&
    (host === undefined || record.host === host) &&
    (path === undefined || record.path.startsWith(path)) &&
    (client === undefined || record.client === client) &&
    (cluster === undefined || record.cluster === cluster) &&
    (failure === undefined || record.failure === failure || record.rejection === failure)
  )
}
