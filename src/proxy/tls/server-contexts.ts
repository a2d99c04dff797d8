import { constants, createHash } from 'node:crypto'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Certificate, ClientSettings, Termination } from '../../snapshot/snapshot.ts'
import type { TicketKey } from './ticket-keys.ts'
import { ticketKeyName } from './ticket-keys.ts'

/** What becomes of handshakes. */
export interface HandshakeEvents {
  /** `spec` is what the handshake was made from. */
  secured(socket: TLSSocket, spec: ContextSpec): void
  failed(socket: TLSSocket, error: Error): void
}

/** All that one listener's handshakes depend on. */
export interface ContextSpec {
  readonly listener: string
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
  private readonly made = new Map<string, Server>()
  private readonly events: HandshakeEvents

  constructor(events: HandshakeEvents) {
    this.events = events
  }

  /** Throws where OpenSSL refuses what the snapshot says. */
  get(spec: ContextSpec, key: TicketKey): Server {
    const name = `${contextName(spec)} ${ticketKeyName(key)}`
    let server = this.made.get(name)
    if (server === undefined) this.made.set(name, (server = this.make(spec, key)))
    return server
  }

  /** Forgets what is neither of these listeners as they are now, nor of these keys. */
  keep(specs: Iterable<ContextSpec>, keys: readonly TicketKey[]): void {
    const wanted = new Set<string>()
    for (const spec of specs) for (const key of keys) wanted.add(`${contextName(spec)} ${ticketKeyName(key)}`)
    for (const name of this.made.keys()) if (!wanted.has(name)) this.made.delete(name)
  }

  private make(spec: ContextSpec, key: TicketKey): Server {
    const server = createServer(optionsOf(spec, key))
    server.on('secureConnection', socket => this.events.secured(socket, spec))
    server.on('tlsClientError', (error, socket) => this.events.failed(socket, error))
    return server
  }
}

function contextName({ listener, termination, client }: ContextSpec): string {
  const { tlsMinVersion, tlsMaxVersion, tlsCiphers, tlsAlpn } = client
  return [listener, termination.key, tlsMinVersion, tlsMaxVersion, tlsCiphers, tlsAlpn].join(' ')
}

function optionsOf(spec: ContextSpec, key: TicketKey): Parameters<typeof createServer>[0] & object {
  const { termination, client, certificates } = spec
  const { clients } = termination
  const own = termination.certificates.flatMap(name => certificates[name] ?? [])
  const authorities = clients?.authorities.flatMap(name => certificates[name]?.chain ?? [])
  return {
    // Of several, OpenSSL takes the one whose key type fits what the client understands.
    cert: own.map(({ chain }) => chain),
    key: own.map(({ key: text }) => text),
    minVersion: client.tlsMinVersion,
    maxVersion: client.tlsMaxVersion,
    ciphers: client.tlsCiphers,
    honorCipherOrder: true,
    // A client that offers protocols and none of these is refused (no_application_protocol, RFC 7301 §3.2).
    ...(termination.inner === 'http' ? { ALPNProtocols: client.tlsAlpn.split(',') } : {}),
    ...(authorities === undefined ? {} : { ca: authorities }),
    requestCert: clients !== null,
    rejectUnauthorized: clients?.required ?? false,
    // No client may make us shake hands again and again (CVE-2011-1473).
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
    ticketKeys: Buffer.from(key),
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
