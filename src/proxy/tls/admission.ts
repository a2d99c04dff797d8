import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientValidation } from '../../snapshot/tls.ts'
import type { ContextSpec } from './server-contexts.ts'

/** Whether a client that a handshake of `made` let in would be let in, as who it is, by one of `now`. */
export function stillAdmits(socket: TLSSocket, made: ContextSpec, now: ContextSpec): boolean {
  const before = made.termination.clients
  const { clients } = now.termination
  if (before?.key === clients?.key) return true
  if (before === null || clients === null) return false
  if (!socket.authorized) return !clients.required
  const trusted = anchors(clients, now)
  return anchors(before, made).isSubsetOf(trusted) || trusted.has(anchorOf(socket))
}

/**
 * Fingerprint of the authority that vouches for a client, or of whatever is as near to it as is known: what stands
 * between them was the client's to send, and the library forgets it.
 */
function anchorOf(socket: TLSSocket): string {
  let certificate = socket.getPeerCertificate(true)
  // A root has issued itself.
  while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate)
    certificate = certificate.issuerCertificate
  return certificate.fingerprint256
}

/** Reading them takes longer than anything else here, and there may be thousands of connections to ask for. */
const known = new WeakMap<ClientValidation, ReadonlySet<string>>()

function anchors(clients: ClientValidation, { certificates }: ContextSpec): ReadonlySet<string> {
  let set = known.get(clients)
  if (set === undefined) {
    const blocks = clients.authorities.flatMap(name => certificates[name]?.chain.match(BLOCK) ?? [])
    known.set(clients, (set = new Set(blocks.map(block => new X509Certificate(block).fingerprint256))))
  }
  return set
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
