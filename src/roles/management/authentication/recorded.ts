import type { Identity } from '../../../filters/identity.ts'
import type { CredentialRow } from '../rows.ts'

const noClaims: Identity['claims'] = Object.freeze({})

/** Who a recorded credential is of. It is shared by all requests that bring it. */
export function recordedIdentity(
  kind: Identity['kind'],
  principal: string,
  { credential, application, account, scopes }: CredentialRow,
): Identity {
  return { kind, principal, credential, application, account, scopes, claims: noClaims }
}

/** Who is let through without being recorded. */
export function unrecordedIdentity(kind: Identity['kind'], principal: string): Identity {
  return { kind, principal, credential: null, application: null, account: null, scopes: [], claims: noClaims }
}

/** Who brings nothing, where a policy lets nobody in particular pass. */
export const anonymous: Identity = unrecordedIdentity('anonymous', 'anonymous')
