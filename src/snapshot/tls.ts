/** A certificate with its private key, or the certificates of authorities. */
export interface Certificate {
  /** PEM, the leaf first; of authorities in any order. */
  readonly chain: string
  /** PEM; "" for authorities. Never to be printed. */
  readonly key: string
  /** Differs where chain or key do; tells neither. */
  readonly fingerprint: string
  /** What a certificate with a key is chosen by; null for authorities. */
  readonly leaf: Leaf | null
}

export interface Leaf {
  /** DNS names, `a.example` or `*.example`, lower case. */
  readonly names: readonly string[]
  readonly keyType: KeyType
}

export type KeyType = 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'ed448' | 'rsa' | 'rsa-pss'

/**
 * `passthrough`: bytes go on as they are. `refuse`: it is declared and cannot be served, and no other listener may
 * answer in its place.
 */
export type ListenerTls = Termination | { readonly mode: 'passthrough' | 'refuse' }

export interface Termination {
  readonly mode: 'terminate'
  /** What is spoken inside. */
  readonly inner: 'http' | 'stream'
  /**
   * Names in Snapshot.certificates. Of several, clients are shown one by its names and its type of key. None where all
   * are still to be obtained: then nobody is served.
   */
  readonly certificates: readonly string[]
  /** Those that are still to be obtained, by the names that they will have; absent where there are none. */
  readonly wanted?: readonly string[]
  /** So many of `certificates`, from the first, may be shown to clients who ask for another name. Absent: all. */
  readonly lenient?: number
  /** Client certificates, or null where none is asked for. */
  readonly clients: ClientValidation | null
  /** Differs where anything does that a handshake or a resumption depends on, contents of certificates included. */
  readonly key: string
}

export interface ClientValidation {
  /** Names in Snapshot.certificates. */
  readonly authorities: readonly string[]
  /** Whether a connection without a valid certificate is refused; otherwise it is served like one without any. */
  readonly required: boolean
  /** Differs where the authorities or `required` do. */
  readonly key: string
}

/** Whom connections to a cluster must meet, and who they say that they are. There is no way to leave verification out. */
export interface ClusterTls {
  /** Sent as SNI, and wanted of the certificate where `names` is empty; canonical (http/hostname.ts); "" for endpoints that have no name but their address. */
  readonly serverName: string
  /** Of these the certificate must have one. */
  readonly names: readonly { readonly type: 'dns' | 'uri'; readonly value: string }[]
  /** Names in Snapshot.certificates, or what the system trusts. */
  readonly authorities: readonly string[] | 'system'
  /** Our own, by its name in Snapshot.certificates, for a backend that asks. */
  readonly certificate: string | null
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
  /** OpenSSL names, colons between, the preferred first; "" for what the library offers. */
  readonly ciphers: string
  /** Differs where anything of this does, contents of certificates included: connections are then made anew. */
  readonly key: string
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'
