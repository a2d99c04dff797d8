import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { actorOf } from '../access/actor.ts'
import { usageRoutes as addRoutes } from '../usage/routes.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { usageScope } from './usage-scope.ts'

/** What was used, as far as it is of whoever asks. */
export function usageRoutes(app: Api, api: ManagementApi): void {
  addRoutes(app, {
    store: () => opened(api),
    nowMs: () => api.nowMs(),
    scopeOf: ({ raw }) => usageScope(api, actorOf(accessOf(raw))),
  })
}
