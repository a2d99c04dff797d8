import type { FailureName, Rejection } from '../failures.ts'
import type { RequestHead } from '../head.ts'
import { ClientStream, type ClientStreamOwner } from './client-stream.ts'
import { HEADERS, MAX_STREAM_ID, PREFACE, REFUSED_STREAM, STREAM_CLOSED } from './codes.ts'
import type { SessionClock } from './connection.ts'
import type { FaultName } from './faults.ts'
import { RESPONSE, TRAILERS, type SectionLimits } from './field-section.ts'
import type { Transport } from './frame-output.ts'
import { http2UpstreamLimits, type Http2Limits } from './limits.ts'
import { malformed } from './rejections.ts'
import { Session } from './session.ts'
import * as settings from './settings.ts'
import { unshared, type SharedStreams } from './shared-streams.ts'

/** Whom a client's session tells. */
export interface ClientHandler {
  /** `available` may have changed: a stream has ended, or the peer has said how many it takes. */
  onAvailable(): void
  /** The peer wants the connection to end: no more requests; those under way go on. */
  onDraining(): void
  /** A response that is malformed; its stream has failed. For log and metrics. */
  onMalformed(rejection: Rejection): void
  /** The connection is over; `fault` is '' where it was not our judgement. Its streams have been told before. */
  onClosed(fault: FaultName | ''): void
}

export interface ClientOptions {
  readonly transport: Transport
  readonly handler: ClientHandler
  /** What requests say in :scheme: how this connection is secured. */
  readonly scheme: 'http' | 'https'
  readonly limits?: Http2Limits
  /** Where what waits is counted, with all of this worker; absent: by itself. */
  readonly shared?: SharedStreams
  /** What is given to `receive` is not written again, so that nobody has to copy what waits. By default it may be. */
  readonly lending?: boolean
  /** Heads of responses. */
  readonly section?: SectionLimits
  /** Coarse time, of the origin that `sweep` uses. */
  readonly nowMs: number
  readonly clock?: SessionClock
}

/** As for upstreams that speak HTTP/1. */
const responseLimits: SectionLimits = {
  headBytes: 65_536,
  fieldCount: 200,
  fieldBytes: 16_384,
  underscores: 'allow',
}

/** The client's side of an HTTP/2 connection (RFC 9113; RFC 8441). */
export class ClientSession extends Session implements ClientStreamOwner {
  /** Requests sent so far. */
  requests = 0
  connectedMs = 0
  readonly lending: boolean
  protected readonly peerIsServer = true
  private readonly handler: ClientHandler
  private readonly scheme: string
  private readonly sectionLimits: SectionLimits
  private nextId = 1
  /** Streams that were given out and have not sent their head. */
  private reserved = 0
  private greeted = false
  /** Extended CONNECTs that wait for the server's settings (RFC 8441 §3). */
  private waiting: [stream: ClientStream, head: RequestHead][] = []
  private lastAccepted = MAX_STREAM_ID

  constructor(options: ClientOptions) {
    const limits = options.limits ?? http2UpstreamLimits
    const section = options.section ?? responseLimits
    const shared = options.shared ?? unshared()
    super(options.transport, limits, section, shared, options.nowMs, options.clock)
    this.handler = options.handler
    this.lending = options.lending ?? false
    this.scheme = options.scheme
    this.sectionLimits = section
    options.transport.write(PREFACE)
    this.greet([
      [settings.HEADER_TABLE_SIZE, limits.tableBytes],
      [settings.ENABLE_PUSH, 0],
      [settings.INITIAL_WINDOW_SIZE, limits.windowBytes],
      [settings.MAX_HEADER_LIST_SIZE, section.headBytes],
    ])
  }

  /** Those that wait for the server's settings included: they have the connection's word. */
  override get streamCount(): number {
    return this.streams.size + this.waiting.length
  }

  /** How many requests may be begun now. */
  get available(): number {
    if (this.closed || this.draining || this.nextId > MAX_STREAM_ID) return 0
    return Math.max(
      0,
      Math.min(this.peer.maxStreams, this.limits.streams) - this.streams.size - this.reserved,
    )
  }

  /** The peer takes no requests for the time being (RFC 9113 §6.5.2: a limit of 0). */
  get shut(): boolean {
    return this.peer.maxStreams === 0 && !this.closed && !this.draining
  }

