import { createHash } from 'node:crypto'

/** A certificate that somebody wants: what the ACME service is given, from one or more CertificatePolicies. */
export interface WantedCertificate {
  /** Of what it is a certificate for, and by whom: `shop.example-0123456789abcdef`. Names its file, and its lease. */
  readonly id: string
  /** DNS names, lower case, no wildcards; the first names its file. */
  readonly names: readonly string[]
  readonly keyType: KeyAlgorithm
  readonly challenge: ChallengeType
  readonly account: AccountSettings
}

export type KeyAlgorithm = 'ecdsa' | 'rsa'
export type ChallengeType = 'http-01' | 'tls-alpn-01'

/** With whom, and as whom. */
export interface AccountSettings {
  readonly directoryUrl: string
  /** "" for none. */
  readonly email: string
  readonly externalAccount: ExternalAccount | null
  /** PEM of who may have issued the certificate of the directory itself; null: whom the system trusts. */
  readonly authorities: string | null
}

export interface ExternalAccount {
  readonly keyId: string
  /** base64url, as authorities give it. Never to be printed. */
  readonly key: string
}

/** The same for whoever wants the same certificate of the same directory, so that it is ordered once. */
export function certificateId(directoryUrl: string, names: readonly string[], keyType: KeyAlgorithm): string {
  return `${(names[0] ?? '').slice(0, 100)}-${keyDigest([directoryUrl, keyType, ...names.toSorted()])}`
}

/** Accounts differ by directory, address and external account. */
export function accountId({ directoryUrl, email, externalAccount }: AccountSettings): string {
  const external = externalAccount === null ? [] : [externalAccount.keyId, externalAccount.key]
  return `${hostOf(directoryUrl)}-${keyDigest([directoryUrl, email, ...external])}`
}

/** What an earlier refusal was about: with other settings it need not be waited for. */
export function settingsId({ account, challenge }: WantedCertificate): string {
  return keyDigest([accountId(account), challenge, account.authorities ?? ''])
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname.replace(/[^a-z0-9.-]/g, '') || 'acme'
}

export function keyDigest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
