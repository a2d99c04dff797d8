import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import type { Permission } from '../../../api/permissions.ts'
import { ApplicationParams, InAccount } from '../../../api/shapes/application.ts'
import {
  Credential,
  CredentialParams,
  CredentialQuery,
  Credentials,
  CredentialWithKey,
  NewCredential,
  Revocation,
  Rotation,
} from '../../../api/shapes/credential.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import type { ChangeTx, Readers } from '../store/store.ts'
import type { Credential as Row } from '../store/tables.ts'
import { allow, missing } from './allow.ts'
import { applicationAt, applicationFor, scopeOfApplication, type ApplicationOf } from './applications.ts'
import { changed, opened, precondition, sent } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, pageOfRows } from './lists.ts'
import { madeSecret, type MadeSecret } from './made-secret.ts'
import { mayGrant } from './scope-grants.ts'
import { msOrNull, timeOf, timeOrNull } from './times.ts'

const tags = ['credentials']
const DAY_S = 86_400

/** What applications are known by. */
export function credentialRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/applications/:application/credentials',
    {
      config: { permission: 'credentials:read' },
      schema: {
        summary: 'Credentials of an application',
        tags,
        params: ApplicationParams,
        querystring: CredentialQuery,
        response: { 200: Credentials },
      },
    },
    async ({ raw, params, query: { limit, cursor, ...where } }) => {
      const store = await opened(api)
      const asked = { actor: actorOf(accessOf(raw)), permission: 'credentials:read' } as const
      const { application } = await applicationFor(store, params.application, where, asked)
      const rows = await store.db
        .selectFrom('credentials')
        .selectAll()
        .where('application', '=', application.id)
        .where('id', '>', afterId(cursor))
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row => credentialView(row, api.nowMs()))
    },
  )
  app.post(
    '/v1/applications/:application/credentials',
    {
      config: { permission: 'credentials:write' },
      schema: {
        summary: 'Make a credential; a key or password is shown this once',
        tags,
        params: ApplicationParams,
        querystring: InAccount,
        body: NewCredential,
        response: { 201: CredentialWithKey },
      },
    },
    async (request, reply) => {
      // Hashing a password takes its time, and a transaction must not.
      const secret = await madeSecret(api, request.body)
      return changed(api, request, reply, async (tx, actor) => {
        const asked = { actor, permission: 'credentials:write' } as const
        const found = await applicationFor(tx, request.params.application, request.query, asked)
        mayGrant(api, actor, request.body.scopes ?? [], found)
        return made(api, tx, found, request.body, secret, null)
      })
    },
  )
  app.get(
    '/v1/credentials/:credential',
    {
      config: { permission: 'credentials:read' },
      schema: { summary: 'One credential', tags, params: CredentialParams, response: { 200: Credential } },
    },
    async ({ raw, params }, reply) => {
      const actor = actorOf(accessOf(raw))
      const { row } = await credentialFor(await opened(api), actor, params.credential, 'credentials:read')
      return sent(reply, { body: credentialView(row, api.nowMs()), version: row.version })
    },
  )
  app.post(
    '/v1/credentials/:credential/rotate',
    {
      config: { permission: 'credentials:write' },
      schema: {
        summary: 'Make a credential that takes the place of this one, which counts for a while beside it',
        tags,
        params: CredentialParams,
        body: Rotation,
        response: { 201: CredentialWithKey },
      },
    },
    async (request, reply) => {
      const before = await (await opened(api)).credentials.get(request.params.credential)
      const isOurs = before?.kind === 'api-key' || before?.kind === 'basic'
      const secret = isOurs ? await madeSecret(api, rotated(before)) : null
      return changed(api, request, reply, async (tx, actor) => {
        const { row, found } = await credentialFor(tx, actor, request.params.credential, 'credentials:write')
        precondition(request, row.version)
        if (secret === null || (row.kind !== 'api-key' && row.kind !== 'basic'))
          throw new AdminError(409, `a credential of kind ${row.kind} has no secret of ours to rotate`)
        refuseGone(row, api.nowMs())
        const { overlapS = row.kind === 'basic' ? 0 : DAY_S, expiresAt = null } = request.body
        if (row.kind === 'basic' && overlapS > 0)
          throw new AdminError(422, 'body: overlapS is 0 for kind basic: a user has one password at a time')
        await retire(tx, row, overlapS, found)
        return made(api, tx, found, { ...rotated(row), expiresAt }, secret, row.id)
      })
    },
  )
  app.post(
    '/v1/credentials/:credential/revoke',
    {
      config: { permission: 'credentials:write' },
      schema: {
        summary: 'Revoke a credential: from now on it lets nobody in',
        tags,
        params: CredentialParams,
        body: Revocation,
        response: { 200: Credential },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { row, found } = await credentialFor(tx, actor, request.params.credential, 'credentials:write')
        precondition(request, row.version)
        const revoked = row.revoked === null ? await revoke(tx, row, api.nowMs(), found) : row
        return { body: credentialView(revoked, api.nowMs()), version: revoked.version }
      }),
  )
}

