import { issueKey, type IssuedKey } from '../../src/roles/management/credentials/keys.ts'
import type { Peppers } from '../../src/roles/management/credentials/peppers.ts'
import { CREDENTIALS, PEPPERS, SIGNING_KEYS, type CredentialRow } from '../../src/roles/management/rows.ts'
import { firstKeys, publicSet } from '../../src/roles/management/telling/signing-keys.ts'
import type { SharedTables } from '../../src/shared/tables.ts'
import type { RowValue } from '../../src/shared/table-writer.ts'

/** Peppers of tests: two versions, of which the second is used. */
export const peppers: Peppers = {
  current: 2,
  values: new Map([
    [1, Buffer.alloc(32, 1)],
    [2, Buffer.alloc(32, 2)],
  ]),
}

type Tables = Pick<SharedTables, 'patch'>

/** Has a table of peppers as the service fills it. */
export function putPeppers(tables: Tables): void {
  const put = [...peppers.values].map(
    ([version, value]) => [String(version), value.toString('base64')] as const,
  )
  tables.patch(PEPPERS, { put })
}

/** A recorded credential; `more` is what a test is about. */
export function credentialRow(
  more: Partial<CredentialRow> = {},
): CredentialRow & { readonly [name: string]: RowValue } {
  return {
    credential: '0190b2c4-0000-7000-8000-000000000001',
    application: '0190b2c4-0000-7000-8000-00000000000a',
    account: '0190b2c4-0000-7000-8000-00000000000b',
    kind: 'api-key',
    hash: '',
    pepper: 0,
    notBeforeMs: 0,
    expiresMs: null,
    scopes: [],
    ...more,
  }
}

/** Issues a key and records it; what is given is what its client holds. */
export function putKey(
  tables: Tables,
  more: Partial<CredentialRow> = {},
  under: Peppers = peppers,
): IssuedKey {
  const key = issueKey('live', under)
  const row = credentialRow({ hash: key.hash, pepper: key.pepper, ...more })
  tables.patch(CREDENTIALS, { put: [[`key ${key.keyId}`, row]] })
  return key
}

/** As a client holds it, and as it is to be recorded. */
export function newKey(): IssuedKey {
  return issueKey('live', peppers)
}

/** Records many keys, each of a credential of its own. */
export function putKeys(tables: Tables, keys: readonly IssuedKey[]): void {
  const put = keys.map(({ keyId, hash, pepper }, i) => {
    const credential = `0190b2c4-0000-7000-8000-${String(i).padStart(12, '0')}`
    return [`key ${keyId}`, credentialRow({ hash, pepper, credential })] as const
  })
  tables.patch(CREDENTIALS, { put })
}

/** Records what is found by this key: `cert <subject>`, `basic <user>`. */
export function putCredential(tables: Tables, key: string, more: Partial<CredentialRow>): void {
  tables.patch(CREDENTIALS, { put: [[key, credentialRow(more)]] })
}

/** A key is revoked. */
export function removeKey(tables: Tables, { keyId }: Pick<IssuedKey, 'keyId'>): void {
  tables.patch(CREDENTIALS, { remove: [`key ${keyId}`] })
}

/** Has tokens signed from here on; what is given is the set of who verifies them. */
export function putSigningKey(tables: Tables): string {
  const keys = firstKeys(Date.now())
  const { kid, jwk } = keys.current
  tables.patch(SIGNING_KEYS, { put: [['current', { kid, jwk: { ...jwk } }]] })
  return publicSet(keys)
}
