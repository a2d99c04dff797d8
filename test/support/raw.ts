import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A client that writes bytes as they are and sees what comes back. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket
  /** Everything received so far, as latin1. */
  text = ''
  ended = false
  error: Error | null = null
  private readonly waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1')
      this.look()
    })
    for (const event of ['end', 'close'] as const)
      socket.on(event, () => {
        this.ended = true
        this.look()
      })
    socket.on('error', error => {
      this.error = error
      this.look()
    })
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Connects, writes, waits for the other side to end, and answers with all that it said. */
  static async exchange(port: number, bytes: string): Promise<string> {
    await using client = await RawClient.to(port)
    client.write(bytes)
    await client.closed()
    return client.text
  }

  write(bytes: string): void {
    this.socket.write(bytes, 'latin1')
  }

  /** Resolves when the text so far satisfies the condition; rejects if the connection ends first. */
  async until(condition: RegExp | ((text: string) => boolean)): Promise<string> {
    const holds = typeof condition === 'function' ? condition : (text: string) => condition.test(text)
    await this.wait(() => holds(this.text) || this.ended)
    if (!holds(this.text))
      throw new Error(`connection ended before ${String(condition)}; received: ${this.text}`)
    return this.text
  }

  closed(): Promise<void> {
    return this.wait(() => this.ended || this.error !== null)
  }

  private wait(condition: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const look = (): void => {
        if (!condition()) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      look()
    })
  }

  private look(): void {
    for (const look of this.waiting) look()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    if (!this.socket.closed) await once(this.socket, 'close')
  }
}

/** A server that hands over its connections as they are. */
export class RawServer implements AsyncDisposable {
  readonly server: Server
  readonly sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.server = server
  }

  static async start(serve: (socket: Socket) => void): Promise<RawServer> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const raw = new RawServer(server)
    server.on('connection', socket => {
      raw.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => raw.sockets.delete(socket))
      serve(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return raw
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}
