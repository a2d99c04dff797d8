import { sql } from 'kysely'
import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { UserRole } from '../../../api/permissions.ts'
import {
  NewRoleBinding,
  RoleBinding,
  RoleBindingParams,
  RoleBindingQuery,
  RoleBindings,
} from '../../../api/shapes/role-binding.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Readers, Store } from '../store/store.ts'
import type { RoleBinding as Row } from '../store/tables.ts'
import { keepingAdmin } from './last-admin.ts'
import { accountAt } from './accounts.ts'
import { forbidden, missing } from './allow.ts'
import { bindingScope } from './bindings.ts'
import { changed, opened, precondition } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, pageOfRows, within } from './lists.ts'
import { organizationAt, organizationWanted } from './organizations.ts'
import { teamAt } from './teams.ts'
import { timeOf } from './times.ts'
import { userAt } from './users.ts'

const tags = ['users']

/** Who has which role, and where. */
export function roleBindingRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/role-bindings',
    {
      config: { permission: 'users:read' },
      schema: {
        summary: 'Roles that somebody has',
        tags,
        querystring: RoleBindingQuery,
        response: { 200: RoleBindings },
      },
    },
    async ({ raw, query: { limit, cursor, organization, user: ref } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const user = ref === undefined ? null : ((await userAt(store, ref))?.id ?? 'none')
      const rows = await bindingRows(store)
        .where(within(actorOf(accessOf(raw)).reach('users:read'), { organization: OF }))
        .where('roleBindings.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where(sql.ref<string>(OF), '=', of ?? ''))
        .$if(user !== null, query => query.where('roleBindings.user', '=', user))
        .orderBy('roleBindings.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, bindingView)
    },
  )
  app.post(
    '/v1/role-bindings',
    {
      config: { permission: 'users:write' },
      schema: {
        summary: 'Give somebody a role',
        tags,
        body: NewRoleBinding,
        response: { 201: RoleBinding },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const where = await scopeFor(tx, request.body)
        const { role, scope } = request.body
        const of = { ...where.columns, organization: where.organization }
        if (!actor.can('users:write', bindingScope(of))) throw forbidden('users:write', `that ${scope}`)
        const subject = await subjectFor(tx, actor, request.body)
        const row = await tx.roleBindings.insert(
          { ...subject, role, ...where.columns },
          { organization: where.organization },
        )
        const shown = await bindingRows(tx).where('roleBindings.id', '=', row.id).executeTakeFirstOrThrow()
        return { status: 201, body: bindingView(shown), location: `/v1/role-bindings/${row.id}` }
      }),
  )
  app.delete(
    '/v1/role-bindings/:binding',
    {
      config: { permission: 'users:write' },
      schema: {
        summary: 'Take a role away',
        tags,
        params: RoleBindingParams,
        response: { 200: RoleBinding },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { binding } = request.params
        const row = await bindingRows(tx).where('roleBindings.id', '=', binding).executeTakeFirst()
        const scope = row && bindingScope({ ...row, organization: row.organizationId })
        if (row === undefined || scope === undefined || !actor.can('users:read', scope))
          throw missing(`role binding ${binding}`)
        if (!actor.can('users:write', scope)) throw forbidden('users:write', `role binding ${binding}`)
        precondition(request, row.version)
        const { organizationId: organization } = row
        await keepingAdmin(tx, () => tx.roleBindings.remove(row.id, { organization }))
        return { body: bindingView(row) }
      }),
  )
}

/** The organization that a binding is of, whatever it is bound to: a column of `bindingRows`. */
const OF = 'organizations.id'

/** With the names of what they refer to. */
export function bindingRows({ db }: Pick<Store, 'db'>) {
  return db
    .selectFrom('roleBindings')
    .leftJoin('users', 'users.id', 'roleBindings.user')
    .leftJoin('teams as subjects', 'subjects.id', 'roleBindings.team')
    .leftJoin('teams as scopes', 'scopes.id', 'roleBindings.scopeTeam')
    .leftJoin('accounts', 'accounts.id', 'roleBindings.account')
    .leftJoin('organizations', join =>
      join.on(eb =>
        eb(
          'organizations.id',
          '=',
          eb.fn.coalesce('roleBindings.organization', 'scopes.organization', 'accounts.organization'),
        ),
      ),
    )
    .selectAll('roleBindings')
    .select([
      'users.name as userName',
      'subjects.name as teamName',
      'scopes.name as scopeName',
      'accounts.name as accountName',
      'organizations.id as organizationId',
      'organizations.name as organizationName',
    ])
}

export type BindingRow = Awaited<ReturnType<ReturnType<typeof bindingRows>['execute']>>[number]

type Columns = Pick<Row, 'organization' | 'scopeTeam' | 'account'>

/** Where a role is to hold, and of which organization that is. */
async function scopeFor(
  readers: Pick<Readers, 'organizations' | 'teams' | 'accounts'>,
  { scope, organization, of }: NewRoleBinding,
): Promise<{ readonly columns: Columns; readonly organization: string | null }> {
  const none = { organization: null, scopeTeam: null, account: null }
  if (scope === 'platform') {
    if (organization !== undefined || of !== undefined)
      throw new AdminError(422, 'body: a role for the platform is of no organization, team or account')
    return { columns: none, organization: null }
  }
  if (scope === 'organization') {
    if (organization === undefined || of !== undefined)
      throw new AdminError(422, 'body: a role for an organization needs organization, and nothing as of')
    const row = await organizationAt(readers, organization)
    if (row === null) throw new AdminError(422, `body: there is no organization ${organization}`)
    return { columns: { ...none, organization: row.id }, organization: row.id }
  }
  if (of === undefined) throw new AdminError(422, `body: a role for one ${scope} needs of, its id or name`)
  if (scope === 'team') {
    const found = await teamAt(readers, of, organization)
    if (found === null) throw new AdminError(422, `body: there is no team ${of}`)
    return { columns: { ...none, scopeTeam: found.team.id }, organization: found.of.id }
  }
  const found = await accountAt(readers, of, organization)
  if (found === null) throw new AdminError(422, `body: there is no account ${of}`)
  return { columns: { ...none, account: found.account.id }, organization: found.of.id }
}

async function subjectFor(
  tx: ChangeTx,
  actor: Actor,
  { user, team, organization }: NewRoleBinding,
): Promise<Pick<Row, 'user' | 'team'>> {
  if ((user === undefined) === (team === undefined))
    throw new AdminError(422, 'body: expected user or team, one of them')
  const subject =
    user === undefined ? (await teamAt(tx, team ?? '', organization))?.team : await userAt(tx, user)
  // Who may not administer them is not told that they are there.
  if (
    subject === undefined ||
    subject === null ||
    !actor.can('users:write', { organization: subject.organization })
  )
    throw new AdminError(
      422,
      `body: there is no ${user === undefined ? `team ${team ?? ''}` : `user ${user}`}`,
    )
  return user === undefined ? { user: null, team: subject.id } : { user: subject.id, team: null }
}

export function bindingView(row: BindingRow): RoleBinding {
  const named = (id: string | null, name: string | null) => (id === null ? null : { id, name: name ?? '' })
  const scope =
    row.account !== null
      ? 'account'
      : row.scopeTeam !== null
        ? 'team'
        : row.organization !== null
          ? 'organization'
          : 'platform'
  return {
    id: row.id,
    user: named(row.user, row.userName),
    team: named(row.team, row.teamName),
    role: row.role as UserRole,
    scope,
    organization: named(row.organizationId, row.organizationName),
    of: named(row.account ?? row.scopeTeam, row.accountName ?? row.scopeName),
    createdAt: timeOf(row.created),
  }
}
