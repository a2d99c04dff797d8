import { Type } from 'typebox'
import type { Api } from '../../api/api.ts'
import type { ApiKit } from '../kit.ts'
import { Status } from '../shapes/status.ts'
import { statusView } from '../views/status.ts'

/** GET /v1/status, and /status for who knew that. */
export function statusRoutes(app: Api, { seen, views }: ApiKit): void {
  app.get(
    '/v1/status',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'The program, and what it serves', tags: ['status'], response: { 200: Status } },
    },
    async () => {
      if (seen.inForce() === null) return statusView(seen, null, [])
      return statusView(seen, await views.indexed(), await views.findings())
    },
  )
  app.get(
    '/status',
    { config: { permission: 'platform:read' }, schema: { hide: true, response: { 200: Type.Unknown() } } },
    (_, reply) =>
      reply.type('application/json').send(`${JSON.stringify(seen.inForce()?.status ?? {}, null, 2)}\n`),
  )
}
