import { PORTCULLIS } from '../../../model/kind.ts'
import { ConfigMap } from '../../../model/kinds/config-map.ts'
import { Secret } from '../../../model/kinds/secret.ts'
import { refKey, type Resources } from '../../../model/resources.ts'
import { secretValue, type Certificates } from '../../../translation/certificates.ts'
import { missing } from '../../../translation/missing.ts'
import type { Flaw } from '../../../translation/report.ts'
import { certificateDefaults, type CertificatePolicy } from '../kinds/certificate-policy.ts'
import type { AccountSettings, ExternalAccount, WantedCertificate } from './wanted.ts'

/** What a policy says about all of its certificates. */
export type PolicySettings = Pick<WantedCertificate, 'account' | 'challenge' | 'keyType'>

const reasons = { invalid: 'InvalidCACertificateRef', kind: 'InvalidCACertificateRef' }

/** Or why nothing can be ordered by it. */
export function settingsOf(
  policy: CertificatePolicy,
  resources: Resources,
  certificates: Certificates,
): PolicySettings | Flaw {
  const { account, directory = {}, challenge, keyType } = policy.body.spec
  if (!account.termsOfServiceAgreed)
    return {
      reason: 'TermsNotAgreed',
      path: ['spec', 'account', 'termsOfServiceAgreed'],
      message: 'nothing is ordered before the terms of the authority are agreed to, expected true',
    }
  const external = externalAccountOf(policy, resources)
  if (external !== null && 'reason' in external) return external
  const authorities = authoritiesOf(policy, certificates)
  if (authorities !== null && typeof authorities !== 'string') return authorities
  const settings: AccountSettings = {
    directoryUrl: directory.url ?? certificateDefaults.directoryUrl,
    email: account.email ?? '',
    externalAccount: external,
    authorities,
  }
  return {
    account: settings,
    challenge: challenge ?? certificateDefaults.challenge,
    keyType: keyType ?? certificateDefaults.keyType,
  }
}

function authoritiesOf(policy: CertificatePolicy, certificates: Certificates): string | null | Flaw {
  const { caCertificateRef } = policy.body.spec.directory ?? {}
  if (caCertificateRef === undefined) return null
  const { kind = ConfigMap.kind, name } = caCertificateRef
  const from = { group: PORTCULLIS, kind: policy.kind, namespace: policy.metadata.namespace }
  const path = ['spec', 'directory', 'caCertificateRef']
  const found = certificates.authority({ kind, name }, from, path, reasons)
  return 'parsed' in found ? found.parsed.certificate.chain : found
}

function externalAccountOf(policy: CertificatePolicy, resources: Resources): ExternalAccount | null | Flaw {
  const { externalAccount } = policy.body.spec.account
  if (externalAccount === undefined) return null
  const { keyId, secretRef } = externalAccount
  const { namespace } = policy.metadata
  const path = ['spec', 'account', 'externalAccount', 'secretRef']
  const secret = resources.get(Secret, namespace, secretRef.name)
  if (secret === undefined)
    return { reason: 'InvalidSecretRef', path, ...missing(resources, Secret, namespace, secretRef.name) }
  const field = secretRef.key ?? certificateDefaults.externalAccountField
  const key = secretValue(secret, field).trim()
  if (/^[-_A-Za-z0-9+/]+={0,2}$/.test(key)) return { keyId, key }
  const what = refKey({ group: '', kind: 'Secret', namespace, name: secretRef.name }).replace('/', ' ')
  const message = `${what}: ${field} is ${key === '' ? 'not there' : 'no base64url'}, expected the key as the authority gives it`
  return { reason: 'InvalidSecretRef', path, message }
}
