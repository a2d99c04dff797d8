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
  const haveAccounts = (): boolean => accounts()?.exist === true
  return request => {
    const { authorization } = request.headers
    if (authorization !== undefined) return byToken(request, authorization)
    if (haveAccounts()) return refused(`needs Authorization: Bearer TOKEN, since there are users; ${theirs}`)
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
      if (!haveAccounts()) return { level: 'operator', by: 'token' }
      return refused(`admin-token counts only until there are users; ${theirs}`)
    }
    const client = shareKey(socket.remoteAddress ?? '')
    const retryAfterS = tries.waitS(client)
    if (retryAfterS > 0)
      return { level: 'none', refusal: { status: 429, detail: 'too many tokens that are none', retryAfterS } }
    tries.failed(client)
    return refused(`that is another token; ${haveAccounts() ? theirs : where}`)
  }
}

const theirs = 'bring a personal access token of a user (pcp_…), or ask by the socket of the data directory'

function userOf(authorization: string, accounts: Accounts | null): ApiUser | null {
  const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
  return token === undefined ? null : (accounts?.whoBrings(token) ?? null)
}

function refused(detail: string): Access {
  return { level: 'none', refusal: { status: 401, detail } }
}
