import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import {
  NewOrganization,
  OrganizationFields,
  OrganizationParams,
  OrganizationQuery,
  Organization,
  Organizations,
} from '../../../api/shapes/organization.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { Permission } from '../../../api/permissions.ts'
import type { Readers } from '../store/store.ts'
import type { Organization as Row } from '../store/tables.ts'
import { allow, forbidden, missing } from './allow.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, isId, pageOfRows, within } from './lists.ts'
import { timeOf } from './times.ts'

const tags = ['organizations']
const DEFAULT = 'default'

/** Organisations. The one named default is there from the start. */
export function organizationRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/organizations',
    {
      config: { permission: 'organizations:read' },
      schema: {
        summary: 'Organizations',
        tags,
        querystring: OrganizationQuery,
        response: { 200: Organizations },
      },
    },
    async ({ raw, query: { limit, cursor } }) => {
      const { db } = await opened(api)
      const reach = actorOf(accessOf(raw)).reach('organizations:read')
      const rows = await db
        .selectFrom('organizations')
        .selectAll()
        .where(within(reach, { organization: 'id' }))
        .where('id', '>', afterId(cursor))
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, organizationView)
    },
  )
  app.post(
    '/v1/organizations',
    {
      config: { permission: 'organizations:write' },
      schema: {
        summary: 'Make an organization',
        tags,
        body: NewOrganization,
        response: { 201: Organization },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { name, title = '' } = request.body
        mayMake(actor, name)
        return made(await tx.organizations.insert({ name, title }))
      }),
  )
  app.get(
    '/v1/organizations/:organization',
    {
      config: { permission: 'organizations:read' },
      schema: {
        summary: 'One organization',
        tags,
        params: OrganizationParams,
        response: { 200: Organization },
      },
    },
    async ({ raw, params: { organization } }, reply) => {
      const row = await organizationAt(await opened(api), organization)
      allowed(actorOf(accessOf(raw)), 'organizations:read', row, organization)
      return sent(reply, shown(row))
    },
  )
  app.put(
    '/v1/organizations/:organization',
    {
      config: { permission: 'organizations:write' },
      schema: {
        summary: 'Make or change an organization',
        tags,
        params: OrganizationParams,
        body: OrganizationFields,
        response: { 200: Organization, 201: Organization },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { organization } = request.params
        const { title = '' } = request.body
        const there = await organizationAt(tx, organization)
        if (there !== null) allowed(actor, 'organizations:write', there, organization)
        else mayMake(actor, organization)
        precondition(request, there?.version ?? null)
        if (there === null) return made(await tx.organizations.insert({ name: organization, title }))
        return shown(await tx.organizations.update(there.id, { title }))
      }),
  )
  app.delete(
    '/v1/organizations/:organization',
    {
      config: { permission: 'organizations:write' },
      schema: {
        summary: 'Delete an organization that has nothing any more',
        tags,
        params: OrganizationParams,
        response: { 200: Organization },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { organization } = request.params
        const there = await organizationAt(tx, organization)
        allowed(actor, 'organizations:write', there, organization)
        precondition(request, there.version)
        if (there.name === DEFAULT) throw new AdminError(409, 'the organization default stays')
        for (const table of ['accounts', 'teams', 'users'] as const) {
          const [some] = (await tx[table].list({ where: { organization: there.id }, limit: 1 })).items
          if (some !== undefined)
            throw new AdminError(
              409,
              `organization ${there.name} has ${table}, such as ${some.name}: delete them first`,
            )
        }
        const bound = await tx.roleBindings.list({ where: { organization: there.id }, limit: 1000 })
        for (const { id } of bound.items) await tx.roleBindings.remove(id)
        await tx.organizations.remove(there.id)
        return { body: organizationView(there) }
      }),
  )
}

/** By id or name; the default one where neither is given. */
export function organizationAt(
  { organizations }: Pick<Readers, 'organizations'>,
  ref: string = DEFAULT,
): Promise<Row | null> {
  return isId(ref) ? organizations.get(ref) : organizations.find({ name: ref })
}

/** The id of what a list is narrowed to; null where it is not. */
export async function organizationWanted(store: Pick<Readers, 'organizations'>, ref: string | undefined) {
  if (ref === undefined) return null
  const row = await organizationAt(store, ref)
  // Of one that is not there nobody has anything, and who may not know is told the same.
  return row?.id ?? 'none'
}

/** For what is to be made in it. Who may not is told the same of one that is not there. */
export async function organizationFor(
  readers: Pick<Readers, 'organizations'>,
  ref: string | undefined,
  actor: Actor,
  permission: Permission,
): Promise<Row> {
  const row = await organizationAt(readers, ref)
  const what = `organization ${ref ?? DEFAULT}`
  if (!actor.can(permission, { organization: row?.id ?? null })) throw forbidden(permission, what)
  if (row === null) throw missing(what)
  return row
}

/** A name in the form of an id would be taken for one. */
export function refuseId(name: string): void {
  if (isId(name))
    throw new AdminError(404, `there is no record of the id ${name}, and none can have it as its name`)
}

function mayMake(actor: Actor, name: string): void {
  refuseId(name)
  if (!actor.can('organizations:write', { organization: null }))
    throw forbidden('organizations:write', 'the platform')
}

function allowed(actor: Actor, permission: Permission, row: Row | null, ref: string): asserts row is Row {
  const what = `organization ${ref}`
  if (row === null) throw missing(what)
  allow(actor, permission, { organization: row.id }, { see: 'organizations:read', what })
}

const made = (row: Row) => ({ ...shown(row), status: 201 as const, location: `/v1/organizations/${row.id}` })
const shown = (row: Row) => ({ body: organizationView(row), version: row.version })

function organizationView({ id, name, title, created, updated }: Row): Organization {
  return { id, name, title, createdAt: timeOf(created), updatedAt: timeOf(updated) }
}
