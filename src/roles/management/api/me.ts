import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { Me } from '../../../api/shapes/user.ts'
import { actorOf } from '../access/actor.ts'
import { opened } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { bindingRows, bindingView } from './role-bindings.ts'
import { homeOf, userView } from './users.ts'

/** Who asks. */
export function meRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/me',
    {
      config: { permission: 'self' },
      schema: { summary: 'Who asks, and what they may do', tags: ['users'], response: { 200: Me } },
    },
    async ({ raw }) => {
      const actor = actorOf(accessOf(raw))
      const { by, allowed } = actor
      if (actor.id === '') return { by, user: null, bindings: [], permissions: allowed }
      const store = await opened(api)
      const user = await store.users.get(actor.id)
      const teams = await store.db
        .selectFrom('teamMembers')
        .select('team')
        .where('user', '=', actor.id)
        .execute()
      const bindings = await bindingRows(store)
        .where(eb =>
          eb.or([
            eb('roleBindings.user', '=', actor.id),
            ...teams.map(({ team }) => eb('roleBindings.team', '=', team)),
          ]),
        )
        .orderBy('roleBindings.id')
        .execute()
      return {
        by,
        user: user && userView(user, await homeOf(store, user)),
        bindings: bindings.map(bindingView),
        permissions: allowed,
      }
    },
  )
}
