// tsyringe, below @peculiar/x509, does not load without it.
import 'reflect-metadata'
import { webcrypto, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { CommandFailure } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3_650
/** Clocks of other machines may be behind. */
const EARLIER_MS = 3_600_000

/** PEM: what goes into `tls.crt` and `tls.key` of a Secret. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

/**
 * The authority of one person's development machine: certificates that it issues are trusted where somebody has made
 * its certificate trusted, and nowhere else. Certificate and key are kept in a folder, the key for its owner alone.
 */
export class DevelopmentAuthority {
  /** Of its certificate, for those who are to trust it. */
  readonly file: string
  readonly isNew: boolean
  private readonly certificate: x509.X509Certificate
  private readonly key: webcrypto.CryptoKey

  private constructor(
    file: string,
    isNew: boolean,
    certificate: x509.X509Certificate,
    key: webcrypto.CryptoKey,
  ) {
    this.file = file
    this.isNew = isNew
    this.certificate = certificate
    this.key = key
  }

  /** The one of this folder, which is made if need be. Throws CommandFailure where what is there cannot be used. */
  static async open(folder: string): Promise<DevelopmentAuthority> {
    const file = join(folder, 'ca.crt')
    const keyFile = join(folder, 'ca.key')
    const [certificate, key] = [readIfThere(file), readIfThere(keyFile)]
    if (certificate === null && key === null) return make(folder, file, keyFile)
    if (certificate === null || key === null)
      throw new CommandFailure(
        `${folder} has only one of ca.crt and ca.key; restore the other, or remove both for a new authority`,
      )
    return DevelopmentAuthority.read(file, certificate, keyFile, key)
  }

  static of(file: string, certificate: x509.X509Certificate, key: webcrypto.CryptoKey): DevelopmentAuthority {
    return new DevelopmentAuthority(file, true, certificate, key)
  }

  private static async read(file: string, text: string, keyFile: string, keyPem: string) {
    try {
      const certificate = new x509.X509Certificate(text)
      const der = x509.PemConverter.decodeFirst(keyPem)
      const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
      const expired = certificate.notAfter.getTime() < Date.now()
      if (!expired) return new DevelopmentAuthority(file, false, certificate, key)
    } catch {
      throw new CommandFailure(`${file} and ${keyFile} are no authority of ours; remove both for a new one`)
    }
    throw new CommandFailure(`the authority in ${file} has expired; remove it and ${keyFile} for a new one`)
  }

  /** For servers of these names: DNS names, wildcards, IP addresses. The first is the common name too. */
  async issue(names: readonly string[], days: number): Promise<KeyPair> {
    const keys = await newKeys()
    const until = Math.min(Date.now() + days * DAY_MS, this.certificate.notAfter.getTime())
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [names[0]!.slice(0, 64)] }],
      issuer: this.certificate.subject,
      notBefore: new Date(Date.now() - EARLIER_MS),
      notAfter: new Date(until),
      signingAlgorithm: algorithm,
      publicKey: keys.publicKey,
      signingKey: this.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map(value => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
        ),
        await x509.AuthorityKeyIdentifierExtension.create(this.certificate),
      ],
    })
    return { certificate: pem(certificate), key: await keyText(keys.privateKey) }
  }

  /** SHA-256, as browsers show it. */
  get fingerprint(): string {
    return new X509Certificate(this.certificate.toString('pem')).fingerprint256
  }
}

async function make(folder: string, file: string, keyFile: string): Promise<DevelopmentAuthority> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Among other authorities in a browser's list, whose this one is.
    name: [
      { O: ['Portcullis development authority'] },
      { CN: [`${userInfo().username}@${hostname()}`.slice(0, 64)] },
    ],
    notBefore: new Date(Date.now() - EARLIER_MS),
    notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  makeFolder(folder)
  writeWhole(keyFile, await keyText(keys.privateKey), 0o600)
  writeWhole(file, pem(certificate), 0o644)
  return DevelopmentAuthority.of(file, certificate, keys.privateKey)
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CommandFailure(
      `cannot make ${folder} for a new authority, choose another folder by --data: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function keyText(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key)
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

/** Of a data directory. */
export function authorityFolder(dataDir: string): string {
  return join(dataDir, 'authority')
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw new CommandFailure(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
