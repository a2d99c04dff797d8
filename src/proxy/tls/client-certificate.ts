import type { TLSSocket } from 'node:tls'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import { alternatives } from '../../upstream/tls/identity.ts'
import type { ClientCertificate } from '../../filters/filter.ts'

/** What filters see of a client's certificate, or null: none was asked for, shown, or verified. */
export function clientCertificate(socket: TLSSocket): ClientCertificate | null {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) return null
  const { subject, subjectAltName = '' } = certificate
  const names = alternatives(subjectAltName).filter(([type]) => type !== 'IP Address')
  return { subject: subjectText(subject), names: names.map(([type, value]) => `${type}:${value}`) }
}

/** Its parts are lines, in each of which special characters are escaped as RFC 4514 has it. */
function subjectText(subject: string): string {
  return subject.split('\n').reverse().join(',')
}

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
    `Subject=${quoted(subjectText(subject))}`,
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
