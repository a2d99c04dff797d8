import { sql, type Expression, type Kysely, type RawBuilder, type SqlBool } from 'kysely'
import type { UsageItem, UsageSums } from '../../../api/shapes/usage.ts'
import type { UsageDimension } from '../../../api/shapes/usage-names.ts'
import type { Tables } from '../store/tables.ts'
import { levels } from './entry-store.ts'
import { piecesOf, type Piece } from './pieces.ts'
import type { UsageQuestion, UsageScope } from './question.ts'

export interface UsageRows {
  readonly items: readonly UsageItem[]
  /** The last row, where more follow. */
  readonly next: readonly (string | number)[] | null
}

/** Rows of usage that answer a question, whose span begins and ends with buckets that are kept. */
export async function usageRows(db: Kysely<Tables>, question: UsageQuestion): Promise<UsageRows> {
  const { step, groupBy, order, limit, after } = question
  const keys = [...(step === 'total' ? [] : ['at']), ...groupBy.map(keyOf)]
  // Without keys there is one row, also of nothing.
  const grouped = keys.length === 0 ? sql`` : sql`group by ${names(keys)}`
  const sorted =
    order === 'requests'
      ? [sql`requests desc`, ...keys.map(key => sql.ref(key))]
      : keys.map(key => sql.ref(key))
  const from =
    after === null || keys.length === 0 ? sql`` : sql`where (${names(keys)}) > (${sql.join(after)})`
  const query = sql<Found>`
    select * from (
      select ${sql.join([...keys.map(key => sql.ref(key)), ...measures])}
      from (${unionOf(question)}) used
      ${grouped}
    ) sums
    ${from}
    ${sorted.length === 0 ? sql`` : sql`order by ${sql.join(sorted)}`}
    limit ${limit + 1}`
  const { rows } = await query.execute(db)
  const items = rows.slice(0, limit).map(row => itemOf(row, groupBy))
  const last = rows.length > limit && order === 'key' ? rows[limit - 1] : undefined
  return { items, next: last === undefined ? null : keys.map(key => last[key]!) }
}

/** Of all that is asked about, whatever page of it. */
export async function usageTotal(db: Kysely<Tables>, question: UsageQuestion): Promise<UsageSums> {
  const { items } = await usageRows(db, { ...question, step: 'total', groupBy: [], after: null, limit: 1 })
  const { at: _, by: __, ...sums } = items[0]!
  return sums
}

type Found = Readonly<Record<string, string | number>>

/** Columns of rows have the names of dimensions; this one is a number there. */
function keyOf(one: UsageDimension): string {
  return one
}

const isError = sql`status = '5xx' or outcome in ('upstream_error', 'gateway_error')`
const measures = [
  total(sql`requests`, 'requests'),
  total(sql`case when outcome like 'denied%' then requests else 0 end`, 'denied'),
  total(sql`case when ${isError} then requests else 0 end`, 'errors'),
  total(sql`case when ${sql.ref('overQuota')} = 1 then requests else 0 end`, 'over'),
  total(sql.ref('requestBytes'), 'requestBytes'),
  total(sql.ref('responseBytes'), 'responseBytes'),
  total(sql`cost`, 'cost'),
]

function total(what: Expression<unknown>, name: string): RawBuilder<unknown> {
  return sql`coalesce(sum(${what}), 0) as ${sql.id(name)}`
}

function names(keys: readonly string[]): RawBuilder<unknown> {
  return sql.join(keys.map(key => sql.ref(key)))
}

/** All rows that are asked about, with what is grouped by and summed up. */
function unionOf(question: UsageQuestion): RawBuilder<unknown> {
  const { step, fromMs, toMs } = question
  const level = levels.find(({ table }) => table === tableOf(step))
  const pieces = level === undefined ? piecesOf({ fromMs, toMs }) : [{ table: level.table, fromMs, toMs }]
  // Where nothing is between, no row is: an empty piece of any table.
  const all = pieces.length === 0 ? [{ table: levels[0].table, fromMs, toMs: fromMs }] : pieces
  return sql.join(
    all.map(piece => pieceOf(piece, question)),
    sql` union all `,
  )
}

function tableOf(step: UsageQuestion['step']): string | null {
  const tables = { minute: 'usageMinutes', hour: 'usageHours', day: 'usageDays', total: null } as const
  return tables[step]
}

function pieceOf(
  { table, fromMs, toMs }: Piece,
  { groupBy, chosen, scope }: UsageQuestion,
): RawBuilder<unknown> {
  const columns = new Set<string>([...groupBy, 'outcome', 'status', 'overQuota'])
  const where = [
    sql<SqlBool>`r.bucket >= ${fromMs} and r.bucket < ${toMs}`,
    ...Object.entries(chosen).map(([name, values]) => isOneOf(name, values)),
    ...(scope === null ? [] : [inScope(scope)]),
  ]
  return sql`
    select r.bucket as at, ${sql.join([...columns].map(name => sql.ref(`s.${name}`)))},
      r.requests, ${sql.ref('r.requestBytes')}, ${sql.ref('r.responseBytes')}, r.cost
    from ${sql.table(table)} r join ${sql.table('usageSeries')} s on s.id = r.series
    where ${sql.join(where, sql` and `)}`
}

function isOneOf(name: string, values: readonly string[]): RawBuilder<SqlBool> {
  const given = name === 'overQuota' ? values.map(value => Number(value === 'true')) : values
  return sql`${sql.ref(`s.${name}`)} in (${sql.join(given)})`
}

function inScope({ organizations, accounts, apis }: UsageScope): RawBuilder<SqlBool> {
  const parts = [
    // Of no scope there is nothing.
    sql`1 = 0`,
    ...(organizations.length === 0
      ? []
      : [sql`s.account in (select id from accounts where organization in (${sql.join(organizations)}))`]),
    ...(accounts.length === 0 ? [] : [sql`s.account in (${sql.join(accounts)})`]),
    ...(apis.length === 0 ? [] : [sql`s.api in (${sql.join(apis)})`]),
  ]
  return sql`(${sql.join(parts, sql` or `)})`
}

function itemOf(row: Found, groupBy: readonly UsageDimension[]): UsageItem {
  const number = (name: string): number => Number(row[name])
  return {
    at: row['at'] === undefined ? null : new Date(Number(row['at'])).toISOString(),
    by: Object.fromEntries(
      groupBy.map(name => [name, name === 'overQuota' ? String(row[name] === 1) : String(row[name])]),
    ),
    requests: number('requests'),
    denied: number('denied'),
    errors: number('errors'),
    overQuota: number('over'),
    requestBytes: number('requestBytes'),
    responseBytes: number('responseBytes'),
    cost: number('cost'),
  }
}
