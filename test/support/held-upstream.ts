import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { Seen } from './until.ts'

/**
 * A TLS server of HTTP/1.1 and HTTP/2 whose handshakes are held back until `release`: to its clients the connection is
 * being made all that time. It tells the length of each body that came whole.
 */
export class HeldUpstream implements AsyncDisposable {
  readonly bodies = new Seen<number>()
  readonly handshakes = new Seen<unknown>()
  readonly connections = new Seen<Socket>()
  private readonly door: Server
  private readonly server: ReturnType<typeof createSecureServer>
  private open = false

  private constructor(options: TlsOptions) {
    this.server = createSecureServer({ ...options, allowHTTP1: true }, (request, response) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => (bytes += chunk.length))
      request.on('end', () => {
        if (bytes === Number(request.headers['content-length'])) this.bodies.push(bytes)
        response.end('ok')
      })
    })
    this.server.on('secureConnection', socket => this.handshakes.push(socket))
    this.door = createServer({ pauseOnConnect: true }, socket => {
      socket.on('error', () => {})
      if (this.open) this.server.emit('connection', socket)
      this.connections.push(socket)
    })
  }

  static async start(options: TlsOptions): Promise<HeldUpstream> {
    const upstream = new HeldUpstream(options)
    upstream.door.listen(0, '127.0.0.1')
    await once(upstream.door, 'listening')
    return upstream
  }

  get port(): number {
    return (this.door.address() as AddressInfo).port
  }

  /** Lets those go on that wait, and everyone after them. */
  release(): void {
    this.open = true
    for (const socket of this.connections.all) this.server.emit('connection', socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.connections.all) socket.destroy()
    this.door.close()
    await once(this.door, 'close')
  }
}
