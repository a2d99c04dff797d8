import { connect as connectPlain, isIP, Socket, type TcpNetConnectOpts } from 'node:net'
import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import { canonicalHostname } from '../../http/hostname.ts'
import type { ClusterTls } from '../../snapshot/tls.ts'
import { identityError } from './identity.ts'

/** Makes the context of a cluster's handshakes; throws where OpenSSL refuses what the snapshot says. */
export type ContextOf = (tls: ClusterTls) => SecureContext

/** OpenSSL refuses what the snapshot says, or a certificate of ours has gone: that is not the endpoint's doing. */
export class UnusableTls extends Error {}

/** Makes TLS connections to one endpoint, and resumes the sessions that it gave. */
export class TlsDialer {
  private readonly tls: ClusterTls
  private readonly contextOf: ContextOf
  private readonly protocols: readonly string[]
  private readonly sni: string
  private session: Buffer | null = null

  /** `protocols` are offered (RFC 7301); none for bytes that we do not understand. */
  constructor(tls: ClusterTls, contextOf: ContextOf, protocols: readonly string[] = ['http/1.1']) {
    this.protocols = protocols
    this.tls = tls
    // RFC 6066 §3: no addresses in SNI, and no dot at the end.
    this.sni = isIP(tls.serverName) === 0 ? canonicalHostname(tls.serverName) : ''
    this.contextOf = contextOf
  }

  /**
   * A connection, still to be made. `secureConnect` tells that the peer is who was meant, `error` that it is not; what
   * is written before waits for that, here: that nothing leaves before the peer is judged does not hang on how the TLS library
   * orders its work.
   */
  connect(options: TcpNetConnectOpts, address: string, preface: Buffer | null = null): Socket {
    const { tls, session } = this
    try {
      const socket = connect({
        ...(preface === null ? options : { ...options, ...prefaced(options, preface) }),
        secureContext: this.contextOf(tls),
        servername: this.sni,
        ...(this.protocols.length === 0 ? {} : { ALPNProtocols: [...this.protocols] }),
        rejectUnauthorized: true,
        checkServerIdentity: (_host, certificate) => identityError(tls, address, certificate),
        ...(session === null ? {} : { session }),
      })
      this.watch(socket)
      return socket
    } catch (error) {
      return new Socket().destroy(new UnusableTls(error instanceof Error ? error.message : String(error)))
    }
  }

  private watch(socket: TLSSocket): void {
    socket.cork()
    socket.once('secureConnect', () => socket.uncork())
    // Only of a peer that was found to be the right one: a resumed session is not looked at again.
    socket.on('session', session => {
      if (socket.authorized) this.session = session
      else socket.once('secureConnect', () => (this.session = session))
    })
  }
}

/** TLS on a connection that has begun otherwise. What it reads comes by `data` then: `onread` is for sockets of one's own. */
function prefaced(
  { host, port, noDelay, allowHalfOpen }: TcpNetConnectOpts,
  preface: Buffer,
): { socket: Socket } {
  const socket = connectPlain({
    port,
    ...(host !== undefined && { host }),
    ...(noDelay !== undefined && { noDelay }),
    ...(allowHalfOpen !== undefined && { allowHalfOpen }),
  })
  socket.write(preface)
  return { socket }
}
