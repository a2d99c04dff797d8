import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { Rejection } from '../http/failures.ts'
import { plainAddress } from '../http/forwarded.ts'
import type { SharedStreams } from '../http/h2/shared-streams.ts'
import { newRequestId } from '../http/request-id.ts'
import { Ring } from '../http/ring.ts'
import type { Logger } from '../telemetry/log.ts'
import type { CoarseClock } from './clock.ts'
import { cutOff } from './cut-off.ts'
import { Http1ServerConnection } from './h1/server-connection.ts'
import { Http2ServerConnection } from './h2/server-connection.ts'
import { LEAVE_MS, type EnginePort, type ServingPort, type ServedConnection } from './serving-port.ts'
import { Inbound, type Bound, type DisplacementRule, type InboundPort } from './inbound.ts'
import { ListeningSocket } from './listening-socket.ts'
import { Openings, type OpeningOwner } from './opening.ts'
import { PortPlaces } from './port-places.ts'
import { ProxyHeaders, type ProxyHeaderOwner } from './proxy-protocol/headers.ts'
import type { PortRuntime, TlsListener, TlsTable } from './runtime.ts'
import type { Remote } from './remote.ts'
import { ProxiedStream, type CompiledStream } from './proxied-stream.ts'
import { TlsAcceptor, type HandshakeRule, type TlsOwner } from './tls/acceptor.ts'
import { certificateField, clientCertificate } from './tls/client-certificate.ts'
import { SecurePort } from './tls/secure-port.ts'
import type { ContextSpec } from './tls/server-contexts.ts'
import type { TicketKeys } from './tls/ticket-keys.ts'

const OVERLOADED =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** What the ports of a worker share. */
export interface PortContext {
  readonly clock: CoarseClock
  readonly log: Logger
  /** Replaced as a whole when keys are rotated. */
  readonly ticketKeys: TicketKeys
  /** Connections of this worker's clients, on whatever port. */
  readonly connections: Bound
  /** Of this worker's HTTP/2 connections. */
  readonly shared: SharedStreams
}

