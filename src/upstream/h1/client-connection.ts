import type { Socket } from 'node:net'
import { Rejection, type FailureName } from '../../http/failures.ts'
import type { Fields } from '../../http/fields.ts'
import { CHUNKED, NO_BODY, UNTIL_CLOSE, type RequestHead, type ResponseHead } from '../../http/head.ts'
import { ChunkedReader } from '../../http/h1/chunked.ts'
import { ResponseHeadReader, type ResponseLimits } from '../../http/h1/response.ts'
import { serializeRequest, trailerText } from '../../http/h1/serialize.ts'
import { TurnWriter } from '../../http/h1/writer.ts'
import { timerMs } from '../../shared/timer.ts'
import type { UpstreamHandler, UpstreamStream } from '../upstream-stream.ts'
import { dial, dialFailure, dialReason } from '../dial.ts'
import { isQuiet } from '../quiet.ts'
import { endedByPeer } from '../tls/close-notify.ts'
import type { TlsDialer } from '../tls/dialer.ts'

/** Where connections are made to and returned to. */
export interface ConnectionOwner {
  readonly address: string
  readonly port: number
  readonly connectTimeoutMs: number
  /** Of heads of responses. */
  readonly limits: ResponseLimits
  /** Null where connections are plain. */
  readonly dialer: TlsDialer | null
  /** The response is over and the connection may serve another request. */
  released(connection: Http1ClientConnection): void
  /** The connection is gone; called exactly once. */
  closed(connection: Http1ClientConnection): void
  connectFailed(failure: FailureName, reason: string): void
  /** What came broke a rule, and the connection is given up. */
  faulted(fault: string): void
}

const IDLE = 0
const HEAD = 1
const BODY = 2
const TUNNEL = 3
const DEAD = 4

/** Silence of a tunnel's peer that has ended its direction and does not take what is left for it. */
const TUNNEL_END_MS = 30_000

/** Interim responses one request may get: more is a server that keeps us busy for nothing. */
const MAX_INFORMATIONAL = 32

/**
 * All upstream sockets of a worker read into one buffer (measured: saves an
 * allocation of 64 KiB a read); what it holds is gone with the next read, so
 * that a receiver has to copy it. A connection whose reads fill it has a long
 * body: it gets a buffer of its own, which is lent to the receiver and used again
 * as soon as nothing of it waits, so that long bodies are not copied at all.
 */
const BUFFER_BYTES = 64 * 1024
const shared = Buffer.allocUnsafeSlow(BUFFER_BYTES)
/** Below this a read is worth no buffer of its own. */
const BULK_BYTES = 32 * 1024

/** One HTTP/1.1 connection to an endpoint, for one request at a time. */
export class Http1ClientConnection implements UpstreamStream {
  readonly socket: Socket
  readonly owner: ConnectionOwner
  fresh = true
  requests = 0
  idleSinceMs = 0
  connectedMs = 0
  /** How long it may be idle by what its peer says. */
  keepMs = Infinity
  private state = IDLE
  private handler: UpstreamHandler | null = null
  private readonly writer: TurnWriter
  private readonly reader: ResponseHeadReader
  private readonly chunks = new ChunkedReader()
  private head: ResponseHead | null = null
  private method = ''
  private upgrade = ''
  private remaining = 0
  private informational = 0
  private requestEnded = true
  /** Something of the answer has come with this read, and not only what stands around it: half a head, the length of a chunk. */
  private told = false
  private paused = false
  /** Where the socket reads to. */
  private buffer = shared
  private connectTimer: NodeJS.Timeout | null

  /** What it has begun with, and whose it is by that; null where it is anybody's. */
  readonly preface: Buffer | null

  constructor(owner: ConnectionOwner, preface: Buffer | null = null) {
    this.owner = owner
    this.preface = preface
    this.reader = new ResponseHeadReader(owner.limits)
    const options = {
      host: owner.address,
      port: owner.port,
      noDelay: true,
      allowHalfOpen: true,
      // With the 64 KiB piece that crosses the mark, the bound of what waits for a slow peer.
      highWaterMark: 16 * 1024,
      onread: { buffer: () => this.buffer, callback: (bytes: number) => this.read(this.buffer, bytes) },
    }
    const { socket, ready } = dial(options, owner.address, owner.dialer, preface)
    this.socket = socket
    this.writer = new TurnWriter(this.socket)
    this.connectTimer = setTimeout(() => this.fail('connection_timeout', ''), timerMs(owner.connectTimeoutMs))
    this.socket.once(ready, () => this.connected())
    // TLS behind a preface knows no `onread` (tls/dialer.ts).
    if (preface !== null && owner.dialer !== null)
      this.socket.on('data', (chunk: Buffer) => void this.read(chunk, chunk.length))
    this.socket.on('drain', () => this.handler?.onWritable())
    this.socket.on('end', () => this.ended())
    this.socket.on('error', error => this.failed(error))
    this.socket.on('close', () => this.fail('connection_terminated', 'closed'))
  }

