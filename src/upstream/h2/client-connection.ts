import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FailureName, Rejection } from '../../http/failures.ts'
import type { FaultName } from '../../http/h2/faults.ts'
import type { SectionLimits } from '../../http/h2/field-section.ts'
import { ClientSession, type ClientHandler } from '../../http/h2/client-session.ts'
import type { ClientStream } from '../../http/h2/client-stream.ts'
import { http2UpstreamLimits, type Http2Limits } from '../../http/h2/limits.ts'
import type { SharedStreams } from '../../http/h2/shared-streams.ts'
import { SocketTransport } from '../../http/h2/socket-transport.ts'
import { timerMs } from '../../shared/timer.ts'
import { dial, dialFailure, dialReason } from '../dial.ts'
import type { TlsDialer } from '../tls/dialer.ts'

/** Where connections are made to, and who is told of them. */
export interface Http2Owner {
  readonly address: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** Of heads of responses. */
  readonly limits: Omit<SectionLimits, 'underscores'>
  readonly dialer: TlsDialer | null
  /** Of this worker's HTTP/2 connections. */
  readonly shared: SharedStreams
  /** The connection may take more requests than before. */
  available(connection: Http2ClientConnection): void
  /** The connection is gone; called exactly once. */
  closed(connection: Http2ClientConnection): void
  connectFailed(failure: FailureName, reason: string): void
  /** The connection, or a response on it, was given up because of what the endpoint did. */
  faulted(fault: string): void
}

/** A block of a head that is encoded badly is twice as long as the head, at most. */
function limitsFor(headBytes: number): Http2Limits {
  const headBlockBytes = Math.max(http2UpstreamLimits.headBlockBytes, 2 * headBytes)
  return { ...http2UpstreamLimits, headBlockBytes }
}

/** One HTTP/2 connection to an endpoint, for many requests at a time. */
export class Http2ClientConnection implements ClientHandler {
  /** Coarse time since when it has no request. */
  idleSinceMs: number
  private readonly owner: Http2Owner
  private readonly socket: Socket
  private readonly session: ClientSession
  private connectTimer: NodeJS.Timeout | null
  private gone = false

  /** What it has begun with, and whose it is by that; null where it is anybody's. */
  readonly preface: Buffer | null

  constructor(owner: Http2Owner, nowMs: number, preface: Buffer | null = null) {
    this.owner = owner
    this.preface = preface
    this.idleSinceMs = nowMs
    const { address: host, port, dialer } = owner
    const options = { host, port, noDelay: true, highWaterMark: 16 * 1024 }
    const { socket, ready } = dial(options, host, dialer, preface)
    this.socket = socket
    this.session = new ClientSession({
      transport: new SocketTransport(socket),
      handler: this,
      scheme: dialer === null ? 'http' : 'https',
      section: { ...owner.limits, underscores: 'allow' },
      limits: limitsFor(owner.limits.headBytes),
      // What the socket reads is never written again.
      lending: true,
      shared: owner.shared,
      nowMs,
    })
    this.connectTimer = setTimeout(
      () => this.refuse('connection_timeout', ''),
      timerMs(owner.connectTimeoutMs),
    )
    socket.once(ready, () => this.connected())
    socket.on('data', (chunk: Buffer) => this.session.receive(chunk))
    socket.on('drain', () => this.session.drained())
    socket.on('error', error => this.failed(error))
    socket.on('close', () => this.end())
  }

  get connecting(): boolean {
    return this.connectTimer !== null
  }

  /** Requests under way. */
  get requests(): number {
    return this.session.streamCount
  }

  /** The part of its streams that is free. */
  get spare(): number {
    const { available, streamCount } = this.session
    return available === 0 ? 0 : available / (available + streamCount)
  }

  /** Requests so far. */
  get served(): number {
    return this.session.requests
  }

  /** The endpoint takes no requests for the time being. */
  get shut(): boolean {
    return this.session.shut
  }

  /** Room for one request, or null. */
  request(): ClientStream | null {
    return this.session.request()
  }

  /** No more requests; the connection ends with the last of those under way. */
  close(): void {
    if (this.session.streamCount === 0) this.end()
    else this.session.shutdown()
  }

  sweep(nowMs: number): void {
    this.session.sweep(nowMs)
    if (this.session.streamCount > 0) this.idleSinceMs = nowMs
  }

  // ClientHandler.

  onAvailable(): void {
    if (!this.gone) this.owner.available(this)
  }

  onDraining(): void {}

  onMalformed({ rule }: Rejection): void {
    this.owner.faulted(rule)
  }

  onClosed(fault: FaultName | ''): void {
    if (fault !== '') this.owner.faulted(fault)
    // What the session still has to say (GOAWAY) leaves before the end.
    this.socket.destroySoon()
  }

  private connected(): void {
    this.session.connectedMs = performance.now()
    if (this.connectTimer !== null) clearTimeout(this.connectTimer)
    this.connectTimer = null
    if (this.socket instanceof TLSSocket && this.socket.alpnProtocol !== 'h2')
      this.refuse('tls_protocol_error', 'alpn')
  }

  private failed(error: NodeJS.ErrnoException): void {
    const failure = dialFailure(error, this.connecting)
    if (failure === null) this.end(dialReason(error))
    else this.refuse(failure, dialReason(error))
  }

  /** The connection cannot be made, so that nothing of any request has been acted on. */
  private refuse(failure: FailureName, detail: string): void {
    if (this.gone) return
    this.owner.connectFailed(failure, detail)
    this.leave()
    this.session.refuse(failure, detail)
  }

  private end(reason = 'closed'): void {
    if (this.gone) return
    this.leave()
    this.session.lost(reason)
  }

  /** Before its streams are told: who hears of it may ask the pool for another at once. */
  private leave(): void {
    this.gone = true
    if (this.connectTimer !== null) clearTimeout(this.connectTimer)
    this.connectTimer = null
    this.socket.destroy()
    this.owner.closed(this)
  }
}
