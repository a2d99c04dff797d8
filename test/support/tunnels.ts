import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  connect,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestGateway } from './gateway.ts'
import { ClientTunnelSocket, ServerTunnelSocket } from './tunnel-socket.ts'
import { WireServer, type WireListener } from './wire-server.ts'
import { clientTls, dial, isSecure, portFor, speaksHttp2, type Wire } from './wires.ts'

/** A request for a tunnel as an upstream of either version gets it; what is written to `socket` begins with a head of HTTP/1.1. */
export interface TunnelRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly socket: Duplex
  /** What has come behind the head. */
  readonly head: Buffer
}

/**
 * A server (node:http, node:http2) that hands over who wants a tunnel, and others to `listener`, if there is one. An
 * HTTP/2 one says that it takes tunnels unless told otherwise.
 */
export async function tunnelServer(
  wire: Wire,
  accept: (request: TunnelRequest) => void,
  settings: { enableConnectProtocol?: boolean } = {},
  listener: WireListener | null = null,
): Promise<WireServer> {
  const wired = await WireServer.start(wire, listener, { enableConnectProtocol: true, ...settings })
  // Without it Node answers every CONNECT by 405 as soon as there is a listener for requests.
  wired.server.on('connect', () => {})
  wired.server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    accept({ method: message.method ?? '', url: message.url ?? '', headers: message.headers, socket, head })
  })
  wired.server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    if (listener !== null && headers[':protocol'] === undefined) return
    const socket = new ServerTunnelSocket(stream)
    socket.on('error', () => {})
    // As a server that knows only HTTP/1 must see it: with a key, which HTTP/2 has none of.
    accept({
      method: headers[':protocol'] === undefined ? String(headers[':method']) : 'GET',
      url: String(headers[':path']),
      headers: {
        ...headers,
        connection: 'upgrade',
        upgrade: headers[':protocol']?.toString(),
        'sec-websocket-key': keyOf(headers),
      },
      socket,
      head: Buffer.alloc(0),
    })
  })
  return wired
}

/** The request as servers want it that take over an Upgrade (ws). */
export function messageOf({ method, url, headers, socket }: TunnelRequest): IncomingMessage {
  const message = new IncomingMessage(socket instanceof Socket ? socket : new Socket())
  return Object.assign(message, { method, url, headers })
}

/** One that HTTP/2 should not have sent stays, so that a test sees it. */
function keyOf(headers: IncomingHttpHeaders): string {
  return headers['sec-websocket-key'] ?? randomBytes(16).toString('base64')
}

/** A head that opens a tunnel of any protocol but WebSocket, or of WebSocket with its key. */
export function switching({ headers }: TunnelRequest, more = ''): string {
  const key = headers['sec-websocket-key']
  const accept = key === undefined ? '' : `Sec-WebSocket-Accept: ${acceptOf(key)}\r\n`
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: ${headers.upgrade ?? ''}\r\n${accept}${more}\r\n`
}

/** RFC 6455 §4.2.2. */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** Sockets on which a client asks for a tunnel by HTTP/1.1, whatever goes over the wire. HTTP/2 ones share a connection. */
export class TunnelClient implements AsyncDisposable {
  readonly session: ClientHttp2Session | null
  private readonly open: Set<Duplex> = new Set()
  private readonly wire: Wire
  private readonly port: number

  private constructor(wire: Wire, port: number, session: ClientHttp2Session | null) {
    this.wire = wire
    this.port = port
    this.session = session
  }

  static async to(wire: Wire, running: Pick<TestGateway, 'port'>): Promise<TunnelClient> {
    const port = portFor(wire, running)
    if (!speaksHttp2(wire)) return new TunnelClient(wire, port, null)
    const session = connect(`${isSecure(wire) ? 'https' : 'http'}://127.0.0.1:${port}`, clientTls)
    session.on('error', () => {})
    // RFC 8441 §3: not before the server has said that it takes them.
    await once(session, 'remoteSettings')
    return new TunnelClient(wire, port, session)
  }

  async socket(): Promise<Duplex> {
    const { session } = this
    const socket =
      session === null ? await dial(this.wire, this.port) : new ClientTunnelSocket(session, acceptOf)
    socket.on('error', () => {})
    this.open.add(socket)
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.open) socket.destroy()
    if (this.session === null) return
    this.session.destroy()
    if (!this.session.closed) await once(this.session, 'close')
  }
}