  get connecting(): boolean {
    return this.connectTimer !== null
  }

  get unsent(): boolean {
    return !this.writer.taken
  }

  /** Whether a request may be put on it. One that has been idle for `lookAfterMs` is looked at: its peer may have closed it. */
  isFit(lookAfterMs: number): boolean {
    if (this.keepMs === Infinity && lookAfterMs === Infinity) return true
    const idleMs = performance.now() - this.idleSinceMs
    return idleMs < this.keepMs && (idleMs < lookAfterMs || isQuiet(this.socket))
  }

  get queuedBytes(): number {
    return this.socket.writableLength
  }

  get usable(): boolean {
    return this.state === IDLE
  }

  send(head: RequestHead, handler: UpstreamHandler): void {
    this.fresh = this.requests === 0
    this.requests++
    this.handler = handler
    this.state = HEAD
    this.method = head.method
    this.upgrade = head.upgrade
    this.informational = 0
    this.requestEnded = head.length === NO_BODY
    this.writer.chunked = head.length === CHUNKED
    this.writer.head(serializeRequest(head))
  }

  write(chunk: Buffer, start: number, end: number): void {
    this.writer.data(chunk, start, end, true)
  }

  end(trailers: Fields | null): void {
    if (this.writer.chunked) this.writer.lastChunk(trailers === null ? '' : trailerText(trailers))
    this.requestEnded = true
  }

  flush(): boolean {
    return this.writer.flush()
  }

  pause(): void {
    this.paused = true
    this.socket.pause()
  }

  resume(): void {
    this.paused = false
    this.socket.resume()
  }

  abort(): void {
    this.handler = null
    this.destroy()
  }

  endTunnel(): void {
    // By HTTP/2 the client's last bytes and its end come in one turn.
    this.writer.send()
    this.socket.end()
    this.leaveTunnel()
  }

  /** With both directions ended nobody waits here any more; what is not sent yet still goes, as long as the peer takes it. */
  private leaveTunnel(): void {
    if (!this.socket.readableEnded || !this.socket.writableEnded) return
    this.handler = null
    this.socket.setTimeout(TUNNEL_END_MS, () => this.destroy())
  }

  /** Destroys an idle connection (drain, idle for too long, ejected endpoint). */
  close(): void {
    this.destroy()
  }

  private connected(): void {
    this.connectedMs = performance.now()
    if (this.connectTimer !== null) clearTimeout(this.connectTimer)
    this.connectTimer = null
    // Made for nobody yet.
    if (this.state === IDLE) this.owner.released(this)
  }

  /** Called by the socket for every read; false stops reading. */
  private read(chunk: Buffer, bytes: number): boolean {
    let at = 0
    this.told = false
    while (at < bytes) {
      if (this.state === HEAD) at = this.readHead(chunk, at, bytes)
      else if (this.state === BODY) at = this.readBody(chunk, at, bytes)
      else if (this.state === TUNNEL) {
        this.pass(chunk, at, bytes)
        at = bytes
      } else {
        // Bytes without a request outstanding (HTTP1.md rule 11): whose answer would they be?
        if (this.state === IDLE) this.owner.faulted('unsolicited')
        this.destroy()
        return false
      }
    }
    if (this.state !== IDLE && this.state !== DEAD)
      this.turnBuffer(bytes, !this.told || (this.handler?.onFlush() ?? true))
    return !this.paused
  }

  private pass(chunk: Buffer, start: number, end: number): void {
    this.told = true
    this.handler?.onData(chunk, start, end, chunk !== shared)
  }

