import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes bytes on after half a round trip each way, in order, as many as come: a long line that is not full. */
export class Line implements AsyncDisposable {
  private readonly server: Server
  private readonly ends = new Set<Socket>()

  private constructor(server: Server) {
    this.server = server
  }

  /** From a port of its own to this one, both of 127.0.0.1. */
  static async to(port: number, roundTripMs: number): Promise<Line> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const line = new Line(server)
    server.on('connection', near => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
      line.pass(near, far, roundTripMs / 2)
      line.pass(far, near, roundTripMs / 2)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return line
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  private pass(from: Socket, to: Socket, delayMs: number): void {
    this.ends.add(from)
    // Timers of one length fire in the order in which they were made.
    from.on('data', (chunk: Buffer) => setTimeout(() => to.write(chunk), delayMs))
    from.on('end', () => setTimeout(() => to.end(), delayMs))
    from.on('error', () => to.destroy())
    from.on('close', () => this.ends.delete(from))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.ends) end.destroy()
    this.server.close()
    await once(this.server, 'close')
  }
}
