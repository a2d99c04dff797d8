import { backendDefaults, cipherSuites, clientDefaults } from '../../model/defaults.ts'
import { tlsGroup } from '../../model/kinds/tls-groups.ts'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import type { Ejection } from '../../snapshot/health.ts'
import type { ClusterTls, TlsVersion } from '../../snapshot/tls.ts'

/** What a port has without a ClientPolicy. */
export const clientSettings: ClientSettings = {
  trustedHops: clientDefaults.trustedHops,
  trustedPeers: '',
  sharing: clientDefaults.sharing,
  proxyProtocol: '',
  proxyProtocolRequired: clientDefaults.proxyProtocolRequired,
  requestLineBytes: clientDefaults.requestLineBytes,
  fieldBytes: clientDefaults.fieldBytes,
  headBytes: clientDefaults.headBytes,
  fieldCount: clientDefaults.fields,
  bodyBytes: clientDefaults.bodyBytes,
  headTimeoutMs: clientDefaults.headTimeoutMs,
  idleTimeoutMs: clientDefaults.idleTimeoutMs,
  bodyIdleTimeoutMs: clientDefaults.bodyIdleTimeoutMs,
  stallTimeoutMs: clientDefaults.stallTimeoutMs,
  halfClose: clientDefaults.halfClose,
  requestsPerConnection: clientDefaults.requestsPerConnection,
  connections: clientDefaults.connections,
  openings: clientDefaults.openings,
  handshakes: clientDefaults.handshakes,
  streams: clientDefaults.streams,
  methods: clientDefaults.methods,
  encodedSlash: clientDefaults.encodedSlash,
  emptySegments: clientDefaults.emptySegments,
  illegalCharacters: clientDefaults.illegalCharacters,
  underscores: clientDefaults.underscores,
  forwardedPort: clientDefaults.forwardedPort,
  tlsMinVersion: tlsVersion(clientDefaults.tlsMinVersion),
  tlsMaxVersion: tlsVersion(clientDefaults.tlsMaxVersion),
  tlsCiphers: Object.keys(cipherSuites).join(':'),
  tlsGroups: groupsOf(clientDefaults.tlsGroups)!,
  tlsAlpn: 'h2,http/1.1',
  clientCertificateHeader: clientDefaults.clientCertificateHeader,
}

/** Policies write versions without the v. */
export function tlsVersion(written: 'TLS1.2' | 'TLS1.3'): TlsVersion {
  return written === 'TLS1.2' ? 'TLSv1.2' : 'TLSv1.3'
}

/** The suites that were chosen, by IANA or OpenSSL name; of a version that has none of them, all that we have. */
export function suitesOf(chosen: readonly string[]): string | undefined {
  const names = new Map(Object.entries(cipherSuites).map(([openssl, iana]) => [iana, openssl]))
  const list = chosen.map(name => names.get(name) ?? name)
  const isNew = (name: string): boolean => name.startsWith('TLS_')
  const others = Object.keys(cipherSuites).filter(name => !list.some(one => isNew(one) === isNew(name)))
  return list.length === 0 ? undefined : [...list, ...others].join(':')
}

/** Those that this OpenSSL has, by IANA or OpenSSL name; of none, the default. */
export function groupsOf(chosen: readonly string[]): string | undefined {
  const names = new Set(chosen.flatMap(name => tlsGroup(name) ?? []))
  return names.size === 0 ? undefined : [...names].join(':')
}

/** What BackendPolicy decides about connections that are secured. */
export type TlsBounds = Pick<ClusterTls, 'minVersion' | 'maxVersion' | 'ciphers'>

export const tlsBounds: TlsBounds = {
  minVersion: tlsVersion(backendDefaults.tlsMinVersion),
  maxVersion: tlsVersion(backendDefaults.tlsMaxVersion),
  ciphers: '',
}

export const ejectionSettings: Ejection = {
  consecutiveFailures: backendDefaults.consecutiveFailures,
  baseEjectionMs: backendDefaults.baseEjectionMs,
  maxEjectionMs: backendDefaults.maxEjectionMs,
  maxEjectedPercent: backendDefaults.maxEjectedPercent,
}
