import { AdminError } from '../../../api/errors.ts'
import type { UsageQuery } from '../../../api/shapes/usage.ts'
import { usageDimensions, type UsageDimension, type UsageStep } from '../../../api/shapes/usage-names.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from './entry.ts'
import { finenessMs, outwards, type Span } from './pieces.ts'
import type { UsageQuestion, UsageScope } from './question.ts'
import type { Retention } from './retention.ts'

const lengthsMs: Readonly<Record<UsageStep, number>> = {
  minute: MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
  total: MINUTE_MS,
}
const words = new Map([
  [MINUTE_MS, 'minute'],
  [HOUR_MS, 'hour'],
  [DAY_MS, 'day'],
])

/** More than any level is kept. */
const MOST_STEPS = 5_000

export interface Circumstances {
  readonly nowMs: number
  readonly retention: Retention
  readonly scope: UsageScope | null
}

/** What a query asks; throws an AdminError that says what is wrong with it. */
export function usageQuestion(query: UsageQuery, { nowMs, retention, scope }: Circumstances): UsageQuestion {
  const { step, order, limit, cursor } = query
  const groupBy = dimensionsOf(query.groupBy ?? '')
  if (cursor !== undefined && order === 'requests')
    throw new AdminError(422, 'query: cursor is of order=key; order=requests has one page')
  return {
    ...spanOf(query, nowMs, retention),
    step,
    groupBy,
    chosen: chosenOf(query),
    scope,
    order,
    limit,
    after: cursor === undefined ? null : afterOf(cursor, step, groupBy),
  }
}

export function cursorOf(row: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(row)).toString('base64url')
}

function spanOf(query: UsageQuery, nowMs: number, retention: Retention): Span {
  const { step } = query
  const toMs = query.to === undefined ? nowMs : msOf(query.to, 'to')
  const fromMs = query.from === undefined ? toMs - DAY_MS : msOf(query.from, 'from')
  if (fromMs >= toMs) throw new AdminError(422, 'query: from must be before to')
  const lengthMs = lengthsMs[step]
  const finestMs = finenessMs(fromMs, nowMs, retention)
  if (step === 'total') return outwards({ fromMs, toMs }, finestMs, finenessMs(toMs, nowMs, retention))
  // Rows that are gone are not nothing that was used.
  if (finestMs > lengthMs)
    throw new AdminError(
      422,
      `query: of this time only each ${words.get(finestMs)!} is still kept; ask with step=${words.get(finestMs)!}, or from a later time`,
    )
  if ((toMs - fromMs) / lengthMs > MOST_STEPS)
    throw new AdminError(
      422,
      `query: these are more than ${MOST_STEPS} steps; ask for less time, or longer steps`,
    )
  return outwards({ fromMs, toMs }, lengthMs)
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

function msOf(text: string, name: string): number {
  const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isFinite(ms) || ms < 0)
    throw new AdminError(422, `query: ${name} is no time, expected one such as 2027-01-31T12:00:00Z`)
  return ms
}

function dimensionsOf(text: string): readonly UsageDimension[] {
  const names = text === '' ? [] : text.split(',').map(name => name.trim())
  for (const [i, name] of names.entries()) {
    if (!isDimension(name))
      throw new AdminError(
        422,
        `query: groupBy: "${name}" is not known, expected some of ${usageDimensions.join(', ')}`,
      )
    if (names.indexOf(name) !== i) throw new AdminError(422, `query: groupBy: ${name} is there twice`)
  }
  return names.filter(isDimension)
}

function isDimension(name: string): name is UsageDimension {
  return (usageDimensions as readonly string[]).includes(name)
}

function chosenOf(query: UsageQuery): UsageQuestion['chosen'] {
  return Object.fromEntries(
    usageDimensions.flatMap(name => {
      const values = query[name]
      if (values === undefined) return []
      return [[name, Array.isArray(values) ? values : [values]]]
    }),
  )
}

function afterOf(cursor: string, step: UsageStep, groupBy: readonly string[]): readonly (string | number)[] {
  let row: unknown
  try {
    row = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    row = null
  }
  const types = [...(step === 'total' ? [] : ['number']), ...groupBy.map(typeOf)]
  if (
    !Array.isArray(row) ||
    row.length !== types.length ||
    types.length === 0 ||
    !row.every((value, i) => typeof value === types[i])
  )
    throw new AdminError(422, 'query: cursor is none of this question, expected what an answer had as next')
  return row as (string | number)[]
}

/** As rows have it. */
function typeOf(dimension: string): 'string' | 'number' {
  return dimension === 'overQuota' ? 'number' : 'string'
}
