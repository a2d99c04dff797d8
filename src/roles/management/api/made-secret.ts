import { AdminError } from '../../../api/errors.ts'
import type { NewCredential } from '../../../api/shapes/credential.ts'
import { issueKey } from '../credentials/keys.ts'
import type { Credential } from '../store/tables.ts'
import type { ManagementApi } from './context.ts'

/** What is recorded of a new credential, and the key that is shown once; null where its secret is elsewhere. */
export interface MadeSecret extends Pick<Credential, 'keyId' | 'prefix' | 'hash' | 'pepper'> {
  readonly key: string | null
}

export async function madeSecret(api: ManagementApi, asked: NewCredential): Promise<MadeSecret> {
  const { kind = 'api-key', user, subject, issuer, clientId } = asked
  refuseOthers(kind, { user, subject, issuer, clientId })
  switch (kind) {
    case 'api-key': {
      const { text, keyId, prefix, hash, pepper } = issueKey(api.environment, api.peppers())
      return { key: text, keyId, prefix, hash, pepper }
    }
    case 'basic': {
      const { password, hash } = await api.newPassword()
      return { key: password, keyId: user ?? '', prefix: '', hash, pepper: null }
    }
    case 'certificate':
      return { key: null, keyId: subject ?? '', prefix: '', hash: null, pepper: null }
    case 'client':
      return { key: null, keyId: `${issuer ?? ''} ${clientId ?? ''}`, prefix: '', hash: null, pepper: null }
  }
}

const needed: Readonly<Record<NonNullable<NewCredential['kind']>, readonly string[]>> = {
  'api-key': [],
  basic: ['user'],
  certificate: ['subject'],
  client: ['issuer', 'clientId'],
}

function refuseOthers(kind: keyof typeof needed, given: Readonly<Record<string, string | undefined>>): void {
  const names = needed[kind]
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined && names.includes(name))
      throw new AdminError(422, `body: ${name} is required for kind ${kind}`)
    if (value !== undefined && !names.includes(name))
      throw new AdminError(422, `body: ${name} is nothing of kind ${kind}`)
  }
}
