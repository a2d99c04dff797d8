import type { TLSSocket } from 'node:tls'
import type { ClientSettings } from '../../snapshot/snapshot.ts'
import { alternatives } from '../../upstream/tls/identity.ts'

/** A field that tells upstreams of the client's certificate, or null: none was asked for, shown, or verified. */
export function certificateField(
  socket: TLSSocket,
  header: ClientSettings['clientCertificateHeader'],
): readonly [string, string] | null {
  if (header === 'none' || !socket.authorized) return null
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return null
  // RFC 9440 §2.1: a byte sequence of RFC 8941, the DER encoding between colons.
  if (header === 'client-cert') return ['Client-Cert', `:${certificate.raw.toString('base64')}:`]
  const { fingerprint256, subject, subjectAltName = '' } = certificate
  const names = alternatives(subjectAltName)
  const parts = [
    `Hash=${fingerprint256.replaceAll(':', '').toLowerCase()}`,
    `Subject=${quoted(subject.split('\n').reverse().join(','))}`,
    ...names.filter(([type]) => type === 'URI').map(([, value]) => `URI=${quotedWhereNeeded(value)}`),
    ...names.filter(([type]) => type === 'DNS').map(([, value]) => `DNS=${quotedWhereNeeded(value)}`),
  ]
  return ['X-Forwarded-Client-Cert', parts.join(';')]
}

/** Names are what the certificate's owner wrote: nothing in them may end the value, or begin another element. */
function quotedWhereNeeded(value: string): string {
  return /^[\w.*:/@+~-]+$/.test(value) ? value : quoted(value)
}

function quoted(value: string): string {
  return `"${value.replaceAll(/[\\"]/g, '\\$&').replaceAll(/[^\x20-\x7e]/g, '?')}"`
}
