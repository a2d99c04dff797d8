import type { Account } from '../../api/shapes/account.ts'
import type { Usage, UsageItem, UsageSums } from '../../api/shapes/usage.ts'
import type { UsageDimension } from '../../api/shapes/usage-names.ts'
import { usageCsv } from '../../api/usage-csv.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import type { Query } from '../command/admin-client.ts'
import type { Command, Given } from '../command/flag.ts'
import { roomOf, tableText, type Column } from '../command/table.ts'
import {
  application,
  by,
  rows,
  since,
  step,
  until,
  usageOutput,
  values,
  wordOf,
} from './commands/usage-flags.ts'
import { findApplication } from './find.ts'
import { account } from './flags.ts'
import { isId, operandsOf } from './operands.ts'
import { ask, sessionOf, type Session } from './session.ts'
import { objectName, timeText } from './texts.ts'

/** What one answer has at most. */
const PAGE = 10_000

/** `portcullis usage`; the exit code. */
export async function usage(given: Given, command: Command): Promise<number> {
  operandsOf(given, command, 0)
  const form = given.get(usageOutput)
  const session = sessionOf(given, form === 'json' ? 'json' : 'text')
  const groupBy = given.has(by) ? given.get(by) : (['application', 'api'] as const)
  const found = await allOf(session, await queryOf(session, given, groupBy), given.get(rows))
  if (form === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  else if (form === 'csv') process.stdout.write(usageCsv(found))
  else if (found.items.length === 0) process.stderr.write('nothing was used\n')
  else
    process.stdout.write(
      tableText(columnsOf(found), withTotal(found), roomOf(process.stdout), painter(showsColour(1))),
    )
  return 0
}

async function queryOf(session: Session, given: Given, groupBy: readonly UsageDimension[]): Promise<Query> {
  const chosen = values.map(({ dimension, flag }) => {
    const texts = given.get(flag)
    return [dimension, isObject(dimension) ? texts.map(inNamespace) : texts] as const
  })
  const app = given.get(application)
  const of = given.get(account)
  return {
    ...Object.fromEntries(chosen),
    groupBy: groupBy.join(','),
    step: given.get(step),
    from: given.get(since),
    to: given.get(until) || undefined,
    order: given.get(step) === 'total' ? 'requests' : 'key',
    application: app === '' ? undefined : (await findApplication(session, given, app)).id,
    account: of === '' ? undefined : await accountId(session, of),
  }
}

async function accountId(session: Session, text: string): Promise<string> {
  if (isId(text)) return text
  const path = `/v1/accounts/${encodeURIComponent(text)}`
  return (await ask<Account>(session, 'GET', path, { query: session.within })).id
}

/** All pages as one answer; `most` rows, where that is not 0. */
async function allOf(session: Session, query: Query, most: number): Promise<Usage> {
  const items: UsageItem[] = []
  const names: Record<string, string> = {}
  let first: Usage | null = null
  let cursor: string | null | undefined
  while (cursor !== null && (most === 0 || items.length < most)) {
    const limit = most === 0 ? PAGE : Math.min(PAGE, most - items.length)
    const page: Usage = await ask<Usage>(session, 'GET', '/v1/usage', {
      query: { ...query, limit, cursor },
    })
    first ??= page
    items.push(...page.items)
    Object.assign(names, page.names)
    cursor = page.next
  }
  return { ...first!, items, names, next: cursor ?? null }
}

/** The sum, where it is of more than one row. */
function withTotal({ items, total, groupBy }: Usage): readonly Row[] {
  if (items.length < 2 || total === null || groupBy.length === 0) return items
  return [...items, { at: null, by: null, ...total }]
}

interface Row extends UsageSums {
  readonly at: string | null
  /** Null: of all rows. */
  readonly by: UsageItem['by'] | null
}

function columnsOf({ step: of, groupBy, items, names }: Usage): readonly Column<Row>[] {
  const any = (count: (item: UsageItem) => number): boolean => items.some(item => count(item) > 0)
  const time: Column<Row> = { title: 'AT', of: ({ at, by: own }) => (own === null ? 'total' : timeText(at)) }
  const groups = groupBy.map((dimension, i): Column<Row> => {
    const isFirst = i === 0 && of === 'total'
    return {
      title: wordOf(dimension).toUpperCase().replace('-', ' '),
      of: ({ by: own }) =>
        own === null ? (isFirst ? 'total' : '') : textOf(dimension, own[dimension] ?? '', names),
    }
  })
  return [
    ...(of === 'total' ? [] : [time]),
    ...groups,
    { title: 'REQUESTS', of: ({ requests }) => String(requests) },
    {
      title: 'DENIED',
      of: ({ denied }) => some(denied),
      colour: ({ denied }) => (denied > 0 ? 'warning' : null),
    },
    {
      title: 'ERRORS',
      of: ({ errors }) => some(errors),
      colour: ({ errors }) => (errors > 0 ? 'error' : null),
    },
    ...(any(({ overQuota }) => overQuota)
      ? [{ title: 'OVER QUOTA', of: ({ overQuota }: Row) => some(overQuota) }]
      : []),
    { title: 'IN', of: ({ requestBytes }) => bytes(requestBytes), spare: 2 },
    { title: 'OUT', of: ({ responseBytes }) => bytes(responseBytes), spare: 1 },
    ...(any(({ cost }) => cost) ? [{ title: 'COST', of: ({ cost }: Row) => some(cost) }] : []),
  ]
}

function textOf(dimension: UsageDimension, value: string, names: Usage['names']): string {
  if (value === '') return '-'
  if (dimension === 'application' || dimension === 'account') return names[value] ?? value
  return isObject(dimension) ? objectName(value) : value
}

function isObject(dimension: UsageDimension): boolean {
  return dimension === 'api' || dimension === 'product' || dimension === 'plan'
}

function inNamespace(name: string): string {
  return name.includes('/') ? name : `default/${name}`
}

function some(count: number): string {
  return count === 0 ? '-' : String(Math.round(count * 1_000) / 1_000)
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

function bytes(value: number): string {
  if (value === 0) return '-'
  const power = Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1)
  const scaled = value / 1_000 ** power
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : Math.round(scaled)} ${UNITS[power]!}`
}
