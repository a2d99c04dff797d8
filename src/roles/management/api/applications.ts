import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { Permission } from '../../../api/permissions.ts'
import {
  Application,
  ApplicationFields,
  ApplicationParams,
  ApplicationQuery,
  Applications,
  InAccount,
  NewApplication,
} from '../../../api/shapes/application.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Readers } from '../store/store.ts'
import type { Account, Application as Row, Organization } from '../store/tables.ts'
import { accountAt, accountFor } from './accounts.ts'
import { allow, missing } from './allow.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, isId, pageOfRows, within } from './lists.ts'
import { refuseId, organizationWanted } from './organizations.ts'
import { timeOf } from './times.ts'

const tags = ['applications']

/** What calls APIs. */
export function applicationRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/applications',
    {
      config: { permission: 'applications:read' },
      schema: {
        summary: 'Applications',
        tags,
        querystring: ApplicationQuery,
        response: { 200: Applications },
      },
    },
    async ({ raw, query: { limit, cursor, organization, account } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const by =
        account === undefined ? null : ((await accountAt(store, account, organization))?.account.id ?? 'none')
      const rows = await store.db
        .selectFrom('applications')
        .innerJoin('accounts', 'accounts.id', 'applications.account')
        .innerJoin('organizations', 'organizations.id', 'accounts.organization')
        .selectAll('applications')
        .select([
          'accounts.name as accountName',
          'organizations.id as organization',
          'organizations.name as organizationName',
        ])
        .where(
          within(actorOf(accessOf(raw)).reach('applications:read'), {
            organization: 'organizations.id',
            account: 'applications.account',
          }),
        )
        .where('applications.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where('accounts.organization', '=', of ?? ''))
        .$if(by !== null, query => query.where('applications.account', '=', by ?? ''))
        .orderBy('applications.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row =>
        applicationView({
          application: row,
          account: { id: row.account, name: row.accountName },
          of: { id: row.organization, name: row.organizationName },
        }),
      )
    },
  )
  app.post(
    '/v1/applications',
    {
      config: { permission: 'applications:write' },
      schema: {
        summary: 'Make an application',
        tags,
        body: NewApplication,
        response: { 201: Application },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { account, organization, ...body } = request.body
        return makeApplication(tx, actor, { account, organization }, body)
      }),
  )
  app.get(
    '/v1/applications/:application',
    {
      config: { permission: 'applications:read' },
      schema: {
        summary: 'One application',
        tags,
        params: ApplicationParams,
        querystring: InAccount,
        response: { 200: Application },
      },
    },
    async ({ raw, params, query }, reply) => {
      const asked = { actor: actorOf(accessOf(raw)), permission: 'applications:read' } as const
      return sent(reply, shown(await applicationFor(await opened(api), params.application, query, asked)))
    },
  )
  app.put(
    '/v1/applications/:application',
    {
      config: { permission: 'applications:write' },
      schema: {
        summary: 'Make or change an application',
        tags,
        params: ApplicationParams,
        querystring: InAccount,
        body: ApplicationFields,
        response: { 200: Application, 201: Application },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query, body } = request
        const { title = '', status = 'active' } = body
        const there = await applicationAt(tx, params.application, query)
        if (there === null) {
          refuseId(params.application)
          if (query.account === undefined) throw namedAlone(params.application)
          precondition(request, null)
          const where = { account: query.account, organization: query.organization }
          return makeApplication(tx, actor, where, { name: params.application, title, status })
        }
        allowed(actor, 'applications:write', there, params.application)
        precondition(request, there.application.version)
        return shown({
          ...there,
          application: await tx.applications.update(there.application.id, { title, status }),
        })
      }),
  )
  app.delete(
    '/v1/applications/:application',
    {
      config: { permission: 'applications:write' },
      schema: {
        summary: 'Delete an application, with its credentials and subscriptions',
        description: 'What it has used stays in the usage.',
        tags,
        params: ApplicationParams,
        querystring: InAccount,
        response: { 200: Application },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query } = request
        const asked = { actor, permission: 'applications:write' } as const
        const found = await applicationFor(tx, params.application, query, asked)
        precondition(request, found.application.version)
        const { id } = found.application
        for (const table of ['credentials', 'subscriptions'] as const) {
          // A new one refers to the one that it takes the place of.
          const rows = await tx.db
            .selectFrom(table)
            .select('id')
            .where('application', '=', id)
            .orderBy('id', 'desc')
            .execute()
          for (const row of rows) await tx[table].remove(row.id, { organization: found.of.id })
        }
        await tx.applications.remove(id, { organization: found.of.id })
        return { body: applicationView(found) }
      }),
  )
}

/** An application, and whose it is. */
export interface ApplicationOf {
  readonly application: Row
  readonly account: Pick<Account, 'id' | 'name'>
  readonly of: Pick<Organization, 'id' | 'name'>
}

export interface Where {
  readonly account?: string | undefined
  readonly organization?: string | undefined
}

/** By id, or by name in an account. */
export async function applicationAt(
  readers: Pick<Readers, 'applications' | 'accounts' | 'organizations'>,
  ref: string,
  { account, organization }: Where,
): Promise<ApplicationOf | null> {
  if (isId(ref)) {
    const application = await readers.applications.get(ref)
    const found = application && (await accountAt(readers, application.account, undefined))
    return application && found && { application, ...found }
  }
  const found = account === undefined ? null : await accountAt(readers, account, organization)
  const application = found && (await readers.applications.find({ account: found.account.id, name: ref }))
  return application && found && { application, ...found }
}

export async function applicationFor(
  readers: Pick<Readers, 'applications' | 'accounts' | 'organizations'>,
  ref: string,
  where: Where,
  { actor, permission }: { readonly actor: Actor; readonly permission: Permission },
): Promise<ApplicationOf> {
  if (!isId(ref) && where.account === undefined) throw namedAlone(ref)
  const found = await applicationAt(readers, ref, where)
  if (found === null) throw missing(`application ${ref}`)
  allowed(actor, permission, found, ref)
  return found
}

export function scopeOfApplication({ account, of }: ApplicationOf) {
  return { organization: of.id, account: account.id }
}

function allowed(actor: Actor, permission: Permission, found: ApplicationOf, ref: string): void {
  const scope = scopeOfApplication(found)
  allow(actor, permission, scope, { see: 'applications:read', what: `application ${ref}` })
}

function namedAlone(ref: string): AdminError {
  return new AdminError(
    422,
    `query: application ${ref} is looked for in an account, expected account, or its id`,
  )
}

async function makeApplication(
  tx: ChangeTx,
  actor: Actor,
  { account, organization }: { readonly account: string; readonly organization?: string | undefined },
  {
    name,
    title = '',
    status = 'active',
  }: { readonly name: string; readonly title?: string; readonly status?: Row['status'] },
) {
  refuseId(name)
  const found = await accountFor(tx, account, organization, { actor, permission: 'applications:write' })
  const application = await tx.applications.insert(
    { account: found.account.id, name, title, status },
    { organization: found.of.id },
  )
  return {
    ...shown({ application, ...found }),
    status: 201 as const,
    location: `/v1/applications/${application.id}`,
  }
}

const shown = (found: ApplicationOf) => ({
  body: applicationView(found),
  version: found.application.version,
})

function applicationView({ application, account, of }: ApplicationOf): Application {
  const { id, name, title, status, created, updated } = application
  return {
    id,
    account: { id: account.id, name: account.name },
    organization: { id: of.id, name: of.name },
    name,
    title,
    status,
    createdAt: timeOf(created),
    updatedAt: timeOf(updated),
  }
}
