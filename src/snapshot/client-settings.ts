import type { TlsVersion } from './tls.ts'

/** How one port treats its clients (ClientPolicy); every field has its default from `model`. */
export interface ClientSettings {
  /** Proxies in front of us whose X-Forwarded-* and Forwarded are believed, counted from the right; 0 believes none. */
  readonly trustedHops: number
  /** Addresses and CIDRs of peers that have no share of their own, commas between; "" for none. */
  readonly trustedPeers: string
  /** Whether the address of a client is its share of what is full; `off`: all are one. */
  readonly sharing: 'client' | 'off'
  /** Versions of the PROXY protocol by which balancers tell of their clients, commas between: `V1,V2`; "" for none. */
  readonly proxyProtocol: string
  /** Whether every connection is one of a balancer that does. */
  readonly proxyProtocolRequired: boolean
  readonly requestLineBytes: number
  readonly fieldBytes: number
  readonly headBytes: number
  readonly fieldCount: number
  /** Largest request body; 0 is no limit. */
  readonly bodyBytes: number
  readonly headTimeoutMs: number
  readonly idleTimeoutMs: number
  /** No byte of a body moved in either direction for this long. */
  readonly bodyIdleTimeoutMs: number
  /** A stream of HTTP/2 of which nothing that waits could be sent for this long is reset. */
  readonly stallTimeoutMs: number
  /** What it means when a client that waits for an answer ends its direction: that it left, or that it asks for no more. */
  readonly halfClose: 'cancel' | 'serve'
  /** Requests on one connection before it is closed; 0 is no limit. */
  readonly requestsPerConnection: number
  /** Connections on this port in this worker beyond which a new one has the place of another; 0 is no limit. */
  readonly connections: number
  /** Those of them that may be silent: before a ClientHello, a PROXY header or the first byte of a request; 0 is no limit. */
  readonly openings: number
  /** Those of them that may be in a TLS handshake that has cost a signature; 0 is no limit. */
  readonly handshakes: number
  /** Streams that a connection of HTTP/2 may have open at once. */
  readonly streams: number
  /** Those that are taken, commas between; "" is every one but TRACE. CONNECT is none of them in any case. */
  readonly methods: string
  /** Of "%2F" and "%5C" in paths; "unescape" leaves the latter as it is. */
  readonly encodedSlash: 'keep' | 'reject' | 'unescape'
  readonly emptySegments: 'keep' | 'merge'
  /** What becomes of characters that browsers leave bare in targets; `keep` is about queries, in paths it is `encode`. */
  readonly illegalCharacters: 'encode' | 'keep' | 'reject'
  readonly underscores: 'allow' | 'drop' | 'reject'
  /** What X-Forwarded-Port says: the port that the client named, or the one of the listener. */
  readonly forwardedPort: 'client' | 'listener'
  readonly tlsMinVersion: TlsVersion
  readonly tlsMaxVersion: TlsVersion
  /** OpenSSL names, colons between, the preferred first. */
  readonly tlsCiphers: string
  /** Groups for the exchange of keys, OpenSSL names, colons between, the preferred first. */
  readonly tlsGroups: string
  /** Protocols that are offered (RFC 7301), commas between, the preferred first. */
  readonly tlsAlpn: string
  /** The field that tells upstreams of a verified client certificate; whatever clients send under these names is removed. */
  readonly clientCertificateHeader: 'none' | 'client-cert' | 'x-forwarded-client-cert'
}
