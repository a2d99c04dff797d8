import { X509Certificate } from 'node:crypto'
import { ClusterTrustBundle } from '../../model/kinds/cluster-trust-bundle.ts'
import { ConfigMap } from '../../model/kinds/config-map.ts'
import { Secret } from '../../model/kinds/secret.ts'
import { isKind } from '../../model/kind.ts'
import type { Resource } from '../../model/resource.ts'
import { memoized } from '../../snapshot/memo.ts'
import type { Certificate } from '../../snapshot/tls.ts'
import { configValue, secretValue } from '../../translation/certificates.ts'
import { certificateNames, keyTypeOf } from '../../translation/pem.ts'

/** What anybody may know of a certificate. */
export interface CertificateFacts {
  readonly names: readonly string[]
  readonly issuer: string
  readonly keyType: string
  readonly fromMs: number
  readonly untilMs: number
  readonly authority: boolean
}

const served = new WeakMap<Certificate, { readonly facts: CertificateFacts | null }>()
const declared = new WeakMap<Resource, { readonly facts: CertificateFacts | null }>()

export function factsOf(certificate: Certificate): CertificateFacts | null {
  return memoized(served, certificate, ({ chain, leaf }) => ({ facts: read(chain, leaf === null) })).facts
}

/** Of one that is not in force, for it has expired. */
export function declaredFacts(holder: Resource): CertificateFacts | null {
  return memoized(declared, holder, () => ({ facts: readHolder(holder) })).facts
}

function readHolder(holder: Resource): CertificateFacts | null {
  if (isKind(holder, Secret)) {
    const own = secretValue(holder, 'tls.crt')
    return own === '' ? read(secretValue(holder, 'ca.crt'), true) : read(own, false)
  }
  if (isKind(holder, ClusterTrustBundle)) return read(holder.body.spec.trustBundle, true)
  return isKind(holder, ConfigMap) ? read(configValue(holder, 'ca.crt'), true) : null
}

/** So many authorities are named: what a machine trusts has 150. */
const MOST_NAMES = 10

/** The first of a chain; of authorities the one that ends first, and the names of all. */
function read(text: string, authority: boolean): CertificateFacts | null {
  const all = (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).flatMap(
    block => parsed(block) ?? [],
  )
  const [first] = authority ? all.toSorted((a, b) => untilMs(a) - untilMs(b)) : all
  if (first === undefined) return null
  const keyType = keyTypeOf(first.publicKey)
  return {
    names: authority ? all.slice(0, MOST_NAMES).map(one => nameIn(one.subject)) : certificateNames(first),
    issuer: nameIn(first.issuer),
    keyType: typeof keyType === 'string' ? keyType : (first.publicKey.asymmetricKeyType ?? ''),
    fromMs: first.validFromDate.getTime(),
    untilMs: untilMs(first),
    authority,
  }
}

function parsed(block: string): X509Certificate | null {
  try {
    return new X509Certificate(block)
  } catch {
    return null
  }
}

function untilMs({ validToDate }: X509Certificate): number {
  return validToDate.getTime()
}

/** The common name, or all of it in one line; undefined where a subject is empty. */
function nameIn(distinguished: string | undefined): string {
  const common = /^CN=(.*)$/m.exec(distinguished ?? '')?.[1]
  return common ?? (distinguished ?? '').replaceAll('\n', ', ')
}
