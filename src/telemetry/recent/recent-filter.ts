import * as L from './layout.ts'
import type { RecentRecord } from './slot-reader.ts'
import type { Views } from './views.ts'

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

type Numbers = Pick<RecentRecord, 'status' | 'durationMs' | 'isError' | 'isSlow'>

function numbersMatch(numbers: Numbers, { status, keep, minDurationMs = 0 }: RecentFilter): boolean {
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

/**
 * The same of the slot at byte `at`, from the few parts that the filter names, without a look at the lock: for a tenth of
 * what it costs to read all of it. Whoever goes by this asks again of what he has read.
 */
export function slotMatches(views: Views, at: number, filter: RecentFilter): boolean {
  const { method, route, host, path, client, cluster, failure } = filter
  return (
    (!asksNumbers(filter) || numbersMatch(numbersAt(views, at), filter)) &&
    (route === undefined || partAt(views, at, 'route') === route) &&
    (path === undefined || partAt(views, at, 'path').startsWith(path)) &&
    (client === undefined || partAt(views, at, 'client') === client) &&
    (host === undefined || partAt(views, at, 'host') === host) &&
    (method === undefined || partAt(views, at, 'method') === method) &&
    (cluster === undefined || partAt(views, at, 'cluster') === cluster) &&
    (failure === undefined || partAt(views, at, 'why').split('\n', 2).includes(failure))
  )
}

/** Most do not, and each line of memory that another core has written costs 0.1 µs. */
function asksNumbers({ status, keep = 'all', minDurationMs = 0 }: RecentFilter): boolean {
  return status !== undefined || keep !== 'all' || minDurationMs > 0
}

function numbersAt({ int32, float64 }: Views, at: number): Numbers {
  const marks = int32[(at >> 2) + L.MARKS]!
  return {
    status: int32[(at >> 2) + L.STATUS]!,
    durationMs: float64[(at >> 3) + L.DURATION_MS]!,
    isError: (marks & L.MARK_ERROR) !== 0,
    isSlow: (marks & L.MARK_SLOW) !== 0,
  }
}

export function partAt({ uint16, bytes }: Views, at: number, name: L.PartName): string {
  const lengths = (at >> 1) + L.LENGTHS
  const part = L.parts.indexOf(name)
  let from = at + L.TEXT
  for (let i = 0; i < part; i++) from += uint16[lengths + i]!
  return bytes.latin1Slice(from, from + uint16[lengths + part]!)
}
