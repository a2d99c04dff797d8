import type { Identity } from '../../../filters/identity.ts'
import type { CredentialRow } from '../rows.ts'
import type { Refused } from './acceptor.ts'

const noClaims: Identity['claims'] = Object.freeze({})

/** Rows that are read again and again are the same objects for a while; what is kept of an identity then is, too. */
const known = new WeakMap<CredentialRow, Identity>()

/** Who a recorded credential is of; `principal` follows from the row. It is shared by all requests that bring it. */
export function recordedIdentity(kind: Identity['kind'], principal: string, row: CredentialRow): Identity {
  const before = known.get(row)
  if (before !== undefined) return before
  const { credential, application, account, scopes } = row
  const identity = { kind, principal, credential, application, account, scopes, claims: noClaims }
  known.set(row, identity)
  return identity
}

/** Who is let through without being recorded. */
export function unrecordedIdentity(kind: Identity['kind'], principal: string): Identity {
  return { kind, principal, credential: null, application: null, account: null, scopes: [], claims: noClaims }
}

/** Who brings nothing, where a policy lets nobody in particular pass. */
export const anonymous: Identity = unrecordedIdentity('anonymous', 'anonymous')

/** Of who is not recorded nobody knows whether he should be, since records were never read: that is no fault of the client. */
export const unread: Refused = {
  failure: 'authorization_unavailable',
  detail: 'what is recorded of credentials cannot be read yet',
}
