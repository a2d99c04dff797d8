import { constants, createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import type { ClientSettings } from '../../snapshot/client-settings.ts'
import type { Certificate, Termination } from '../../snapshot/tls.ts'
import { acceptLeniently } from './lenient.ts'
import { KeySupport } from './key-support.ts'
import type { TicketKey } from './ticket-keys.ts'
import { ticketKeyName } from './ticket-keys.ts'

/** What becomes of handshakes. */
export interface HandshakeEvents {
  /** `spec` is what the handshake was made from. */
  secured(socket: TLSSocket, spec: ContextSpec): void
  failed(socket: TLSSocket, error: Error): void
  /** OpenSSL refuses what the snapshot says. Told once, however many handshakes need it. */
  unusable(spec: ContextSpec, error: unknown): void
}

/** Begins the handshake of a connection whose ClientHello is still to be read from it. */
type Accept = (socket: Socket) => void

/** All that the handshakes of one listener, with one of its certificates, depend on. */
export interface ContextSpec {
  readonly listener: string
  /** The one that is shown, by its name in `certificates`. */
  readonly certificate: string
  readonly termination: Termination
  readonly client: ClientSettings
  readonly certificates: Readonly<Record<string, Certificate>>
}

/** Tickets are good for this long: shorter than a key is kept. */
const TICKET_SECONDS = 3_600

/**
 * The TLS contexts of one port, as servers that listen nowhere: connections are handed to them once the ClientHello
 * has told which. One is made when a handshake first needs it, and again only when something it was made from has
 * changed: others go on as they are, and so do connections.
 */
export class ServerContexts {
  private readonly made = new Map<string, Accept>()
  /** Names of those that could not be made; each handshake tries again, and none says it again. */
  private readonly told = new Set<string>()
  private readonly events: HandshakeEvents

  constructor(events: HandshakeEvents) {
    this.events = events
  }

  /** Null where OpenSSL refuses what the snapshot says. */
  get(spec: ContextSpec, key: TicketKey): Accept | null {
    const name = `${contextName(spec)} ${ticketKeyName(key)}`
    const known = this.made.get(name)
    if (known !== undefined) return known
    try {
      const accept = this.make(spec, key)
      this.made.set(name, accept)
      return accept
    } catch (error) {
      if (!this.told.has(name)) this.events.unusable(spec, error)
      this.told.add(name)
      return null
    }
  }

  /** Forgets what is neither of these listeners as they are now, nor of these keys. */
  keep(specs: Iterable<ContextSpec>, keys: readonly TicketKey[]): void {
    const wanted = new Set<string>()
    for (const spec of specs) for (const key of keys) wanted.add(`${contextName(spec)} ${ticketKeyName(key)}`)
    for (const name of this.made.keys()) if (!wanted.has(name)) this.made.delete(name)
    for (const name of this.told) if (!wanted.has(name)) this.told.delete(name)
  }

  private make(spec: ContextSpec, key: TicketKey): Accept {
    const server = createServer(serverOptions(spec, key))
    server.on('secureConnection', socket => this.events.secured(socket, spec))
    server.on('tlsClientError', (error, socket) => this.events.failed(socket, error))
    if (spec.termination.clients?.required === false) return socket => acceptLeniently(server, socket)
    return socket => void server.emit('connection', socket)
  }
}

function contextName(spec: ContextSpec): string {
  const { listener, certificate, certificates, termination, client } = spec
  const shown = certificates[certificate]?.fingerprint
  const { inner, clients } = termination
  return [listener, shown, inner, clients?.key, settingsName(client)].join(' ')
}

/** Of what contexts take from the settings of their port. */
export function settingsName(client: ClientSettings): string {
  const { tlsMinVersion, tlsMaxVersion, tlsCiphers, tlsGroups, tlsAlpn } = client
  return [tlsMinVersion, tlsMaxVersion, tlsCiphers, tlsGroups, tlsAlpn].join(' ')
}

/** Why no handshake could be made so, or null. */
export function objectionTo(spec: ContextSpec): string | null {
  const { certificate, certificates, client } = spec
  const keyType = certificates[certificate]?.leaf?.keyType
  if (keyType !== undefined && !new KeySupport(keyType, client).possible)
    return `the ClientPolicy limits its port to TLS 1.2, and to no cipher suite for ${keyType} keys`
  if (client.tlsMaxVersion === 'TLSv1.2' && !client.tlsGroups.split(':').some(isOldGroup))
    return `the ClientPolicy limits its port to TLS 1.2, and to groups that only TLS 1.3 has (${client.tlsGroups})`
  try {
    createSecureContext(contextOptions(spec))
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    return `OpenSSL refuses it with the settings of its port (${code})`
  }
}

/** Those with ML-KEM are of TLS 1.3 alone, and the suites that ffdhe would need are not offered. */
function isOldGroup(name: string): boolean {
  return /^(P-\d+|X25519|X448)$/.test(name)
}

function serverOptions(spec: ContextSpec, key: TicketKey): TlsOptions {
  const { termination, client } = spec
  const { clients } = termination
  return {
    ...contextOptions(spec),
    // A client that offers protocols and none of these is refused (no_application_protocol, RFC 7301 §3.2).
    ...(termination.inner === 'http' ? { ALPNProtocols: client.tlsAlpn.split(',') } : {}),
    requestCert: clients !== null,
    rejectUnauthorized: clients?.required ?? false,
    ticketKeys: Buffer.from(key),
  }
}

function contextOptions(spec: ContextSpec): SecureContextOptions {
  const { certificate, termination, client, certificates } = spec
  const { clients } = termination
  const own = certificates[certificate]
  // Without any, OpenSSL would make a context that refuses everybody.
  if (own === undefined) throw new Error(`there is no certificate ${certificate}`)
  const authorities = clients?.authorities.flatMap(name => certificates[name]?.chain ?? [])
  return {
    cert: own.chain,
    key: own.key,
    minVersion: client.tlsMinVersion,
    maxVersion: client.tlsMaxVersion,
    ciphers: client.tlsCiphers,
    ecdhCurve: client.tlsGroups,
    honorCipherOrder: true,
    ...(authorities === undefined ? {} : { ca: authorities }),
    // No client may make us shake hands again and again (CVE-2011-1473).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
    sessionTimeout: TICKET_SECONDS,
    // A ticket resumes only where it was given: elsewhere it would carry a client past other rules about its
    // certificate (CVE-2025-23419). OpenSSL takes 32 bytes.
    sessionIdContext: sessionContext(spec),
  }
}

/** Of what decides whether a client is let in: not the server's own certificate, so that its rotation keeps sessions. */
function sessionContext({ listener, termination }: ContextSpec): string {
  return createHash('sha256')
    .update(`${listener} ${termination.clients?.key ?? ''}`)
    .digest('hex')
    .slice(0, 32)
}