  /** Chooses the buffer of the next read: `clear` says that nothing of this one is waited for. */
  private turnBuffer(bytes: number, clear: boolean): void {
    if (bytes < BULK_BYTES) this.buffer = shared
    else if (!clear || (this.buffer === shared && bytes === BUFFER_BYTES))
      this.buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  private readHead(chunk: Buffer, at: number, end: number): number {
    const head = this.reader.read(chunk.length === end ? chunk : chunk.subarray(0, end), at, this.method)
    if (head === null) return end
    if (head instanceof Rejection) {
      this.refuse(head.status === 431 ? 'response_header_section_size' : 'http_protocol_error', head.rule)
      return end
    }
    const next = this.reader.consumed
    this.told = true
    if (head.status < 200) this.interim(head)
    else this.final(head, next === end)
    return next
  }

  private interim(head: ResponseHead): void {
    if (head.status === 101) return this.switchProtocols(head)
    this.informational++
    if (this.informational > MAX_INFORMATIONAL) this.refuse('http_protocol_error', 'informational_responses')
    else this.handler?.onInformational(head)
  }

  private switchProtocols(head: ResponseHead): void {
    if (this.upgrade === '' || !isAmong(head.upgrade, this.upgrade) || !this.requestEnded)
      return this.fail('http_upgrade_failed', 'unexpected_101')
    this.state = TUNNEL
    this.writer.chunked = false
    this.handler?.onUpgrade(head)
  }

  private final(head: ResponseHead, exhausted: boolean): void {
    this.head = head
    this.state = BODY
    // How the body comes is known now: what filters say of its length from here on is how it goes out.
    const { length } = head
    this.remaining = length
    this.handler?.onHead(head)
    if (this.state !== BODY) return
    if (length === NO_BODY) this.complete(null, exhausted)
    else if (length === CHUNKED) this.chunks.reset()
  }

  private readBody(chunk: Buffer, at: number, end: number): number {
    if (this.remaining >= 0) return this.readCounted(chunk, at, end)
    if (this.remaining === CHUNKED) return this.readChunked(chunk, at, end)
    this.pass(chunk, at, end)
    return end
  }

  private readCounted(chunk: Buffer, at: number, end: number): number {
    const next = Math.min(end, at + this.remaining)
    this.remaining -= next - at
    this.pass(chunk, at, next)
    if (this.remaining === 0 && this.state === BODY) this.complete(null, next === end)
    return next
  }

  private readChunked(chunk: Buffer, at: number, end: number): number {
    const next = this.chunks.read(chunk, at, end, this)
    if (this.chunks.rejection !== null) {
      this.refuse('http_protocol_error', this.chunks.rejection.rule)
      return end
    }
    if (this.chunks.done && this.state === BODY) this.complete(this.chunks.trailers, next === end)
    return next
  }

  /** BodySink of the chunked reader. */
  data(chunk: Buffer, start: number, end: number): void {
    this.pass(chunk, start, end)
  }

  private complete(trailers: Fields | null, exhausted: boolean): void {
    const { handler } = this
    this.keepMs = keptForMs(this.reader.keepAliveS)
    const { keepAlive } = this.head!
    const reusable = exhausted && this.requestEnded && keepAlive && this.keepMs > 0 && !this.reader.begun
    this.handler = null
    this.head = null
    if (reusable) {
      this.state = IDLE
      // Whoever gets the connection next, perhaps before this returns, cannot tell what waits of this response.
      this.buffer = shared
      if (this.paused) this.resume()
      this.owner.released(this)
    } else this.destroy()
    handler?.onEnd(trailers)
  }

  private ended(): void {
    // Nobody but the peer can have ended what we did not read when it ended.
    if (this.state === BODY && this.remaining === UNTIL_CLOSE && (this.paused || endedByPeer(this.socket)))
      this.complete(null, false)
    else if (this.state === TUNNEL) {
      this.handler?.onEnd(null)
      this.leaveTunnel()
    } else this.fail(this.answering ? 'http_response_incomplete' : 'connection_terminated', 'end')
  }

  private failed(error: NodeJS.ErrnoException): void {
    const reason = dialReason(error)
    const failure = dialFailure(error, this.connecting)
    // With TLS 1.3 a backend refuses our certificate when for us the handshake is over.
    if (failure !== null && !this.connecting && this.state !== DEAD) this.owner.faulted(reason)
    this.fail(failure ?? (this.answering ? 'http_response_incomplete' : 'connection_terminated'), reason)
  }

  /** The response breaks a rule. */
  private refuse(failure: FailureName, rule: string): void {
    const { brokenField } = this.reader
    this.owner.faulted(rule)
    this.fail(failure, this.state === HEAD && brokenField !== '' ? `${rule} (${brokenField})` : rule)
  }

  /** Something of the answer is there, if only an interim head: the request has been met. */
  private get answering(): boolean {
    return this.state === BODY || this.reader.begun || this.informational > 0
  }

  private fail(failure: FailureName, detail: string): void {
    if (this.state === DEAD) return
    const { handler, connecting } = this
    this.handler = null
    this.destroy()
    if (connecting) this.owner.connectFailed(failure, detail)
    handler?.onFailure(failure, detail)
  }

  private destroy(): void {
    if (this.state === DEAD) return
    this.state = DEAD
    if (this.connectTimer !== null) clearTimeout(this.connectTimer)
    this.socket.destroy()
    this.owner.closed(this)
  }
}

/**
 * How long a connection is good for whose peer closes it after so many seconds: a second less, for what we send, and the
 * news that it has closed, are on their way for a while; of less than two seconds it is half.
 */
function keptForMs(seconds: number): number {
  return seconds < 0 ? Infinity : Math.max(seconds * 1000 - 1000, seconds * 500)
}

/** Whether the protocols that a 101 switches to are among those that were asked for (RFC 9110 §7.8). */
function isAmong(chosen: string, asked: string): boolean {
  const names = asked
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
  return chosen
    .toLowerCase()
    .split(',')
    .every(name => names.includes(name.trim()))
}
