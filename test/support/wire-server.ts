import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createSecureServer, createServer as createHttp2, type ServerHttp2Session } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Duplex, Readable, Writable } from 'node:stream'
import { upstreamTls, type Wire } from './wires.ts'

/** What servers of both versions hand over (Node's compatibility API), as far as tests use it. */
export interface WireRequest extends Readable {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly rawTrailers: string[]
}

export interface WireResponse extends Writable {
  writeHead(status: number, headers?: Record<string, string>): unknown
  addTrailers(trailers: Record<string, string>): void
  writeContinue(): void
  writeEarlyHints(hints: Record<string, string>): void
  setHeader(name: string, value: string): unknown
}

export type WireListener = (request: WireRequest, response: WireResponse) => void

/** A server by others (node:http, node:https, node:http2) on port 0 of 127.0.0.1. */
export class WireServer implements AsyncDisposable {
  readonly server: Server
  /** Connections accepted so far, TLS or not. */
  connections = 0
  /** HTTP/2 sessions that are alive. */
  readonly sessions = new Set<ServerHttp2Session>()
  private readonly sockets = new Set<Duplex>()

  private constructor(server: Server) {
    this.server = server
    server.on('connection', (socket: Socket) => {
      this.connections++
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    server.on('session', (session: ServerHttp2Session) => {
      this.sessions.add(session)
      session.on('error', () => {})
      session.on('close', () => this.sessions.delete(session))
    })
  }

  /** `settings` are those of HTTP/2. */
  static async start(
    wire: Wire,
    listener: WireListener | null,
    settings: {
      initialWindowSize?: number
      enableConnectProtocol?: boolean
      maxConcurrentStreams?: number
    } = {},
  ): Promise<WireServer> {
    const wired = new WireServer(serverOf(wire, settings))
    if (listener !== null)
      wired.server.on('request', (request: WireRequest, response: WireResponse) => {
        request.on('error', () => {})
        response.on('error', () => {})
        listener(request, response)
      })
    // Whether a client may send its body is for the listener to say.
    if (listener !== null)
      wired.server.on('checkContinue', (request: WireRequest, response: WireResponse) =>
        listener(request, response),
      )
    wired.server.listen(0, '127.0.0.1')
    await once(wired.server, 'listening')
    return wired
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    for (const session of this.sessions) session.destroy()
    for (const socket of this.sockets) socket.destroy()
    await closed
  }
}

/** Node resets streams when what waits for windows is 10 MB. */
export const MANY_MB = 1_000

function serverOf(wire: Wire, settings: object): Server {
  switch (wire) {
    case 'h1':
      return createHttp({ keepAliveTimeout: 0 })
    case 'https':
      // As node:http has it: a client may end its direction of a tunnel and go on reading.
      return createHttps({ keepAliveTimeout: 0, allowHalfOpen: true, ...upstreamTls })
    case 'h2c':
      return createHttp2({ settings, maxSessionMemory: MANY_MB })
    case 'h2':
      return createSecureServer({
        settings,
        maxSessionMemory: MANY_MB,
        allowHTTP1: false,
        ...upstreamTls,
      })
  }
}
