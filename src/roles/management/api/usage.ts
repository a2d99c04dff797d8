import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import { UsageRetention } from '../../../api/shapes/usage.ts'
import { actorOf } from '../access/actor.ts'
import { PLATFORM } from '../access/scope.ts'
import { periodsOf, RETENTION_SETTING } from '../usage/retention.ts'
import { usageRoutes as addRoutes } from '../usage/routes.ts'
import { forbidden } from './allow.ts'
import { changed, opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { usageScope } from './usage-scope.ts'

const tags = ['usage']

/** What was used, as far as it is of whoever asks; and for how long that is kept. */
export function usageRoutes(app: Api, api: ManagementApi): void {
  addRoutes(app, {
    store: () => opened(api),
    nowMs: () => api.nowMs(),
    scopeOf: ({ raw }) => usageScope(api, actorOf(accessOf(raw))),
  })
  app.get(
    '/v1/usage/retention',
    {
      config: { permission: 'platform:read' },
      schema: { summary: 'For how long usage is kept', tags, response: { 200: UsageRetention } },
    },
    async () => periodsOf(await opened(api)),
  )
  app.put(
    '/v1/usage/retention',
    {
      config: { permission: 'platform:write' },
      schema: {
        summary: 'Have usage kept for another time',
        description: 'What is older is removed within ten minutes, and cannot be had again.',
        tags,
        body: UsageRetention,
        response: { 200: UsageRetention },
      },
    },
    (request, reply) => {
      const after = request.body
      if (!actorOf(accessOf(request.raw)).can('platform:write', PLATFORM))
        throw forbidden('platform:write', 'the platform')
      if (after.minutesHours > after.hoursDays * 24 || after.hoursDays > after.daysDays)
        throw new AdminError(
          422,
          'body: hours must be kept for as long as minutes, and days for as long as hours',
        )
      return changed(api, request, reply, async tx => {
        const before = await periodsOf(tx)
        await tx.setSetting(RETENTION_SETTING, JSON.stringify(after))
        tx.audit({ action: 'update', kind: 'setting', object: RETENTION_SETTING, before, after })
        return { body: after }
      })
    },
  )
}
