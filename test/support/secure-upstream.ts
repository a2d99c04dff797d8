import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { echo } from './upstream.ts'

/** A real HTTPS server (node:https) on port 0 of 127.0.0.1 that answers with the request. */
export class SecureUpstream implements AsyncDisposable {
  readonly server: Server
  /** Requests that it has seen, whatever became of them. */
  requests = 0
  /** Of every handshake that was completed: the name asked for, whether it was resumed, and who came. */
  readonly handshakes: { readonly name: string; readonly resumed: boolean; readonly client: string }[] = []

  private constructor(options: TlsOptions) {
    this.server = createServer({ keepAliveTimeout: 0, ...options }, (request, response) => {
      this.requests++
      echo(request, response)
    })
    this.server.on('secureConnection', socket => this.handshakes.push(facts(socket)))
  }

  static async start(options: TlsOptions): Promise<SecureUpstream> {
    const upstream = new SecureUpstream(options)
    upstream.server.listen(0, '127.0.0.1')
    await once(upstream.server, 'listening')
    return upstream
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}

function facts(socket: TLSSocket): SecureUpstream['handshakes'][number] {
  const { servername } = socket
  const client = socket.getPeerX509Certificate()?.subject ?? ''
  return { name: typeof servername === 'string' ? servername : '', resumed: socket.isSessionReused(), client }
}
