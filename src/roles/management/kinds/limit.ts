import type { CelRule } from '../../../model/kind.ts'
import { Type } from 'typebox'
import type { FieldPath } from '../../../model/resource.ts'
import { integer, optional, pattern, required, type Violation } from '../../../model/kinds/shapes.ts'
import { limitDefaults } from './defaults.ts'
import { operationIds } from './operations.ts'
import { timeZone, timeZoneFault } from './time-zones.ts'

const MOST = 1_000_000_000_000_000

/** What limits of Plans and of RateLimitPolicies have in common. */
export const limitFields = {
  name: required(
    pattern('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', 'lower-case letters, digits and "-"', 63),
    'What clients are told of it in RateLimit and RateLimit-Policy, and the operator in log and metrics. What is counted is found again by it after a change.',
  ),
  kind: required(
    Type.Enum(['Rate', 'Quota']),
    'Rate: a steady pace, of which some may come at once (GCRA). Quota: so many in a window, which then begins anew.',
  ),
  unit: optional(
    Type.Enum(['Requests', 'Bytes', 'Cost']),
    'What is counted: requests, bytes of requests and responses, or what `costs` say.',
    limitDefaults.unit,
  ),
  amount: required(integer(1, MOST), 'How many.'),
  per: required(
    Type.Enum(['Second', 'Minute', 'Hour', 'Day', 'Week', 'Month', 'Year', 'Lifetime']),
    'In which time. A Rate has Second, Minute, Hour or Day; a Quota Minute and longer, Lifetime being once for all.',
  ),
  burst: optional(
    integer(1, MOST),
    'For a Rate, how many may come at once. Left out, as many as `amount`; 1: none before its time.',
  ),
  timeZone: optional(
    timeZone,
    'For a Quota, where its days begin, as the IANA database calls it: Europe/Berlin.',
    limitDefaults.timeZone,
  ),
  operations: optional(operationIds, 'Only requests for these operations count. Left out, or empty: all.'),
  exceeded: optional(
    Type.Enum(['Deny', 'Flag']),
    'What becomes of what is over it: 429, or it is let through and the backend and the usage are told.',
    limitDefaults.exceeded,
  ),
  counters: optional(
    Type.Enum(['Local', 'Exact']),
    'Where is counted: in this process, for all of its workers together, or in the store that --counters names, for all processes.',
    limitDefaults.counters,
  ),
  onStoreError: optional(
    Type.Enum(['Local', 'Allow', 'Deny']),
    'For counters: Exact, what counts while the store does not answer: what this process counts by itself, nothing, or nobody passes (503).',
    limitDefaults.onStoreError,
  ),
}

export type LimitPeriod = 'Second' | 'Minute' | 'Hour' | 'Day' | 'Week' | 'Month' | 'Year' | 'Lifetime'

/** A limit, as far as its rules look at it. */
interface LimitLike {
  readonly name: string
  readonly kind: 'Rate' | 'Quota'
  readonly unit?: string
  readonly amount: number
  readonly per: LimitPeriod
  readonly burst?: number
  readonly anchor?: string
  readonly timeZone?: string
  readonly scope?: string
  readonly by?: string
  readonly claim?: string
  readonly header?: string
  readonly operations?: readonly string[]
  readonly counters?: string
  readonly onStoreError?: string
}

/** Of the periods that a Rate has. */
const rateWindowMs = { Second: 1_000, Minute: 60_000, Hour: 3_600_000, Day: 86_400_000 } as const

/** What a burst takes to be earned again at most: longer, and a limit that was changed would be felt for weeks. */
const LONGEST_MS = 31 * rateWindowMs.Day

const periods = {
  Rate: ['Second', 'Minute', 'Hour', 'Day'],
  Quota: ['Minute', 'Hour', 'Day', 'Week', 'Month', 'Year', 'Lifetime'],
} as const

