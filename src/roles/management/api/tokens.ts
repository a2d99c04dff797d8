import { accessOf } from '../../../api/access.ts'
import type { Api } from '../../../api/api.ts'
import { AdminError } from '../../../api/errors.ts'
import {
  NewToken,
  Token,
  TokenParams,
  TokenQuery,
  Tokens,
  TokenWithSecret,
} from '../../../api/shapes/token.ts'
import { UserParams } from '../../../api/shapes/user.ts'
import { actorOf, type Actor } from '../access/actor.ts'
import { issueToken } from '../credentials/keys.ts'
import type { Peppers } from '../credentials/peppers.ts'
import type { ChangeTx } from '../store/store.ts'
import type { Token as Row, User } from '../store/tables.ts'
import { missing } from './allow.ts'
import { changed, opened, precondition } from './changes.ts'
import type { ManagementApi } from './context.ts'
import { afterId, pageOfRows } from './lists.ts'
import { msOf, timeOf, timeOrNull } from './times.ts'
import { mayManage, seenUser } from './users.ts'

const tags = ['users']
const DAY_MS = 86_400_000
const USUAL_DAYS = 90

/** Personal access tokens: of who asks, or of a user whom they administer. */
export function tokenRoutes(app: Api, api: ManagementApi): void {
  app.get(
    '/v1/users/:user/tokens',
    {
      config: { permission: 'self' },
      schema: {
        summary: 'Tokens of a user',
        tags,
        params: UserParams,
        querystring: TokenQuery,
        response: { 200: Tokens },
      },
    },
    async ({ raw, params, query: { limit, cursor } }) => {
      const store = await opened(api)
      const user = await seenUser(store, actorOf(accessOf(raw)), params.user)
      const rows = await store.db
        .selectFrom('tokens')
        .selectAll()
        .where('user', '=', user.id)
        .where('id', '>', afterId(cursor))
        .orderBy('id')
        .limit(limit + 1)
        .execute()
      return pageOfRows(rows, limit, row => tokenView(row, api.nowMs()))
    },
  )
  app.post(
    '/v1/users/:user/tokens',
    {
      config: { permission: 'self' },
      schema: {
        summary: 'Make a token, which is shown this once',
        description: 'It may do what its user may do, at any time.',
        tags,
        params: UserParams,
        body: NewToken,
        response: { 201: TokenWithSecret },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const user = await ownUser(tx, actor, request.params.user)
        const { name = '', expiresAt } = request.body
        const nowMs = api.nowMs()
        const expires =
          expiresAt === undefined
            ? nowMs + USUAL_DAYS * DAY_MS
            : expiresAt === null
              ? null
              : msOf(expiresAt, 'body: expiresAt')
        if (expires !== null && expires <= nowMs)
          throw new AdminError(422, 'body: expiresAt is past, expected a time to come')
        const body = await makeToken(tx, user, { name, expires }, api.peppers(), nowMs)
        return {
          status: 201,
          body,
          again: { ...body, secret: null },
          location: `/v1/users/${user.id}/tokens/${body.id}`,
        }
      }),
  )
  app.delete(
    '/v1/users/:user/tokens/:token',
    {
      config: { permission: 'self' },
      schema: {
        summary: 'Revoke a token: from now on it lets nobody in',
        tags,
        params: TokenParams,
        response: { 200: Token },
      },
    },
    (request, reply) =>
      changed(api, request, reply, async (tx, actor) => {
        const { params } = request
        const user = await ownUser(tx, actor, params.user)
        const token = await tx.tokens.get(params.token)
        if (token?.user !== user.id) throw missing(`token ${params.token} of user ${user.name}`)
        precondition(request, token.version)
        const revoked =
          token.revoked === null
            ? await tx.tokens.update(
                token.id,
                { revoked: api.nowMs() },
                { action: 'revoke', organization: user.organization },
              )
            : token
        return { body: tokenView(revoked, api.nowMs()) }
      }),
  )
}

async function ownUser(tx: ChangeTx, actor: Actor, ref: string): Promise<User> {
  const user = await seenUser(tx, actor, ref)
  if (user.id !== actor.id) await mayManage(tx, actor, user)
  return user
}

export async function makeToken(
  tx: ChangeTx,
  user: User,
  { name, expires }: Pick<Row, 'name' | 'expires'>,
  peppers: Peppers,
  nowMs: number,
): Promise<TokenWithSecret> {
  const { text, prefix, hash } = issueToken(peppers)
  const row = await tx.tokens.insert(
    { user: user.id, name, prefix, hash, expires, lastUsed: null, revoked: null },
    { organization: user.organization },
  )
  return { ...tokenView(row, nowMs), secret: text }
}

function tokenView(row: Row, nowMs: number): Token {
  const { id, user, name, prefix, created, expires, lastUsed, revoked } = row
  return {
    id,
    user,
    name,
    prefix,
    status: revoked !== null ? 'revoked' : expires !== null && expires <= nowMs ? 'expired' : 'active',
    createdAt: timeOf(created),
    expiresAt: timeOrNull(expires),
    lastUsedAt: timeOrNull(lastUsed),
    revokedAt: timeOrNull(revoked),
  }
}
