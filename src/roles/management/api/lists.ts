import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { AdminError } from '../../../api/errors.ts'
import type { Reach } from '../access/scope.ts'

/** Columns that say whose a row is. */
export interface Columns {
  readonly organization?: string
  readonly team?: string
  readonly account?: string
}

/** The condition that leaves of a list what somebody may see. */
export function within(reach: Reach, columns: Columns): RawBuilder<SqlBool> {
  if (reach.everywhere) return sql`1 = 1`
  const parts = [
    among(columns.organization, reach.organizations),
    among(columns.team, reach.teams),
    among(columns.account, reach.accounts),
  ].filter(part => part !== null)
  return parts.length === 0 ? sql`1 = 0` : sql`(${sql.join(parts, sql` or `)})`
}

function among(column: string | undefined, ids: readonly string[]): RawBuilder<SqlBool> | null {
  return column === undefined || ids.length === 0 ? null : sql`${sql.ref(column)} in (${sql.join(ids)})`
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Ids are in the order in which they were made: a cursor is that of the last one. */
export function afterId(cursor: string | undefined): string {
  if (cursor === undefined) return ''
  if (!ID.test(cursor))
    throw new AdminError(422, 'query: cursor is none, expected what an answer had as next')
  return cursor
}

export function isId(text: string): boolean {
  return ID.test(text)
}

/** Of rows that were asked for with one more than the limit. */
export function pageOfRows<Row extends { readonly id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => Item,
): { readonly items: readonly Item[]; readonly next: string | null } {
  const part = rows.slice(0, limit)
  return { items: part.map(view), next: rows.length > limit ? part.at(-1)!.id : null }
}