/** One address and port that this worker listens on, and its clients. It outlives reloads; its runtime is swapped. */
export class PortServer
  implements EnginePort, ServingPort, TlsOwner, OpeningOwner, ProxyHeaderOwner, InboundPort
{
  readonly key: string
  readonly scheme = 'http'
  readonly clock: CoarseClock
  runtime: PortRuntime
  /** What clients know it by: where the snapshot says 0, what is really listened on. */
  localPort: number
  draining = false
  readonly revoked = false
  private readonly context: PortContext
  private readonly listening = new ListeningSocket(socket => this.accept(socket))
  /** Those that speak HTTP, and those whose bytes are not ours to understand. */
  private readonly connections = new Ring<Inbound>()
  private readonly streams = new Ring<Inbound>()
  private readonly places: PortPlaces
  private readonly acceptor: TlsAcceptor
  private readonly proxyHeaders = new ProxyHeaders(this)
  private readonly openings = new Openings(this)

  constructor(runtime: PortRuntime, context: PortContext) {
    this.key = runtime.port.key
    this.runtime = runtime
    this.localPort = runtime.port.port
    this.clock = context.clock
    this.context = context
    this.places = new PortPlaces(context.connections)
    this.acceptor = new TlsAcceptor(this)
  }

  async listen(reusePort: boolean): Promise<void> {
    const { address, port, target } = this.runtime.port
    const listened = await this.listening.listen(address, target ?? port, reusePort)
    if (target === undefined) this.localPort = listened
  }

  /** Requests that begin from now on meet this runtime. */
  swap(runtime: PortRuntime): void {
    // Settings that say the same stay the same object: connections compare them by identity.
    const { client } = this.runtime.port
    const same = JSON.stringify(client) === JSON.stringify(runtime.port.client)
    this.runtime = same ? withClient(runtime, client) : runtime
    this.acceptor.swapped()
    for (const { served } of Inbound.each(this.connections)) served!.closeIfUnwanted()
  }

  /** Requests that begin from now on are another snapshot's, in which nothing of this port differs. */
  observe(observer: PortRuntime['observer']): void {
    const { runtime } = this
    this.runtime = { ...runtime, observer, tls: runtime.tls?.with({ observer }) ?? null }
  }

  /** The worker's ticket keys are others now. */
  keysRotated(): void {
    this.acceptor.swapped()
  }

  get bufferedBytes(): number {
    let bytes = 0
    for (const { served } of this.connections) bytes += served!.bufferedBytes
    return bytes
  }

  sweep(nowMs: number): void {
    for (const { served } of Inbound.each(this.connections)) served!.sweep(nowMs)
    this.proxyHeaders.sweep(nowMs, this.draining ? LEAVE_MS : this.runtime.port.client.headTimeoutMs)
    this.acceptor.sweep()
    for (const { stream } of Inbound.each(this.streams)) stream!.sweep(nowMs)
    this.openings.sweep(nowMs, this.draining ? LEAVE_MS : this.runtime.port.client.idleTimeoutMs)
  }

  /**
   * Accepts nobody any more; idle connections close now, or (`gently`) after one more request or a moment of silence,
   * the others after their response. Resolves when all are gone.
   */
  async drain(gently = false): Promise<void> {
    this.draining = true
    for (const { served } of Inbound.each(this.connections))
      if (gently) served!.takeLeave()
      else served!.closeIfIdle()
    if (gently) await this.listening.emptied()
    else {
      this.proxyHeaders.destroy()
      this.openings.destroy()
    }
    await this.listening.close()
  }

  /** Ends what is left. */
  destroy(): void {
    for (const { served } of Inbound.each(this.connections)) served!.destroy()
    for (const { stream } of Inbound.each(this.streams)) stream!.destroy()
    this.acceptor.destroy()
  }

  private accept(socket: Socket): void {
    const { runtime } = this
    const { remoteAddress } = socket
    // Reset by the client before it was accepted: what it has sent could still be read, and would be a request of nobody,
    // whom no list of addresses and no limit knows.
    if (remoteAddress === undefined) return void socket.destroy()
    const address = plainAddress(remoteAddress)
    const inbound = new Inbound(socket, this, address, runtime.shares.of(address), this.clock.nowMs)
    if (!this.places.admit(inbound, runtime.port.client)) return this.turnAway(inbound)
    const metrics = runtime.observer.port(this.key)
    metrics.connections.add(1)
    metrics.connectionsActive.add(1)
    socket.once('close', () => {
      metrics.connectionsActive.add(-1)
      this.closed(inbound)
    })
    this.proxyHeaders.accept(inbound)
  }

  /** From here on it is the client who speaks. */
  began(inbound: Inbound, said: Buffer | null): void {
    const { port, tls } = this.runtime
    if (port.protocol === 'tcp') this.spliceAll(inbound, said)
    else if (tls === null) this.openings.accept(inbound, this.clock.nowMs, said)
    else this.acceptor.accept(inbound, said)
  }

  /** Another client has the place of this one. */
  displaced(inbound: Inbound, rule: DisplacementRule): void {
    const { socket, served, stream } = inbound
    inbound.displaced = true
    inbound.leave()
    this.faulted(rule, inbound)
    if (stream !== null) return stream.destroy()
    if (served?.idle !== true) {
      socket.destroy()
      return
    }
    // It is told, by GOAWAY or close_notify, what there is time for.
    served.closeIfIdle()
    void setImmediate().then(() => socket.destroy())
  }

  private closed(inbound: Inbound): void {
    inbound.leave()
    // What is still on its way to the backend is a stream's yet.
    if (inbound.stream === null) inbound.isOf(null)
  }

  /** The first bytes of a plain connection are there. */
  opened(inbound: Inbound, protocol: 'http/1.1' | 'h2', chunk: Buffer): void {
    const connection =
      protocol === 'h2'
        ? new Http2ServerConnection(inbound.socket, this, inbound)
        : new Http1ServerConnection(inbound.socket, this, inbound)
    this.hold(connection, inbound)
    connection.receive(chunk)
  }

  private hold(connection: ServedConnection, inbound: Inbound): void {
    inbound.settle()
    inbound.served = connection
    inbound.isOf(this.connections)
  }

  private turnAway(inbound: Inbound): void {
    const { socket } = inbound
    inbound.leave()
    this.runtime.observer.refused()
    socket.on('error', () => {})
    // Before a handshake there is nothing to say it in, and nobody knows what is spoken by TCP.
    if (this.runtime.port.protocol !== 'http') socket.destroy()
    else socket.end(OVERLOADED, () => socket.destroy())
  }

  get shared(): SharedStreams {
    return this.context.shared
  }

  // What the acceptor of a port with TLS asks.

  get tls(): TlsTable | null {
    return this.runtime.tls
  }

  get ticketKeys(): TicketKeys {
    return this.context.ticketKeys
  }

  get nowMs(): number {
    return this.clock.nowMs
  }

  get handshakeTimeoutMs(): number {
    return this.runtime.port.client.headTimeoutMs
  }

  admitsHandshake(inbound: Inbound): boolean {
    return this.places.admitHandshake(inbound, this.runtime.port.client)
  }

  /** A handshake is over: from here on the connection speaks HTTP like any other. */
  serve(inbound: Inbound, socket: TLSSocket, made: ContextSpec, serverName: string): void {
    const listener = this.runtime.tls?.named(made.listener) ?? null
    if (listener !== null && listener.streams !== null)
      return this.pass(inbound, socket, listener, serverName)
    const host = new SecurePort(this, socket, made)
    const field = certificateField(socket, this.runtime.port.client.clientCertificateHeader)
    inbound.certificate = clientCertificate(socket)
    const http2 = socket.alpnProtocol === 'h2'
    const Connection = http2 ? Http2ServerConnection : Http1ServerConnection
    this.hold(new Connection(socket, host, inbound, field), inbound)
  }

  /** Splices a connection to a backend of its listener, or ends it where none takes its server name. */
  pass(inbound: Inbound, socket: Socket, { listener, streams }: TlsListener, serverName: string): void {
    const found = streams?.find(serverName) ?? null
    if (found !== null) return this.splice(inbound, socket, found, listener.name, serverName)
    this.refused('tls_unrecognized_name', inbound, '')
    socket.destroy()
  }

  /** Of a port of TCP all connections have one way, also those whose client waits for the backend to speak. */
  private spliceAll(inbound: Inbound, said: Buffer | null): void {
    const { socket } = inbound
    const { stream, port } = this.runtime
    if (stream === null) {
      this.faulted('tcp_no_route', inbound)
      socket.on('error', () => {})
      return cutOff(socket)
    }
    socket.pause()
    if (said !== null) socket.unshift(said)
    this.splice(inbound, socket, stream, port.listeners[0]!.name, '')
  }

  private splice(
    inbound: Inbound,
    socket: Socket,
    to: CompiledStream,
    listener: string,
    serverName: string,
  ): void {
    inbound.settle()
    const { observer } = this.runtime
    const facts = { listener, serverName, localPort: this.localPort, remote: inbound }
    const stream: ProxiedStream = new ProxiedStream(socket, to, facts, this.clock.nowMs, one => {
      inbound.isOf(null)
      observer.streamed(one)
    })
    inbound.stream = stream
    inbound.isOf(this.streams)
    observer.streaming(to)
    stream.begin()
  }

  refused(rule: HandshakeRule, inbound: Inbound, detail: string): void {
    this.runtime.observer.refusedConnection(this.runtime.port, rule, inbound, detail)
    this.context.log.debug('tls.refused', { port: this.key, rule, address: inbound.address, detail })
  }

  unusable({ listener, certificate }: ContextSpec, error: unknown): void {
    this.context.log.error('tls.certificate_unusable', { port: this.key, listener, certificate, error })
  }

  rejected(rejection: Rejection, remote: Remote, grpcStatus = -1): string {
    const id = newRequestId()
    this.runtime.observer.rejected(this.runtime.port, rejection, remote, id, grpcStatus)
    return id
  }

  faulted(fault: string, remote: Remote): void {
    this.runtime.observer.refusedConnection(this.runtime.port, fault, remote)
    this.context.log.debug('connection.fault', { port: this.key, rule: fault, address: remote.address })
  }
}

function withClient(runtime: PortRuntime, client: PortRuntime['port']['client']): PortRuntime {
  const port = { ...runtime.port, client }
  return { ...runtime, port, tls: runtime.tls === null ? null : runtime.tls.with({ port }) }
}
