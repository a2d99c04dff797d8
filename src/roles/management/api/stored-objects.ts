import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { type StoredObject, StoredObjectQuery, StoredObjects } from '../../../api/shapes/declared-object.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { Body } from '../objects/declared-body.ts'
import { isWritable } from '../objects/object-access.ts'
import { resourceOf, wholeBody } from '../objects/object-writes.ts'
import type { Store } from '../store/store.ts'
import type { StoredObject as Row } from '../store/tables.ts'
import { etagOf, opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, pageOfRows } from './lists.ts'
import { timeOf } from './times.ts'

const PART = 500

/** The store's objects as they were given: what `dump` writes, and `apply` takes again. */
export function storedObjectRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/stored-objects',
    {
      config: { permission: 'objects:write' },
      schema: {
        summary: 'Declared objects of the store, whole, that who asks may write',
        tags: ['objects'],
        querystring: StoredObjectQuery,
        response: { 200: StoredObjects },
      },
    },
    async ({ raw, query: { limit, cursor, ...wanted } }) => {
      const rows = await writable(api, await opened(api), actorOf(accessOf(raw)), {
        ...wanted,
        after: afterId(cursor),
        limit: limit + 1,
      })
      return pageOfRows(rows, limit, storedView)
    },
  )
}

interface Wanted {
  readonly kind?: string
  readonly namespace?: string
  readonly owner?: string
  readonly after: string
  readonly limit: number
}

/** Whose an object is stands in it, so that no query can tell. */
async function writable(
  api: ManagementApi,
  { db }: Store,
  actor: Actor,
  { kind, namespace, owner, after, limit }: Wanted,
): Promise<readonly Row[]> {
  const found: Row[] = []
  for (let from = after; found.length < limit;) {
    const rows = await db
      .selectFrom('objects')
      .selectAll()
      .where('id', '>', from)
      .$if(kind !== undefined, query => query.where('kind', '=', kind ?? ''))
      .$if(namespace !== undefined, query => query.where('namespace', '=', namespace ?? ''))
      .$if(owner !== undefined, query => query.where('owner', '=', owner ?? ''))
      .orderBy('id')
      .limit(PART)
      .execute()
    for (const row of rows) if (isWritable(api, actor, row, resourceOf(api, row))) found.push(row)
    if (rows.length < PART) break
    from = rows.at(-1)!.id
  }
  return found.slice(0, limit)
}

function storedView(row: Row): StoredObject {
  const { group, kind, namespace, name, owner, generation, version, created, updated } = row
  return {
    object: { group, kind, namespace, name },
    owner,
    generation,
    etag: etagOf(version),
    createdAt: timeOf(created),
    updatedAt: timeOf(updated),
    body: wholeBody(JSON.parse(row.body) as Body),
  }
}
