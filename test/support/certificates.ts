// tsyringe, below @peculiar/x509, does not load without it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate and its private key, both PEM; `chain` has the certificates up to below the root. */
export interface KeyPair {
  readonly chain: string
  readonly key: string
}

export type KeyKind = 'ecdsa' | 'p384' | 'p521' | 'ed25519' | 'rsa' | 'rsa1024'

export interface Wanted {
  /** DNS names, the first of which is the common name as well. */
  readonly names?: readonly string[]
  readonly ips?: readonly string[]
  readonly uris?: readonly string[]
  readonly key?: KeyKind
  /** Days from now; negative for one that has expired. */
  readonly days?: number
  /** Days for which it has been valid. */
  readonly age?: number
  readonly commonName?: string
  /** Has no subject at all. */
  readonly anonymous?: boolean
  /** Does not say which of its issuer's keys has signed it. */
  readonly unidentified?: boolean
}

const algorithms = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  ed25519: { name: 'Ed25519' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  rsa1024: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 1024,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
} as const

const DAY_MS = 86_400_000

async function keysOf(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithms[kind], true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error(`${kind} has no pair of keys`)
  return keys
}

async function keyText(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return `${x509.PemConverter.encode(bytes, 'PRIVATE KEY')}\n`
}

function validity(days: number, age = 2): { notBefore: Date; notAfter: Date } {
  const end = Date.now() + days * DAY_MS
  return { notBefore: new Date(Math.min(Date.now(), end) - age * DAY_MS), notAfter: new Date(end) }
}

type AuthorityKind = 'ecdsa' | 'rsa'

/** An authority of a test, able to issue certificates. Its name keeps it apart from others. */
export class Authority {
  /** PEM of the root. */
  readonly root: string
  private readonly certificate: x509.X509Certificate
  private readonly keys: webcrypto.CryptoKeyPair
  /** PEM of what stands between this one and the root. */
  private readonly between: string
  private readonly kind: AuthorityKind

  private constructor(
    certificate: x509.X509Certificate,
    keys: webcrypto.CryptoKeyPair,
    above: Authority | null = null,
    kind: AuthorityKind = 'ecdsa',
  ) {
    this.kind = kind
    this.certificate = certificate
    this.keys = keys
    this.root = above === null ? `${certificate.toString('pem')}\n` : above.root
    this.between = above === null ? '' : `${certificate.toString('pem')}\n${above.between}`
  }

  static async make(name = 'test authority', days = 365, kind: AuthorityKind = 'ecdsa'): Promise<Authority> {
    const keys = await keysOf(kind)
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      ...validity(days),
      signingAlgorithm: algorithms[kind],
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 2, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new Authority(certificate, keys, null, kind)
  }

  /** An authority below this one; what it issues has its certificate in the chain. */
  async delegate(name: string): Promise<Authority> {
    const keys = await keysOf('ecdsa')
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.certificate.subject,
      ...validity(365),
      signingAlgorithm: algorithms[this.kind],
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(true, 1, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
      ],
    })
    return new Authority(certificate, keys, this)
  }

  async issue(wanted: Wanted = {}): Promise<KeyPair> {
    const kind = wanted.key ?? 'ecdsa'
    const keys = await keysOf(kind)
    const { subject: issuer } = this.certificate
    const certificate = await x509.X509CertificateGenerator.create({
      ...(wanted.anonymous === true
        ? {}
        : { subject: `CN=${wanted.commonName ?? wanted.names?.[0] ?? 'anybody'}` }),
      issuer,
      ...validity(wanted.days ?? 90, wanted.age),
      signingAlgorithm: algorithms[this.kind],
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: await leafExtensions(wanted, this.keys),
    })
    return { chain: `${certificate.toString('pem')}\n${this.between}`, key: await keyText(keys) }
  }
}

/** A certificate that nobody but itself vouches for. */
export async function selfSigned(wanted: Wanted = {}): Promise<KeyPair> {
  const kind = wanted.key ?? 'ecdsa'
  const keys = await keysOf(kind)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${wanted.commonName ?? wanted.names?.[0] ?? 'anybody'}`,
    ...validity(wanted.days ?? 90),
    signingAlgorithm: algorithms[kind],
    keys,
    extensions: await leafExtensions(wanted, keys),
  })
  return { chain: `${certificate.toString('pem')}\n`, key: await keyText(keys) }
}

async function leafExtensions(
  { names = [], ips = [], uris = [], unidentified = false }: Wanted,
  issuer: webcrypto.CryptoKeyPair,
): Promise<x509.Extension[]> {
  const alternatives = [
    ...names.map(value => ({ type: 'dns' as const, value })),
    ...ips.map(value => ({ type: 'ip' as const, value })),
    ...uris.map(value => ({ type: 'url' as const, value })),
  ]
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    ...(unidentified ? [] : [await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)]),
    ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
  ]
}

/** A Secret of type kubernetes.io/tls. */
export function tlsSecret(name: string, { chain, key }: KeyPair, namespace = 'default'): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace },
    stringData: { 'tls.crt': chain, 'tls.key': key },
  }
}

/** A ConfigMap with an authority's root in `ca.crt`, where Gateway API looks for it. */
export function caConfigMap(name: string, root: string, namespace = 'default'): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { 'ca.crt': root } }
}
