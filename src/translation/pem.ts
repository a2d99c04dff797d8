import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { canonicalHostname } from '../http/hostname.ts'
import type { Certificate, KeyType, Leaf } from '../snapshot/tls.ts'
import { alternatives } from '../upstream/tls/identity.ts'

/** A certificate that can be used, and when. */
export interface Parsed {
  readonly certificate: Certificate
  /** It can be used as long as one of these lasts: of a pair there is one, of authorities one for each. */
  readonly validity: readonly Validity[]
}

/** Milliseconds since 1970, both of them still valid (RFC 5280 §4.1.2.5). */
export interface Validity {
  readonly fromMs: number
  readonly untilMs: number
}

/** What is wrong with a text; never contains any of it. */
export interface Malformed {
  readonly wrong: string
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/**
 * A certificate chain and its private key, as kubernetes.io/tls Secrets hold them: the leaf first, the key
 * unencrypted, both strong enough for OpenSSL. Whether it is within its time is for the caller to judge.
 */
export function parseKeyPair(chainText: string, keyText: string): Parsed | Malformed {
  const chain = parseChain(chainText, 'tls.crt')
  if ('wrong' in chain) return chain
  const key = parseKey(keyText)
  if ('wrong' in key) return key
  const [leaf] = chain
  if (leaf === undefined || !leaf.checkPrivateKey(key))
    return { wrong: 'the key in tls.key is not that of the first certificate in tls.crt' }
  const keyType = keyTypeOf(leaf.publicKey)
  if (typeof keyType !== 'string') return { wrong: `the certificate in tls.crt ${keyType.wrong}` }
  const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  const certificate = certificateOf(chain, keyPem, { names: certificateNames(leaf), keyType })
  // Of the leaf: an intermediate may have expired that clients know another way around.
  return usable(certificate) ?? { certificate, validity: [validityOf(leaf)] }
}

/** The certificates of one or more authorities. */
export function parseAuthorities(text: string, field: string): Parsed | Malformed {
  const chain = parseChain(text, field)
  return 'wrong' in chain
    ? chain
    : { certificate: certificateOf(chain, '', null), validity: chain.map(validityOf) }
}

function parseChain(text: string, field: string): X509Certificate[] | Malformed {
  const blocks = text.match(BLOCK) ?? []
  if (blocks.length === 0) return { wrong: `${field} holds no PEM certificate` }
  const chain: X509Certificate[] = []
  for (const [i, block] of blocks.entries()) {
    try {
      chain.push(new X509Certificate(block))
    } catch {
      return { wrong: `certificate ${i + 1} in ${field} cannot be read` }
    }
  }
  return chain
}

function parseKey(text: string): KeyObject | Malformed {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text))
    return { wrong: 'the key in tls.key is encrypted, expected one without a password' }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return { wrong: 'tls.key holds no PEM private key' }
  try {
    return createPrivateKey(text)
  } catch {
    return { wrong: 'the private key in tls.key cannot be read' }
  }
}

const curves: ReadonlyMap<string, KeyType> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
])

/** Or what is wrong with it: RFC 9325 §4.2 and §4.3, what clients refuse today, or ought to. */
export function keyTypeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyType | Malformed {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {}
  switch (asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength >= 2048) return asymmetricKeyType
      return { wrong: `has an RSA key of ${modulusLength} bits, expected 2048 or more` }
    case 'ec':
      return (
        curves.get(namedCurve) ?? {
          wrong: `has a key on the curve ${namedCurve}, expected P-256, P-384 or P-521`,
        }
      )
    case 'ed25519':
    case 'ed448':
      return asymmetricKeyType
    default:
      return { wrong: `has a key of type ${asymmetricKeyType ?? 'unknown'}, expected RSA, ECDSA or Ed25519` }
  }
}

/** The DNS names that it is good for; where it has none, which clients have long ceased to take, its common name. */
export function certificateNames({ subject, subjectAltName = '' }: Partial<X509Certificate>): string[] {
  const alternative = alternatives(subjectAltName).flatMap(([type, value]) => (type === 'DNS' ? [value] : []))
  // Undefined where the subject is empty, as Let's Encrypt leaves it in certificates of a few days.
  const common = [...(subject ?? '').matchAll(/^CN=(.*)$/gm)].map(([, value = '']) => value)
  const names = (alternative.length > 0 ? alternative : common).map(canonicalHostname)
  // RFC 9525 §6.3: an asterisk is the whole of the first label, or nothing that we know.
  return [...new Set(names)].filter(name => /^(\*\.)?[^*]+$/.test(name))
}

/** OpenSSL has rules of its own (signature algorithms, security level): asked here, no handshake fails for them. */
function usable({ chain, key }: Certificate): Malformed | null {
  try {
    createSecureContext({ cert: chain, key })
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    return { wrong: `OpenSSL refuses the certificate in tls.crt (${code})` }
  }
}

function certificateOf(chain: readonly X509Certificate[], key: string, leaf: Leaf | null): Certificate {
  const text = chain.map(one => one.toString()).join('')
  return { chain: text, key, fingerprint: digest(text + key), leaf }
}

function validityOf({ validFromDate, validToDate }: X509Certificate): Validity {
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() }
}

/** Of anything that must be told apart from what it was before. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
