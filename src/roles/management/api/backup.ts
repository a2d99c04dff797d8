import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { actorOf } from '../access/actor.ts'
import { PLATFORM } from '../access/scope.ts'
import { forbidden } from './allow.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'

/** GET /v1/backup: all that is recorded. */
export function backupRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/backup',
    {
      config: { permission: 'backup:read' },
      schema: {
        summary: 'All that is recorded, of one moment, as lines of JSON',
        description:
          'For `portcullis restore`, into an empty store of either engine. It has hashes of keys, and no pepper: keep those of --secrets beside it.',
        tags: ['backup'],
        produces: 'application/x-ndjson',
        response: { 200: Type.String() },
      },
    },
    async ({ raw }, reply) => {
      if (!actorOf(accessOf(raw)).can('backup:read', PLATFORM)) throw forbidden('backup:read', 'the platform')
      const store = await opened(api)
      reply.type('application/x-ndjson')
      // Its schema is of the text that all of it is.
      return Readable.from(withEnds(store.dump())) as unknown as string
    },
  )
}

async function* withEnds(lines: AsyncIterable<string>): AsyncIterable<string> {
  for await (const line of lines) yield line.endsWith('\n') ? line : `${line}\n`
}
