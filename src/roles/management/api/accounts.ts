import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { Permission } from '../../../api/permissions.ts'
import {
  Account,
  AccountFields,
  AccountParams,
  AccountQuery,
  Accounts,
  NewAccount,
} from '../../../api/shapes/account.ts'
import { InOrganization } from '../../../api/shapes/team.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { Readers } from '../store/store.ts'
import type { Account as Row, Organization } from '../store/tables.ts'
import { allow, missing } from './allow.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, isId, pageOfRows, within } from './lists.ts'
import { organizationAt, organizationFor, refuseId, organizationWanted } from './organizations.ts'
import { timeOf } from './times.ts'

const tags = ['accounts']

/** Who consumes APIs. */
export function accountRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/accounts',
    {
      config: { permission: 'accounts:read' },
      schema: { summary: 'Accounts', tags, querystring: AccountQuery, response: { 200: Accounts } },
    },
    async ({ raw, query: { limit, cursor, organization } }) => {
      const store = await opened(api)
      const of = await organizationWanted(store, organization)
      const rows = await store.db
        .selectFrom('accounts')
        .innerJoin('organizations', 'organizations.id', 'accounts.organization')
        .selectAll('accounts')
        .select('organizations.name as organizationName')
        .where(
          within(actorOf(accessOf(raw)).reach('accounts:read'), {
            organization: 'accounts.organization',
            account: 'accounts.id',
          }),
        )
        .where('accounts.id', '>', afterId(cursor))
        .$if(of !== null, query => query.where('accounts.organization', '=', of ?? ''))
        .orderBy('accounts.id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row =>
        accountView(row, { id: row.organization, name: row.organizationName }),
      )
    },
  )
  app.post(
    '/v1/accounts',
    {
      config: { permission: 'accounts:write' },
      schema: { summary: 'Make an account', tags, body: NewAccount, response: { 201: Account } },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { name, title = '', status = 'active', organization } = request.body
        refuseId(name)
        const of = await organizationFor(tx, organization, actor, 'accounts:write')
        return made(await tx.accounts.insert({ organization: of.id, name, title, status }), of)
      }),
  )
  app.get(
    '/v1/accounts/:account',
    {
      config: { permission: 'accounts:read' },
      schema: {
        summary: 'One account',
        tags,
        params: AccountParams,
        querystring: InOrganization,
        response: { 200: Account },
      },
    },
    async ({ raw, params, query }, reply) => {
      const asked = { actor: actorOf(accessOf(raw)), permission: 'accounts:read' } as const
      const { account, of } = await accountFor(await opened(api), params.account, query.organization, asked)
      return sent(reply, shown(account, of))
    },
  )
  app.put(
    '/v1/accounts/:account',
    {
      config: { permission: 'accounts:write' },
      schema: {
        summary: 'Make or change an account',
        tags,
        params: AccountParams,
        querystring: InOrganization,
        body: AccountFields,
        response: { 200: Account, 201: Account },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query, body } = request
        const { title = '', status = 'active' } = body
        const there = await accountAt(tx, params.account, query.organization)
        if (there === null) {
          refuseId(params.account)
          const of = await organizationFor(tx, query.organization, actor, 'accounts:write')
          precondition(request, null)
          return made(
            await tx.accounts.insert({ organization: of.id, name: params.account, title, status }),
            of,
          )
        }
        allowed(actor, 'accounts:write', there.account, params.account)
        precondition(request, there.account.version)
        return shown(await tx.accounts.update(there.account.id, { title, status }), there.of)
      }),
  )
  app.delete(
    '/v1/accounts/:account',
    {
      config: { permission: 'accounts:write' },
      schema: {
        summary: 'Delete an account that has no application any more',
        tags,
        params: AccountParams,
        querystring: InOrganization,
        response: { 200: Account },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params, query } = request
        const asked = { actor, permission: 'accounts:write' } as const
        const { account, of } = await accountFor(tx, params.account, query.organization, asked)
        precondition(request, account.version)
        const bound = await tx.db
          .selectFrom('roleBindings')
          .select('id')
          .where('account', '=', account.id)
          .execute()
        for (const { id } of bound) await tx.roleBindings.remove(id, { organization: of.id })
        const left = await tx.applications.list({ where: { account: account.id }, limit: 1 })
        const [some] = left.items
        if (some !== undefined)
          throw new AdminError(
            409,
            `account ${account.name} has applications, such as ${some.name}: delete them first`,
          )
        await tx.accounts.remove(account.id)
        return { body: accountView(account, of) }
      }),
  )
}

export interface AccountOf {
  readonly account: Row
  readonly of: Organization
}

/** By id, or by name in an organization. */
export async function accountAt(
  readers: Pick<Readers, 'accounts' | 'organizations'>,
  ref: string,
  organization: string | undefined,
): Promise<AccountOf | null> {
  const named = isId(ref) ? null : await organizationAt(readers, organization)
  const account = isId(ref)
    ? await readers.accounts.get(ref)
    : named && (await readers.accounts.find({ organization: named.id, name: ref }))
  if (account === null) return null
  const of = named ?? (await readers.organizations.get(account.organization))
  return of && { account, of }
}

export async function accountFor(
  readers: Pick<Readers, 'accounts' | 'organizations'>,
  ref: string,
  organization: string | undefined,
  { actor, permission }: { readonly actor: Actor; readonly permission: Permission },
): Promise<AccountOf> {
  const found = await accountAt(readers, ref, organization)
  if (found === null) throw missing(`account ${ref}`)
  allowed(actor, permission, found.account, ref)
  return found
}

function allowed(actor: Actor, permission: Permission, { id, organization }: Row, ref: string): void {
  allow(actor, permission, { organization, account: id }, { see: 'accounts:read', what: `account ${ref}` })
}

const made = (account: Row, of: Organization) => ({
  ...shown(account, of),
  status: 201 as const,
  location: `/v1/accounts/${account.id}`,
})
const shown = (account: Row, of: Organization) => ({
  body: accountView(account, of),
  version: account.version,
})

function accountView(
  { id, name, title, status, created, updated }: Row,
  of: Pick<Organization, 'id' | 'name'>,
): Account {
  return {
    id,
    organization: { id: of.id, name: of.name },
    name,
    title,
    status,
    createdAt: timeOf(created),
    updatedAt: timeOf(updated),
  }
}
