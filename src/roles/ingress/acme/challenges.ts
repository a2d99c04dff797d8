import type { ValidationPair } from '../../../proxy/tls/name-validation.ts'
import type { Authorization } from 'acme-client'
import type { CertificateStore, DocumentName } from './store.ts'
import { keyDigest } from './wanted.ts'

/** What a client is shown who asks whether a name is ours; `http-01` by token, `tls-alpn-01` by name. */
type ChallengeKey = { readonly token: string } | { readonly serverName: string }

export function challengeDocument(key: ChallengeKey): DocumentName {
  return 'token' in key ? `challenges/${key.token}` : `challenges/${keyDigest([key.serverName])}.alpn`
}

/** What may have been shown for it, by us or by whoever began the order. */
export function documentsOf({ identifier, challenges }: Authorization): readonly DocumentName[] {
  return challenges.flatMap(({ type, token }) => {
    if (String(type) === 'tls-alpn-01') return [challengeDocument({ serverName: identifier.value })]
    return type === 'http-01' && isToken(token) ? [challengeDocument({ token })] : []
  })
}

/** RFC 8555 §8.1: of base64url, at least 128 bits; longer ones than anybody makes are nobody's. */
function isToken(text: string): boolean {
  return /^[-A-Za-z0-9_]{20,128}$/.test(text)
}

export async function findToken(store: CertificateStore, token: string): Promise<string | null> {
  return isToken(token) ? store.read(challengeDocument({ token })) : null
}

export async function findPair(store: CertificateStore, serverName: string): Promise<ValidationPair | null> {
  const text = await store.read(challengeDocument({ serverName }))
  return text === null ? null : (JSON.parse(text) as ValidationPair)
}
