import { Type } from 'typebox'
import type { Api, ApiKit } from '../kit.ts'
import type { Seen } from '../seen.ts'
import { Status } from '../shapes/status.ts'

/** GET /v1/status, and /status for who knew that. */
export function statusRoutes(app: Api, { seen }: ApiKit): void {
  app.get(
    '/v1/status',
    { schema: { summary: 'The program, and what it serves', tags: ['status'], response: { 200: Status } } },
    () => statusOf(seen),
  )
  app.get('/status', { schema: { hide: true, response: { 200: Type.Unknown() } } }, (_, reply) =>
    reply.type('application/json').send(`${JSON.stringify(seen.inForce()?.status ?? {}, null, 2)}\n`),
  )
}

function statusOf(seen: Seen): Status {
  const { version, node, startedMs, workers, roles, paths } = seen.program
  const inForce = seen.inForce()
  return {
    program: { version, node },
    startedAt: new Date(startedMs).toISOString(),
    uptimeS: (seen.nowMs() - startedMs) / 1000,
    ready: seen.ready(),
    snapshot: inForce && {
      version: inForce.snapshot.version,
      appliedAt: new Date(inForce.appliedMs).toISOString(),
    },
    workers,
    roles,
    paths,
  }
}
