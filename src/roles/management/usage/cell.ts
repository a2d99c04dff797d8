import { failures, type FailureName } from '../../../http/failures.ts'
import { outcomeOf, outcomes } from './outcome.ts'

// What differs between the requests of one consumer to one operation, packed into a small number: so that a request that
// is like one before is counted without making anything.

/** `none`: the client had gone before there was one. */
export const statuses = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const

/** Upper bounds in milliseconds. Half a decade each: what a bucket is for is a service level, and each is a series. */
const BOUNDS_MS = [10, 30, 100, 300, 1_000, 3_000, 10_000] as const
const latencies = ['10ms', '30ms', '100ms', '300ms', '1s', '3s', '10s', 'more', 'tunnel'] as const

/** How long a tunnel was open says nothing of how fast anybody was. */
const TUNNEL = latencies.indexOf('tunnel')
const SLOWEST = latencies.indexOf('more')

const outcomeIndexes = new Map(
  (Object.keys(failures) as FailureName[]).map(name => [name, outcomes.indexOf(outcomeOf(name))]),
)

/** How a request ended. */
export interface Cell {
  readonly outcome: string
  readonly status: string
  readonly latency: string
  /** Beyond its quota, and let through. */
  readonly overQuota: boolean
}

export function cellCode(
  failure: FailureName | null,
  status: number,
  durationMs: number,
  overQuota: boolean,
): number {
  const outcome = failure === null ? 0 : (outcomeIndexes.get(failure) ?? 0)
  const latency = status === 101 ? TUNNEL : latencyIndex(durationMs)
  return (
    ((outcome * statuses.length + statusIndex(status)) * latencies.length + latency) * 2 + Number(overQuota)
  )
}

export function cellOf(code: number): Cell {
  const half = code >> 1
  const upper = Math.floor(half / latencies.length)
  return {
    outcome: outcomes[Math.floor(upper / statuses.length)]!,
    status: statuses[upper % statuses.length]!,
    latency: latencies[half % latencies.length]!,
    overQuota: (code & 1) === 1,
  }
}

/** In `statuses`. */
export function statusIndex(status: number): number {
  return status < 100 || status > 599 ? 0 : (status / 100) | 0
}

function latencyIndex(durationMs: number): number {
  let i = 0
  while (i < SLOWEST && durationMs > BOUNDS_MS[i]!) i++
  return i
}