  /** A stream for one request, or null when none is available. It holds its place until it has ended or is aborted. */
  request(): ClientStream | null {
    if (this.available === 0) return null
    this.reserved++
    return new ClientStream(this, this.peer.windowBytes)
  }

  /** No more requests; the connection ends with the last of those under way. */
  override shutdown(): void {
    this.drain()
  }

  /** The connection could not be made: nothing of any request has left. */
  refuse(failure: FailureName, detail: string): void {
    const refused = [...this.streams.values(), ...this.waiting.map(([stream]) => stream)]
    this.streams.clear()
    this.waiting = []
    // First over, then told: who hears of it may ask for another stream at once, and must not get one of these.
    this.lost()
    for (const stream of refused) if (stream instanceof ClientStream) stream.refuse(failure, detail)
  }

  // ClientStreamOwner.

  begin(stream: ClientStream, head: RequestHead): void {
    if (this.closed || this.draining) {
      this.withdraw(stream)
      stream.refuse('connection_limit_reached', 'draining')
    } else if (head.upgrade === '') this.open(stream, head)
    else if (!this.greeted) this.waiting.push([stream, head])
    else this.openTunnel(stream, head)
  }

  private open(stream: ClientStream, head: RequestHead): void {
    if (!this.sender.heads.takesRequest(head, this.scheme)) {
      this.withdraw(stream)
      return stream.refuse('request_header_section_size', 'upstream')
    }
    this.reserved--
    stream.fresh = this.requests === 0
    this.requests++
    stream.id = this.nextId
    // The setting may have changed since the stream was given out.
    stream.sendWindow = this.peer.windowBytes
    this.nextId += 2
    this.streams.add(stream)
    this.floods.streamOpened()
    this.sender.heads.request(stream.id, head, this.scheme, stream.localEnded)
  }

  private openTunnel(stream: ClientStream, head: RequestHead): void {
    if (this.peer.connectProtocol) return this.open(stream, head)
    this.withdraw(stream)
    stream.refuse('http_upgrade_failed', 'extended_connect')
  }

  withdraw(stream: ClientStream): void {
    if (stream.closed) return
    this.reserved--
    this.waiting = this.waiting.filter(([other]) => other !== stream)
    stream.close()
    this.handler.onAvailable()
  }

  // Session.

  protected isIdle(id: number): boolean {
    return (id & 1) === 0 || id >= this.nextId
  }

  protected onBlock(id: number, endStream: boolean, block: Buffer, start: number, end: number): void {
    const stream = this.streams.get(id)
    const client = stream instanceof ClientStream ? stream : null
    const kind = client !== null && client.expectsTrailers ? TRAILERS : RESPONSE
    if (!this.decode(kind, this.sectionLimits, block, start, end)) return
    if (client === null) this.onStray(id, HEADERS)
    else if (client.remoteEnded) this.streamError(id, STREAM_CLOSED)
    else if (kind === RESPONSE) client.receiveHead(this.section, endStream)
    else this.onTrailers(client, endStream)
  }

  private onTrailers(stream: ClientStream, endStream: boolean): void {
    const { fault, fields } = this.section
    if (fault !== null) this.reject(stream, fault)
    else if (!endStream) this.reject(stream, malformed['h2-trailers-open'])
    else stream.receiveEnd(fields.list.length === 0 ? null : fields)
  }

  protected onSettings(): void {
    if (!this.greeted) {
      this.greeted = true
      const { waiting } = this
      this.waiting = []
      for (const [stream, head] of waiting) this.openTunnel(stream, head)
    }
    this.handler.onAvailable()
  }

  /** §6.8: streams above the last have not been processed and may be repeated elsewhere. */
  protected onGoaway(lastStream: number): void {
    if (lastStream > this.lastAccepted) return this.fail('goaway-order')
    this.lastAccepted = lastStream
    const first = !this.draining
    this.drain()
    for (const stream of this.streams.values())
      if (stream.id > lastStream) {
        this.release(stream)
        stream.onLost(REFUSED_STREAM, false)
      }
    if (first) this.handler.onDraining()
  }

  protected onStreamGone(): void {
    this.handler.onAvailable()
  }

  protected onMalformed(rejection: Rejection): void {
    this.handler.onMalformed(rejection)
  }

  protected onClosed(fault: FaultName | ''): void {
    const { waiting } = this
    this.waiting = []
    // Nothing of them has left.
    for (const [stream] of waiting) stream.refuse('connection_limit_reached', 'closed')
    this.handler.onClosed(fault)
  }
}
