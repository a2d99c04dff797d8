import type { ExpressionBuilder, Kysely, SqlBool, ExpressionWrapper } from 'kysely'
import { matching, pageOf } from './record-reader.ts'
import type { AuditQuery, Page } from './store.ts'
import type { AuditRow, Tables } from './tables.ts'

/** Newest first. */
export async function readAudit(db: Kysely<Tables>, query: AuditQuery): Promise<Page<AuditRow>> {
  const { where = {}, sinceMs, untilMs, before = null, limit = 100 } = query
  let rows = db.selectFrom('audit').selectAll().where(fields(where))
  if (sinceMs !== undefined) rows = rows.where('at', '>=', sinceMs)
  if (untilMs !== undefined) rows = rows.where('at', '<', untilMs)
  if (before !== null) rows = rows.where('seq', '<', Number(before))
  const found = await rows
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute()
  return pageOf(found, limit, row => String(row.seq))
}

type OfAudit = (eb: ExpressionBuilder<Tables, 'audit'>) => ExpressionWrapper<Tables, 'audit', SqlBool>

function fields(where: AuditQuery['where'] & object): OfAudit {
  return matching(where) as unknown as OfAudit
}
