import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/** Whoever is still accepted after this long is one of too many. */
const EMPTY_MS = 1_000
/** A turn of the event loop that has next to nothing to do. */
const TURN_MS = 0.2

/** What one worker accepts connections of one port with. */
export class ListeningSocket {
  private accepted = 0
  private readonly server: Server

  constructor(accept: (socket: Socket) => void) {
    this.server = createServer({ noDelay: true, allowHalfOpen: true, highWaterMark: 16 * 1024 }, socket => {
      this.accepted++
      accept(socket)
    })
  }

  /** Resolves with the port that is really listened on; rejects where there is none. `address` "" is every one. */
  async listen(address: string, port: number, reusePort: boolean): Promise<number> {
    const { server } = this
    server.listen({
      port,
      ...(address === '' ? {} : { host: address }),
      reusePort,
      exclusive: true,
      backlog: 4096,
    })
    await once(server, 'listening')
    // Errors after that (EMFILE while accepting) concern one connection, not the listener.
    server.on('error', () => {})
    const bound = server.address()
    return bound !== null && typeof bound === 'object' ? bound.port : port
  }

  /**
   * Resolves when the system has nobody left for us to accept. Whoever comes between this and the end of the socket is
   * reset with it, unless net.ipv4.tcp_migrate_req has the system give them to another worker; so it has to be short.
   */
  async emptied(): Promise<void> {
    const lastMs = performance.now() + EMPTY_MS
    for (;;) {
      const before = this.accepted
      const beganMs = performance.now()
      await setImmediate()
      const nowMs = performance.now()
      if ((this.accepted === before && nowMs - beganMs < TURN_MS) || nowMs > lastMs) return
    }
  }

  /** Accepts nobody any more; resolves when all that were accepted are gone. */
  close(): Promise<void> {
    return new Promise(resolve => this.server.close(() => resolve()))
  }
}
