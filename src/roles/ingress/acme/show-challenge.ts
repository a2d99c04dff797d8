import * as acme from 'acme-client'
import type { ValidationPair } from '../../../proxy/tls/name-validation.ts'
import { challengeDocument } from './challenges.ts'
import type { CertificateStore } from './store.ts'

/** Puts what is to be shown where every replica finds it. */
export async function showChallenge(
  store: CertificateStore,
  authorization: acme.Authorization,
  challenge: acme.Authorization['challenges'][number],
  answer: string,
): Promise<void> {
  if (challenge.type === 'http-01') {
    await store.write(challengeDocument({ token: challenge.token }), answer)
    return
  }
  const [key, cert] = await acme.crypto.createAlpnCertificate(
    authorization,
    answer,
    await acme.crypto.createPrivateEcdsaKey(),
  )
  const pair: ValidationPair = { cert: cert.toString(), key: key.toString() }
  await store.write(challengeDocument({ serverName: authorization.identifier.value }), JSON.stringify(pair))
}