async function credentialFor(
  readers: Pick<Readers, 'credentials' | 'applications' | 'accounts' | 'organizations'>,
  actor: Actor,
  id: string,
  permission: Permission,
): Promise<{ readonly row: Row; readonly found: ApplicationOf }> {
  const what = `credential ${id}`
  const row = await readers.credentials.get(id)
  const found = row && (await applicationAt(readers, row.application, {}))
  if (row === null || found === null) throw missing(what)
  allow(actor, permission, scopeOfApplication(found), { see: 'credentials:read', what })
  return { row, found }
}

async function made(
  api: ManagementApi,
  tx: ChangeTx,
  { application, of }: ApplicationOf,
  { kind = 'api-key', name = '', scopes = [], notBeforeAt, expiresAt }: NewCredential,
  { key, ...columns }: MadeSecret,
  replaces: string | null,
) {
  const nowMs = api.nowMs()
  const notBefore = msOrNull(notBeforeAt, 'body: notBeforeAt')
  const expires = msOrNull(expiresAt, 'body: expiresAt')
  if (expires !== null && expires <= Math.max(nowMs, notBefore ?? 0))
    throw new AdminError(422, 'body: expiresAt is past, or before notBeforeAt; expected a later time')
  const row = await tx.credentials.insert(
    {
      application: application.id,
      kind,
      name,
      ...columns,
      scopes: scopes.join(' '),
      expires,
      notBefore,
      lastUsed: null,
      revoked: null,
      replaces,
    },
    {
      organization: of.id,
      name: nameOfCredential({ name, prefix: columns.prefix, keyId: columns.keyId }),
      ...(replaces !== null && { action: 'rotate' }),
    },
  )
  const body = { ...credentialView(row, nowMs), key }
  return {
    status: 201 as const,
    body,
    again: { ...body, key: null },
    version: row.version,
    location: `/v1/credentials/${row.id}`,
  }
}

/** What the new one has of the old one. */
function rotated({ kind, name, scopes, keyId }: Row): NewCredential {
  const user = kind === 'basic' && { user: keyId }
  return { kind, name, scopes: scopes === '' ? [] : scopes.split(' '), ...user }
}

function refuseGone({ revoked, expires }: Row, nowMs: number): void {
  if (revoked !== null || (expires !== null && expires <= nowMs))
    throw new AdminError(409, 'it does not count any more, make a new one in place of rotating it')
}

/** From `overlapS` on it does not count; never later than before. */
async function retire(tx: ChangeTx, row: Row, overlapS: number, found: ApplicationOf): Promise<void> {
  if (overlapS === 0) return void (await revoke(tx, row, tx.now, found))
  const expires = Math.min(row.expires ?? Infinity, tx.now + overlapS * 1000)
  await tx.credentials.update(
    row.id,
    { expires },
    { action: 'retire', organization: found.of.id, name: nameOfCredential(row) },
  )
}

/** For the audit: what it is for, or else what lists show of it. */
function nameOfCredential({ name, prefix, keyId }: Pick<Row, 'name' | 'prefix' | 'keyId'>): string {
  return name || prefix || keyId
}

function revoke(tx: ChangeTx, row: Row, nowMs: number, { of }: ApplicationOf): Promise<Row> {
  return tx.credentials.update(
    row.id,
    { revoked: nowMs },
    { action: 'revoke', organization: of.id, name: nameOfCredential(row) },
  )
}

function credentialView(row: Row, nowMs: number): Credential {
  const { id, application, kind, name, keyId, prefix, scopes, replaces } = row
  return {
    id,
    application,
    kind,
    name,
    keyId,
    prefix,
    scopes: scopes === '' ? [] : scopes.split(' '),
    status: statusOf(row, nowMs),
    createdAt: timeOf(row.created),
    notBeforeAt: timeOrNull(row.notBefore),
    expiresAt: timeOrNull(row.expires),
    lastUsedAt: timeOrNull(row.lastUsed),
    revokedAt: timeOrNull(row.revoked),
    replaces,
  }
}

function statusOf({ revoked, expires, notBefore }: Row, nowMs: number): Credential['status'] {
  if (revoked !== null) return 'revoked'
  if (expires !== null && expires <= nowMs) return 'expired'
  return notBefore !== null && notBefore > nowMs ? 'upcoming' : 'active'
}
