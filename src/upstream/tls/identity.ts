import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { canonicalHostname } from '../../http/hostname.ts'
import type { ClusterTls } from '../../snapshot/tls.ts'

/** One subject alternative name: `DNS`, `URI`, `IP Address` … and its value. */
type Alternative = readonly [type: string, value: string]

/**
 * The parts of X509Certificate.subjectAltName: `DNS:a.example, URI:"spiffe://x, y"`. A value with characters that
 * would make it ambiguous is a JSON string (CVE-2021-44532).
 */
export function alternatives(text: string): Alternative[] {
  const list: Alternative[] = []
  for (const [, type = '', value = ''] of text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g))
    list.push([type, value.startsWith('"') ? unquoted(value) : value])
  return list
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return ''
  }
}

/**
 * Whether a verified certificate is that of the backend that was meant: undefined, or why not. Subject alternative
 * names alone count (RFC 9525 §2): a common name says nothing about who may use it.
 */
export function identityError(
  tls: ClusterTls,
  address: string,
  certificate: PeerCertificate,
): Error | undefined {
  const text = certificate.subjectaltname ?? ''
  if (text === '') return mismatch('the certificate has no subject alternative name')
  if (tls.names.length === 0) return checkServerIdentity(tls.serverName || address, certificate)
  const has = alternatives(text)
  return tls.names.some(wanted => matches(wanted, has, certificate))
    ? undefined
    : mismatch('the certificate has none of the wanted subject alternative names')
}

function matches(
  { type, value }: ClusterTls['names'][number],
  has: readonly Alternative[],
  certificate: PeerCertificate,
): boolean {
  // A URI is compared as it is (SPIFFE ID §2): no part of it means anything to us.
  if (type === 'uri') return has.some(([kind, uri]) => kind === 'URI' && uri === value)
  if (!value.startsWith('*.')) return checkServerIdentity(value, certificate) === undefined
  return has.some(([kind, name]) => kind === 'DNS' && canonicalHostname(name).endsWith(value.slice(1)))
}

function mismatch(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
}
