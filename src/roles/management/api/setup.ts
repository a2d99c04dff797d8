import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import { Setup, SetupDone } from '../../../api/shapes/user.ts'
import { isSetupToken, SETUP_TOKEN } from '../access/setup-token.ts'
import { changed } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { organizationAt, refuseId } from './organizations.ts'
import { makeToken } from './tokens.ts'
import { userView } from './users.ts'

const DAY_MS = 86_400_000

/** The first user. */
export function setupRoutes(app: Api, api: ManagementApi): void {
  app.post(
    '/v1/setup',
    {
      // The token in its body is what lets in.
      config: { isOpen: true },
      schema: {
        summary:
          'Make the first user, who administers everything, by the token that the first start has printed',
        tags: ['users'],
        body: Setup,
        response: { 201: SetupDone },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async tx => {
        const { token, name, title = '', email = '' } = request.body
        const expected = await tx.setting(SETUP_TOKEN)
        const users = await tx.users.list({ limit: 1 })
        if (expected === null || users.items.length > 0)
          throw new AdminError(409, 'there are users already: a user who administers others can make more')
        if (!isSetupToken(token, expected))
          throw new AdminError(403, 'body: token is not what the first start has printed')
        refuseId(name)
        const home = await organizationAt(tx)
        if (home === null) throw new AdminError(500, 'there is no organization default')
        const user = await tx.users.insert({ organization: home.id, name, title, email, status: 'active' })
        await tx.roleBindings.insert({
          user: user.id,
          team: null,
          role: 'admin',
          organization: null,
          scopeTeam: null,
          account: null,
        })
        const made = await makeToken(
          tx,
          user,
          { name: 'setup', expires: api.nowMs() + 90 * DAY_MS },
          api.peppers(),
          api.nowMs(),
        )
        await tx.setSetting(SETUP_TOKEN, null)
        return {
          status: 201,
          body: { user: userView(user, home), token: made },
          again: { user: userView(user, home), token: { ...made, secret: null } },
          location: `/v1/users/${user.id}`,
        }
      }),
  )
}
