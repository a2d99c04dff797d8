import type { IncomingMessage } from 'node:http'
import { shareKey } from '../../http/share-key.ts'
import type { Access, Accounts, ApiUser, Judge } from '../../api/access.ts'
import { FailedTries } from './failed-tries.ts'
import { whyClosed, type Bound } from './open-views.ts'
import type { AdminToken } from './token.ts'

export interface TcpRules {
  readonly bound: Bound
  /** Null: nobody can have one. */
  readonly token: AdminToken | null
  /** Null as long as nobody keeps any. */
  accounts(): Accounts | null
}

/** Judges requests of the listener's port. Who brings a token is judged by that alone. */
export function byTcp({ bound, token, accounts }: TcpRules, tries = new FailedTries()): Judge {
  const where =
    token === null ? 'there is no token' : `the token is in ${token.file} of the gateway's machine`
  const existing = (): boolean | 'unknown' => accounts()?.exist ?? false
  return request => {
    const { authorization } = request.headers
    if (authorization !== undefined) return byToken(request, authorization)
    const exist = existing()
    if (exist === 'unknown') return unread
    if (exist) return refused(`needs Authorization: Bearer TOKEN, since there are users; ${theirs}`)
    const why = whyClosed(request, bound)
    return why === null
      ? { level: 'views', by: 'loopback' }
      : refused(`needs Authorization: Bearer TOKEN, since ${why}; ${where}`)
  }

  function byToken({ socket }: IncomingMessage, authorization: string): Access {
    const user = userOf(authorization, accounts())
    if (user !== null) return { level: 'user', by: 'token', user }
    // First of all: an address is that of many (a proxy, a forwarded port), and one of them must not lock out the operator.
    // What can be guessed is not for the count of tries to prevent, but for the length of a token.
    if (token?.matches(authorization) === true) {
      const exist = existing()
      if (exist === false) return { level: 'operator', by: 'token' }
      return exist === 'unknown'
        ? unread
        : refused(`admin-token counts only until there are users; ${theirs}`)
    }
    // The token of a user is none that anybody knows yet.
    if (existing() === 'unknown') return unread
    const client = shareKey(socket.remoteAddress ?? '')
    const retryAfterS = tries.waitS(client)
    if (retryAfterS > 0)
      return { level: 'none', refusal: { status: 429, detail: 'too many tokens that are none', retryAfterS } }
    tries.failed(client)
    return refused(`that is another token; ${existing() === true ? theirs : where}`)
  }
}

const unread: Access = {
  level: 'none',
  refusal: {
    status: 503,
    detail:
      'who has an account has not been read from the store yet; the socket of the data directory is open',
    retryAfterS: 1,
  },
}

const theirs = 'bring a personal access token of a user (pcp_…), or ask by the socket of the data directory'

function userOf(authorization: string, accounts: Accounts | null): ApiUser | null {
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  return token === undefined ? null : (accounts?.whoBrings(token) ?? null)
}

function refused(detail: string): Access {
  return { level: 'none', refusal: { status: 401, detail } }
}
