import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import type { Permission } from '../../../api/permissions.ts'
import {
  InOrganization,
  Member,
  MemberParams,
  MemberQuery,
  Members,
  NewTeam,
  Team,
  TeamFields,
  TeamParams,
  TeamQuery,
  Teams,
} from '../../../api/shapes/team.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Readers } from '../store/store.ts'
import type { Organization, Team as Row } from '../store/tables.ts'
import { keepingAdmin } from './last-admin.ts'
import { allow, missing } from './allow.ts'
import { powerOver, teamBindings } from './bindings.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, isId, pageOfRows, within } from './lists.ts'
import { organizationAt, organizationFor, organizationWanted, refuseId } from './organizations.ts'
import { timeOf } from './times.ts'
import { userAt } from './users.ts'

const tags = ['teams']

/** Teams and who is in them. */
export function teamRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/teams',
    {
      config: { permission: 'teams:read' },
      schema: { summary: 'Teams', tags, querystring: TeamQuery, response: { 200: Teams } },
    },
    async ({ raw, query: { limit, cursor, organization } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const rows = await store.db
        .selectFrom('teams')
        .innerJoin('organizations', 'organizations.id', 'teams.organization')
        .selectAll('teams')
        .select('organizations.name as organizationName')
        .where(
          within(actorOf(accessOf(raw)).reach('teams:read'), {
            organization: 'teams.organization',
            team: 'teams.id',
          }),
        )
        .where('teams.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where('teams.organization', '=', of ?? ''))
        .orderBy('teams.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row =>
        teamView(row, { id: row.organization, name: row.organizationName }),
      )
    },
  )
  app.post(
    '/v1/teams',
    {
      config: { permission: 'teams:write' },
      schema: { summary: 'Make a team', tags, body: NewTeam, response: { 201: Team } },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { name, title = '', organization } = request.body
        refuseId(name)
        const of = await organizationFor(tx, organization, actor, 'teams:write')
        return made(await tx.teams.insert({ organization: of.id, name, title }), of)
      }),
  )
  app.get(
    '/v1/teams/:team',
    {
      config: { permission: 'teams:read' },
      schema: {
        summary: 'One team',
        tags,
        params: TeamParams,
        querystring: InOrganization,
        response: { 200: Team },
      },
    },
    async ({ raw, params, query }, reply) => {
      const store = await opened(api)
      const { team, of } = await teamFor(store, params.team, query.organization, {
        actor: actorOf(accessOf(raw)),
        permission: 'teams:read',
      })
      return sent(reply, shown(team, of))
    },
  )
  app.put(
    '/v1/teams/:team',
    {
      config: { permission: 'teams:write' },
      schema: {
        summary: 'Make or change a team',
        tags,
        params: TeamParams,
        querystring: InOrganization,
        body: TeamFields,
        response: { 200: Team, 201: Team },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query, body } = request
        const there = await teamAt(tx, params.team, query.organization)
        if (there === null) {
          refuseId(params.team)
          const of = await organizationFor(tx, query.organization, actor, 'teams:write')
          precondition(request, null)
          return made(
            await tx.teams.insert({ organization: of.id, name: params.team, title: body.title ?? '' }),
            of,
          )
        }
        allowed(actor, 'teams:write', there.team, params.team)
        precondition(request, there.team.version)
        return shown(await tx.teams.update(there.team.id, { title: body.title ?? '' }), there.of)
      }),
  )
  app.delete(
    '/v1/teams/:team',
    {
      config: { permission: 'teams:write' },
      schema: {
        summary: 'Delete a team, its members and its roles',
        description: 'Users stay; APIs that it owns are owned by nobody.',
        tags,
        params: TeamParams,
        querystring: InOrganization,
        response: { 200: Team },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query } = request
        const { team, of } = await teamFor(tx, params.team, query.organization, {
          actor,
          permission: 'teams:write',
        })
        precondition(request, team.version)
        powerOver(actor, await teamBindings(tx.db, team.id), `team ${team.name}`)
        await keepingAdmin(tx, () => removeTeam(tx, team.id))
        return { body: teamView(team, of) }
      }),
  )
  memberRoutes(app, api)
}

async function removeTeam(tx: ChangeTx, team: string): Promise<void> {
  const gone = await tx.db
    .selectFrom('roleBindings')
    .select('id')
    .where(eb => eb.or([eb('team', '=', team), eb('scopeTeam', '=', team)]))
    .execute()
  for (const { id } of gone) await tx.roleBindings.remove(id)
  const members = await tx.db.selectFrom('teamMembers').select('id').where('team', '=', team).execute()
  for (const { id } of members) await tx.teamMembers.remove(id)
  await tx.teams.remove(team)
}

function memberRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/teams/:team/members',
    {
      config: { permission: 'teams:read' },
      schema: {
        summary: 'Who is in a team',
        tags,
        params: TeamParams,
        querystring: MemberQuery,
        response: { 200: Members },
      },
    },
    async ({ raw, params, query: { organization, limit, cursor } }) => {
      const store = await opened(api)
      const actor = actorOf(accessOf(raw))
      const { team } = await teamFor(store, params.team, organization, { actor, permission: 'teams:read' })
      const rows = await store.db
        .selectFrom('teamMembers')
        .innerJoin('users', 'users.id', 'teamMembers.user')
        .select(['teamMembers.id as id', 'users.id as user', 'users.name as name'])
        .where('teamMembers.team', '=', team.id)
        .where('teamMembers.id', '>', afterId(cursor))
        .orderBy('teamMembers.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, ({ user, name }) => ({ user: { id: user, name } }))
    },
  )
  app.put(
    '/v1/teams/:team/members/:user',
    {
      config: { permission: 'teams:write' },
      schema: {
        summary: 'Take a user into a team, with all of its roles',
        tags,
        params: MemberParams,
        querystring: InOrganization,
        response: { 200: Member, 201: Member },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { team, user } = await memberFor(tx, actor, request.params, request.query.organization)
        // Who takes somebody in gives them what the team may do.
        powerOver(actor, await teamBindings(tx.db, team.id), `team ${team.name}`)
        const there = await tx.teamMembers.find({ team: team.id, user: user.id })
        precondition(request, there?.version ?? null)
        const body = { user: { id: user.id, name: user.name } }
        if (there !== null) return { body }
        await tx.teamMembers.insert({ team: team.id, user: user.id }, { organization: team.organization })
        return { status: 201, body }
      }),
  )
  app.delete(
    '/v1/teams/:team/members/:user',
    {
      config: { permission: 'teams:write' },
      schema: {
        summary: 'Take a user out of a team',
        tags,
        params: MemberParams,
        querystring: InOrganization,
        response: { 200: Member },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { team, user } = await memberFor(tx, actor, request.params, request.query.organization)
        powerOver(actor, await teamBindings(tx.db, team.id), `team ${team.name}`)
        const there = await tx.teamMembers.find({ team: team.id, user: user.id })
        if (there === null) throw missing(`member ${user.name} of team ${team.name}`)
        precondition(request, there.version)
        const { organization } = team
        await keepingAdmin(tx, () => tx.teamMembers.remove(there.id, { organization }))
        return { body: { user: { id: user.id, name: user.name } } }
      }),
  )
}

interface TeamOf {
  readonly team: Row
  readonly of: Organization
}

/** By id, or by name in an organization. */
export async function teamAt(
  readers: Pick<Readers, 'teams' | 'organizations'>,
  ref: string,
  organization: string | undefined,
): Promise<TeamOf | null> {
  const named = isId(ref) ? null : await organizationAt(readers, organization)
  const team = isId(ref)
    ? await readers.teams.get(ref)
    : named && (await readers.teams.find({ organization: named.id, name: ref }))
  if (team === null) return null
  const of = named ?? (await readers.organizations.get(team.organization))
  return of && { team, of }
}

async function teamFor(
  readers: Pick<Readers, 'teams' | 'organizations'>,
  ref: string,
  organization: string | undefined,
  { actor, permission }: { readonly actor: Actor; readonly permission: Permission },
): Promise<TeamOf> {
  const found = await teamAt(readers, ref, organization)
  if (found === null) throw missing(`team ${ref}`)
  allowed(actor, permission, found.team, ref)
  return found
}

function allowed(actor: Actor, permission: Permission, team: Row, ref: string): void {
  const scope = { organization: team.organization, team: team.id }
  allow(actor, permission, scope, { see: 'teams:read', what: `team ${ref}` })
}

async function memberFor(
  readers: Pick<Readers, 'teams' | 'organizations' | 'users'>,
  actor: Actor,
  params: { readonly team: string; readonly user: string },
  organization: string | undefined,
) {
  const { team } = await teamFor(readers, params.team, organization, { actor, permission: 'teams:write' })
  const user = await userAt(readers, params.user)
  if (user === null || !actor.can('users:write', { organization: user.organization }))
    throw missing(`user ${params.user}`)
  return { team, user }
}

const made = (team: Row, of: Organization) => ({
  ...shown(team, of),
  status: 201 as const,
  location: `/v1/teams/${team.id}`,
})
const shown = (team: Row, of: Organization) => ({ body: teamView(team, of), version: team.version })

function teamView({ id, name, title, created, updated }: Row, of: Pick<Organization, 'id' | 'name'>): Team {
  return {
    id,
    organization: { id: of.id, name: of.name },
    name,
    title,
    createdAt: timeOf(created),
    updatedAt: timeOf(updated),
  }
}