/** The same for an API server, of `spec.limits`. */
export const limitCel: readonly CelRule[] = [
  {
    path: 'spec.limits.*',
    rule: `self.kind == 'Rate' ? self.per in ['${periods.Rate.join("', '")}'] : self.per in ['${periods.Quota.join("', '")}']`,
    message: `per is one of ${periods.Rate.join(', ')} for a Rate, of ${periods.Quota.join(', ')} for a Quota`,
  },
  {
    path: 'spec.limits.*',
    rule: "self.kind == 'Rate' || !has(self.burst)",
    message: 'burst is only for kind: Rate',
  },
  {
    path: 'spec.limits.*',
    rule: "!has(self.onStoreError) || (has(self.counters) && self.counters == 'Exact')",
    message: 'onStoreError is only for counters: Exact',
  },
]

export function limitViolations(limits: readonly LimitLike[], at: FieldPath): Violation[] {
  return limits.flatMap((limit, i) => {
    const path = [...at, i]
    return [
      ...periodViolations(limit, path),
      ...strayViolations(limit, path),
      ...burstViolations(limit, path),
      ...twinViolations(limits, i, path),
    ]
  })
}

function periodViolations({ kind, per }: LimitLike, path: FieldPath): Violation[] {
  const known: readonly string[] = periods[kind]
  if (known.includes(per)) return []
  const message = `${per} is none of a ${kind}, expected ${known.join(', ')}`
  return [{ path: [...path, 'per'], message }]
}

/** Fields that would do nothing in this limit. */
function strayViolations(limit: LimitLike, path: FieldPath): Violation[] {
  const { kind, per, counters = limitDefaults.counters, timeZone: zone } = limit
  const stray = (field: keyof LimitLike, only: string): Violation[] =>
    limit[field] === undefined ? [] : [{ path: [...path, field], message: `is only for ${only}` }]
  if (kind === 'Rate')
    return [...stray('anchor', 'kind: Quota'), ...stray('timeZone', 'kind: Quota'), ...store()]
  const fault = zone === undefined ? null : timeZoneFault(zone)
  return [
    ...stray('burst', 'kind: Rate'),
    ...(per === 'Lifetime' ? stray('anchor', 'windows that end') : []),
    ...(per === 'Lifetime' ? stray('timeZone', 'windows that end') : []),
    ...(fault === null ? [] : [{ path: [...path, 'timeZone'], message: fault }]),
    ...store(),
  ]

  function store(): Violation[] {
    return counters === 'Exact' ? [] : stray('onStoreError', 'counters: Exact')
  }
}

function burstViolations({ kind, per, amount, burst = amount }: LimitLike, path: FieldPath): Violation[] {
  if (kind !== 'Rate' || !isRatePeriod(per)) return []
  if ((burst * rateWindowMs[per]) / amount <= LONGEST_MS) return []
  const most = Math.floor((LONGEST_MS * amount) / rateWindowMs[per])
  const message = `takes more than 31 days to be earned again, expected at most ${most}`
  return [{ path: [...path, 'burst'], message }]
}

function isRatePeriod(per: LimitPeriod): per is keyof typeof rateWindowMs {
  return Object.hasOwn(rateWindowMs, per)
}

/** Of two limits of the same, the greater one never counts. */
function twinViolations(limits: readonly LimitLike[], i: number, path: FieldPath): Violation[] {
  const own = sameness(limits[i]!)
  const twin = limits.findIndex((other, j) => j < i && sameness(other) === own)
  if (twin < 0) return []
  const message = `limits the same as ${limits[twin]!.name} before it, and of the two only the smaller one would count, expected one of them`
  return [{ path: [...path, 'name'], message }]
}

/** Two rates of one window are a pace and a peak where their bursts differ. */
function sameness(limit: LimitLike): string {
  const { kind, per, unit = limitDefaults.unit, operations = [], counters = limitDefaults.counters } = limit
  const window =
    kind === 'Rate'
      ? [limit.burst ?? limit.amount]
      : [limit.anchor ?? limitDefaults.anchor, limit.timeZone ?? limitDefaults.timeZone]
  const whose = [
    limit.scope ?? limitDefaults.scope,
    limit.by ?? limitDefaults.by,
    limit.claim,
    limit.header?.toLowerCase(),
  ]
  return JSON.stringify([kind, per, unit, counters, window, whose, [...operations].sort()])
}
