// tsyringe, below @peculiar/x509, does not load without it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/**
 * An authority of our own that lives as long as this process: its key is never written anywhere, so that nobody can
 * issue more certificates that were trusted with `root`.
 */
export class Authority {
  readonly root: string
  private readonly certificate: x509.X509Certificate
  private readonly keys: webcrypto.CryptoKeyPair

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificate = certificate
    this.keys = keys
    this.root = pem(certificate)
  }

  static async make(): Promise<Authority> {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=Portcullis example authority',
      ...period(30),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new Authority(certificate, keys)
  }

  /** A certificate for a server of this DNS name, or for a client that is called so. */
  async issue(name: string): Promise<KeyPair> {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: this.certificate.subject,
      ...period(7),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          x509.ExtendedKeyUsage.serverAuth,
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
        await x509.AuthorityKeyIdentifierExtension.create(this.keys.publicKey),
      ],
    })
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
    return { certificate: pem(certificate), key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n` }
  }
}

/** As `kubectl create secret tls` makes it. */
export function secretOf(name: string, { certificate, key }: KeyPair): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name },
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  }
}

/** Where Gateway API looks for authorities. */
export function configMapOf(name: string, { root }: Authority): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'ca.crt': root } }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

function period(days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + days * DAY_MS) }
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}
