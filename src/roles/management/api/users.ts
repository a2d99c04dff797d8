import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { InOrganization } from '../../../api/shapes/team.ts'
import { NewUser, User, UserFields, UserParams, UserQuery, Users } from '../../../api/shapes/user.ts'
import { fields } from '../../../api/shapes/shape.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Readers } from '../store/store.ts'
import type { Organization, User as Row } from '../store/tables.ts'
import { keepingAdmin } from './last-admin.ts'
import { missing } from './allow.ts'
import { powerOver, userBindings } from './bindings.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, isId, pageOfRows, within } from './lists.ts'
import { organizationFor, refuseId, organizationWanted } from './organizations.ts'
import { timeOf } from './times.ts'

const tags = ['users']

/** Who uses the Admin API. */
export function userRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/users',
    {
      config: { permission: 'users:read' },
      schema: { summary: 'Users', tags, querystring: UserQuery, response: { 200: Users } },
    },
    async ({ raw, query: { limit, cursor, organization } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const rows = await store.db
        .selectFrom('users')
        .innerJoin('organizations', 'organizations.id', 'users.organization')
        .selectAll('users')
        .select('organizations.name as organizationName')
        .where(within(actorOf(accessOf(raw)).reach('users:read'), { organization: 'users.organization' }))
        .where('users.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where('users.organization', '=', of ?? ''))
        .orderBy('users.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row =>
        userView(row, { id: row.organization, name: row.organizationName }),
      )
    },
  )
  app.post(
    '/v1/users',
    {
      config: { permission: 'users:write' },
      schema: {
        summary: 'Make a user, who may do nothing yet',
        tags,
        body: NewUser,
        response: { 201: User },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { organization, ...body } = request.body
        return makeUser(tx, actor, organization, body)
      }),
  )
  app.get(
    '/v1/users/:user',
    {
      config: { permission: 'self' },
      schema: { summary: 'One user', tags, params: UserParams, response: { 200: User } },
    },
    async ({ raw, params }, reply) => {
      const store = await opened(api)
      const user = await seenUser(store, actorOf(accessOf(raw)), params.user)
      return sent(reply, shown(user, await homeOf(store, user)))
    },
  )
  app.put(
    '/v1/users/:user',
    {
      config: { permission: 'users:write' },
      schema: {
        summary: 'Make or change a user',
        tags,
        params: UserParams,
        querystring: fields(InOrganization.properties),
        body: UserFields,
        response: { 200: User, 201: User },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query, body } = request
        const there = await userAt(tx, params.user)
        if (there === null) {
          precondition(request, null)
          return makeUser(tx, actor, query.organization, { name: params.user, ...body })
        }
        await mayManage(tx, actor, there)
        precondition(request, there.version)
        const { title = '', email = '', status = 'active' } = body
        const user = await keepingAdmin(tx, () => tx.users.update(there.id, { title, email, status }))
        return shown(user, await homeOf(tx, user))
      }),
  )
  app.delete(
    '/v1/users/:user',
    {
      config: { permission: 'users:write' },
      schema: {
        summary: 'Delete a user, with tokens and roles',
        description: 'What the user has done stays in the audit.',
        tags,
        params: UserParams,
        response: { 200: User },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const there = await userAt(tx, request.params.user)
        if (there === null) throw missing(`user ${request.params.user}`)
        await mayManage(tx, actor, there)
        precondition(request, there.version)
        const body = userView(there, await homeOf(tx, there))
        await keepingAdmin(tx, () => removeUser(tx, there.id))
        return { body }
      }),
  )
}

async function removeUser(tx: ChangeTx, user: string): Promise<void> {
  for (const table of ['tokens', 'roleBindings', 'teamMembers'] as const) {
    const rows = await tx.db.selectFrom(table).select('id').where('user', '=', user).execute()
    for (const { id } of rows) await tx[table].remove(id)
  }
  await tx.users.remove(user)
}

/** By id or name, of which there is one on the platform. */
export function userAt({ users }: Pick<Readers, 'users'>, ref: string): Promise<Row | null> {
  return isId(ref) ? users.get(ref) : users.find({ name: ref })
}

/** Of who asks, or of who administers the user. */
export async function seenUser(readers: Pick<Readers, 'users'>, actor: Actor, ref: string): Promise<Row> {
  const user = await userAt(readers, ref)
  const isSeen =
    user !== null && (user.id === actor.id || actor.can('users:read', { organization: user.organization }))
  if (!isSeen) throw missing(`user ${ref}`)
  return user
}

/** Throws unless somebody administers the user, and all that the user has roles for. */
export async function mayManage(tx: Pick<ChangeTx, 'db'>, actor: Actor, user: Row): Promise<void> {
  const own = { organization: user.organization }
  if (!actor.can('users:write', own)) throw missing(`user ${user.name}`)
  powerOver(actor, await userBindings(tx.db, user.id), `user ${user.name}`)
}

interface NewFields {
  readonly name: string
  readonly title?: string
  readonly email?: string
  readonly status?: Row['status']
}

async function makeUser(
  tx: ChangeTx,
  actor: Actor,
  organization: string | undefined,
  { name, title = '', email = '', status = 'active' }: NewFields,
) {
  refuseId(name)
  const of = await organizationFor(tx, organization, actor, 'users:write')
  const user = await tx.users.insert({ organization: of.id, name, title, email, status })
  return { ...shown(user, of), status: 201 as const, location: `/v1/users/${user.id}` }
}

export async function homeOf(
  { organizations }: Pick<Readers, 'organizations'>,
  { organization }: Row,
): Promise<Pick<Organization, 'id' | 'name'>> {
  return (await organizations.get(organization)) ?? { id: organization, name: '' }
}

const shown = (user: Row, of: Pick<Organization, 'id' | 'name'>) => ({
  body: userView(user, of),
  version: user.version,
})

export function userView(
  { id, name, title, email, status, created, updated }: Row,
  of: Pick<Organization, 'id' | 'name'>,
): User {
  return {
    id,
    organization: { id: of.id, name: of.name },
    name,
    title,
    email: email ?? '',
    status,
    createdAt: timeOf(created),
    updatedAt: timeOf(updated),
  }
}
