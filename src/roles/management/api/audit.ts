import { sql } from 'kysely'
import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import { type AuditEvent, AuditEvents, AuditQuery, AuditVerdict } from '../../../api/shapes/audit.ts'
import { actorOf } from '../access/actor.ts'
import { PLATFORM } from '../access/scope.ts'
import type { AuditRow } from '../store/tables.ts'
import { forbidden } from './allow.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { within } from './lists.ts'
import { storeProblem } from './store-problem.ts'
import { msOf, timeOf } from './times.ts'

const tags = ['audit']

/** Who has changed what. */
export function auditRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/audit',
    {
      config: { permission: 'audit:read' },
      schema: {
        summary: 'Changes, the newest first',
        tags,
        querystring: AuditQuery,
        response: { 200: AuditEvents },
      },
    },
    async ({ raw, query }) => {
      const { limit, cursor, since, until, actor, kind, object, action } = query
      const before = cursor === undefined ? null : seqOf(cursor)
      const store = await opened(api)
      const rows = await store.db
        .selectFrom('audit')
        .selectAll()
        .where(within(actorOf(accessOf(raw)).reach('audit:read'), { organization: 'organization' }))
        .$if(before !== null, one => one.where('seq', '<', before ?? 0))
        .$if(since !== undefined, one => one.where('at', '>=', msOf(since ?? '', 'query: since')))
        .$if(until !== undefined, one => one.where('at', '<', msOf(until ?? '', 'query: until')))
        .$if(actor !== undefined, one => one.where('actor', '=', actor ?? ''))
        .$if(kind !== undefined, one => one.where('kind', '=', kind ?? ''))
        .$if(action !== undefined, one =>
          // As the answer has it, or without the kind.
          one.where(
            sql<boolean>`(${sql.ref('action')} = ${action} or ${sql.ref('kind')} || '.' || ${sql.ref('action')} = ${action})`,
          ),
        )
        .$if(object !== undefined, one =>
          one.where(sql<boolean>`(${sql.ref('object')} = ${object} or ${sql.ref('name')} = ${object})`),
        )
        .orderBy('seq', 'desc')
        .limit(limit + 1)
        .execute()
      const items = rows.slice(0, limit)
      return {
        items: items.map(eventView),
        next: rows.length > limit ? String(items.at(-1)!.seq) : null,
      }
    },
  )
  app.get(
    '/v1/audit/verify',
    {
      config: { permission: 'audit:read' },
      schema: {
        summary: 'Whether the chain of all events holds',
        description: 'Reads all of them.',
        tags,
        response: { 200: AuditVerdict },
      },
    },
    async ({ raw }) => {
      if (!actorOf(accessOf(raw)).can('audit:read', PLATFORM)) throw forbidden('audit:read', 'the platform')
      const store = await opened(api)
      try {
        const { entries, fault } = await store.verifyAudit()
        const seq = fault === null ? entries : fault.seq - 1
        const last = await store.db
          .selectFrom('audit')
          .select('hash')
          .where('seq', '=', seq)
          .executeTakeFirst()
        return {
          ok: fault === null,
          events: fault === null ? entries : fault.seq,
          seq,
          hash: last?.hash ?? '',
          fault: fault && `${fault.seq}: ${fault.reason}`,
        }
      } catch (error) {
        throw storeProblem(error)
      }
    },
  )
}

function seqOf(cursor: string): number {
  if (!/^[1-9]\d{0,14}$/.test(cursor))
    throw new AdminError(422, 'query: cursor is none, expected what an answer had as next')
  return Number(cursor)
}

function eventView(row: AuditRow): AuditEvent {
  const { seq, at, actor, by, action, kind, object, name, before, after, request, hash } = row
  return {
    seq,
    at: timeOf(at),
    actor,
    by,
    action: `${kind}.${action}`,
    kind,
    object,
    name,
    before: before === null ? null : JSON.parse(before),
    after: after === null ? null : JSON.parse(after),
    request,
    hash,
  }
}
