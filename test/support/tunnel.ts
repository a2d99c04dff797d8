import type { Duplex } from 'node:stream'
import type { TestGateway } from './gateway.ts'
import { switching, TunnelClient, tunnelServer, type TunnelRequest } from './tunnels.ts'
import { Seen } from './until.ts'
import type { WireServer } from './wire-server.ts'
import { startBetween, type Between, type Wire } from './wires.ts'

const handshake =
  'GET /tunnel HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Drop: 1\r\n\r\n'

/** A gateway between two wires, and both ends of a tunnel through it. */
export class Tunnel implements AsyncDisposable {
  readonly running: TestGateway
  readonly server: WireServer
  readonly request: TunnelRequest
  readonly near: Duplex
  readonly far: Duplex
  readonly client: TunnelClient

  private constructor(
    running: TestGateway,
    server: WireServer,
    client: TunnelClient,
    near: Duplex,
    request: TunnelRequest,
  ) {
    this.running = running
    this.server = server
    this.client = client
    this.near = near
    this.request = request
    this.far = request.socket
  }

  static async open(client: Wire, upstream: Wire, more: Between = {}): Promise<Tunnel> {
    const requests = new Seen<TunnelRequest>()
    const server = await tunnelServer(upstream, request => {
      // Whoever asks for something else waits for ever.
      if (request.url !== '/tunnel') return
      request.socket.write(switching(request, 'X-From: upstream\r\n'))
      requests.push(request)
    })
    const running = await startBetween(upstream, server.port, more)
    const opener = await TunnelClient.to(client, running)
    const near = await opener.socket()
    near.write(handshake)
    return new Tunnel(running, server, opener, near, await requests.first())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
    await this.running[Symbol.asyncDispose]()
    await this.server[Symbol.asyncDispose]()
  }
}
